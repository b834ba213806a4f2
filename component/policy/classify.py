"""What a stanza carries: each child element is named a ``Feature`` of the policy table, or UNKNOWN.

Nothing is decided here and nothing is changed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from types import MappingProxyType
from typing import final
from xml.etree.ElementTree import Element

from component.xml import split

from .elements import BODY, FALLBACK, LONGEST_KNOWN, MUC_USER_NS, OMEMO, REACTIONS_NS, ROOM_JOIN, language_of, named
from .fallback import Range, is_blank_without, ranges
from .features import FILES, NAMING, RICH, Feature
from .file_descriptions import OOB, Reach, reach

Part = tuple[Feature, Element]

MOST_PARTS = 150
"""Named elements of a message. What thirty files take, each described in three ways, and a text with its marks."""

MOST_CHILDREN = 1_000
"""Of a message, with those that the table does not name."""

MOST_PIECES = 10_000
"""Elements and attributes of a message altogether. Four times the elements that are read of formatted content."""

TYPES = frozenset({"normal", "chat", "groupchat", "headline", "error"})
"""RFC 6121 §5.2.2; any other type means ``normal``."""

_ENCRYPTED_URL = re.compile(r"(?<!\w)aesgcm:\S", re.IGNORECASE)
_OTR = re.compile(r"\s*\?OTR(?:[:,|?]|v\d| Error:)")

# Elements that stand for something a person meant to say or do, so that a refusal has to be told even
# if no text came along. Everything else without a body is a notice, and notices get no answers.
_MEANT = frozenset(
    {
        Feature.BODY,
        Feature.FILE,
        Feature.FILE_ANNOUNCED,
        Feature.FILE_ELSEWHERE,
        Feature.FILE_DETAIL,
        Feature.ENCRYPTED_FILE,
        Feature.ENCRYPTED,
        Feature.CALL_OFFER,
        Feature.ROOM_INVITATION,
        Feature.MEDIATED_INVITATION,
        Feature.XHTML,
        Feature.TYPED_CONTENT,
        Feature.RETRACTION,
    }
)


@final
class Facts:
    """What a message carries.

    ``parts`` are its children in order, each with its feature, and ``listed`` these features alone; ``flags`` are
    features of the message as a whole; ``features`` has all of them. ``size`` is about the bytes it takes,
    ``body_chars`` the characters of all of its bodies together, and ``id_chars`` those of its longest id, or name of a
    thread. ``meant`` tells a message that a person meant to send from a mere notice. ``origin_id`` is the id that the
    sending client gave it (XEP-0359 §4). ``names_addresses``: one of its ids, or what it replies to, may be an address.
    """

    def __init__(
        self,
        type: str,
        parts: tuple[Part, ...],
        listed: tuple[Feature, ...],
        flags: frozenset[Feature],
        features: frozenset[Feature],
        size: int,
        body_chars: int,
        id_chars: int,
        meant: bool,
        origin_id: str | None = None,
        names_addresses: bool = False,
    ) -> None:
        self.type = type
        self.parts = parts
        self.listed = listed
        self.flags = flags
        self.features = features
        self.size = size
        self.body_chars = body_chars
        self.id_chars = id_chars
        self.meant = meant
        self.origin_id = origin_id
        self.names_addresses = names_addresses
        self.is_rich = not RICH.isdisjoint(features)
        """Whether there is formatted content (C10)."""
        self.has_files = not FILES.isdisjoint(features)
        """Whether anything is said of files (C5)."""


def classify(message: Element) -> Facts:
    """The facts of a message stanza. Believes nothing, never raises, and looks at all of it but what nobody writes."""
    type = message.get("type", "normal")
    size = None if len(message) > MOST_PARTS and _is_crowded(message) else _size(message)
    if size is None:
        return _crowded(message, type)
    found: list[Part] = []
    for part in message:
        look = _known_look(part.tag) if len(part.tag) <= LONGEST_KNOWN else _look(part.tag)
        found.append((look if isinstance(look, Feature) else look(part), part))
    parts = tuple(found)
    listed = tuple(map(_feature_of, parts))
    if not _NEED_THE_OTHERS.isdisjoint(listed):
        parts = _reached(_without_reaction_text(parts))
        listed = tuple(map(_feature_of, parts))
    features = frozenset(listed)
    bodies: list[Element] = []
    body_chars, id_chars, names_addresses = 0, len(message.get("id", "")), False
    origin_id: str | None = None
    for feature, part in parts:
        if feature is Feature.BODY:
            bodies.append(part)
            body_chars += len(part.text or "")
        elif feature in NAMING:
            if feature is Feature.ORIGIN_ID and origin_id is None:
                origin_id = part.get("id")
            text, id, parent, other = part.text or "", part.get("id", ""), part.get("parent", ""), part.get("to", "")
            id_chars = max(id_chars, len(text), len(id), len(parent))
            names_addresses = names_addresses or "@" in text or "@" in id or "@" in parent or "@" in other
    flags = _GROUP_CHAT if type == "groupchat" else _NO_FLAGS
    if len(bodies) > 1 and _in_one_language(bodies):
        flags |= _SAME_LANGUAGE
    return Facts(
        type=type if type in TYPES else "normal",
        parts=parts,
        listed=listed,
        flags=flags,
        features=features | flags if flags else features,
        size=size,
        body_chars=body_chars,
        id_chars=id_chars,
        meant=not _MEANT.isdisjoint(features),
        origin_id=origin_id,
        names_addresses=names_addresses,
    )


_NO_FLAGS: frozenset[Feature] = frozenset()
_GROUP_CHAT = frozenset({Feature.GROUP_CHAT})
_SAME_LANGUAGE = frozenset({Feature.SAME_LANGUAGE})


_feature_of: Callable[[Part], Feature] = itemgetter(0)


def _in_one_language(bodies: Sequence[Element]) -> bool:
    """Two of them."""
    return len({(language_of(body) or "").lower() for body in bodies}) < len(bodies)


def joins_room(presence: Element) -> bool:
    """C3: whether a presence tries to enter a face as if it were a room (XEP-0045 §7.2)."""
    return presence.find(ROOM_JOIN) is not None


def invitation(message: Element) -> Element | None:
    """The ``<invite/>`` of a mediated invitation (XEP-0045 §7.8.2), if there is one."""
    return message.find(f"{{{MUC_USER_NS}}}x/{{{MUC_USER_NS}}}invite")


# A message that nobody writes


def _is_crowded(message: Element) -> bool:
    """What the table does not name hardly counts: it costs little more."""
    return len(message) > MOST_CHILDREN or (
        sum(part.tag == BODY or named(part.tag) is not Feature.UNKNOWN for part in message) > MOST_PARTS
    )


def _crowded(message: Element, type: str) -> Facts:
    """It is too large, whatever is in it. Whether somebody meant it, its body tells, or the first elements."""
    first = islice(message, MOST_PARTS)
    meant = message.find(BODY) is not None or any(named(part.tag) in _MEANT for part in first)
    known = type if type in TYPES else "normal"
    flags = frozenset({Feature.OVERSIZE})
    return Facts(known, (), (), flags, flags, 0, 0, 0, meant)


# One element


def _look(tag: str) -> Feature | Callable[[Element], Feature]:
    """The feature that an element's name tells, or what has to look at the element."""
    if tag in _LOOKS:
        return _LOOKS[tag]
    feature = named(tag)
    if feature is Feature.UNKNOWN and split(tag)[0] in OMEMO:
        return _omemo
    return _file if feature is Feature.FILE else feature


_known_look = lru_cache(maxsize=1024)(_look)


def _body(part: Element) -> Feature:
    text = part.text
    if not text or text.isspace():
        return Feature.UNKNOWN
    if ":" in text and _ENCRYPTED_URL.search(text):
        return Feature.ENCRYPTED_FILE
    return Feature.ENCRYPTED if "?" in text and _OTR.match(text) else Feature.BODY


def _omemo(part: Element) -> Feature:
    """Without a payload it only carries keys and says nothing (XEP-0384 §4.4)."""
    return Feature.ENCRYPTED if part.find("{*}payload") is not None else Feature.ENCRYPTION_NOTICE


def _muc_user(part: Element) -> Feature:
    """Rooms put this element on all sorts of messages; only an invitation asks for something."""
    return Feature.UNKNOWN if part.find(f"{{{MUC_USER_NS}}}invite") is None else Feature.MEDIATED_INVITATION


def _addresses(part: Element) -> Feature:
    """Only a message that goes to several is a group chat; the header alone may also say where to reply."""
    receivers = [address for address in part if address.get("type") in ("to", "cc", "bcc")]
    return Feature.MULTICAST if len(receivers) > 1 else Feature.UNKNOWN


def _reference(part: Element) -> Feature:
    """A mention is not in the table; a reference is a file only when it says so (XEP-0385 §3)."""
    return _file(part) if _contains(part, Feature.FILE) else Feature.UNKNOWN


def _file(part: Element) -> Feature:
    if _contains(part, Feature.ENCRYPTED_FILE) or any(map(_ENCRYPTED_URL.match, _texts(part))):
        return Feature.ENCRYPTED_FILE
    return _REACHED[reach(part)]


_REACHED: Mapping[Reach, Feature] = MappingProxyType(
    {
        Reach.WEB: Feature.FILE,
        Reach.LATER: Feature.FILE_ANNOUNCED,
        Reach.NOT: Feature.FILE_ELSEWHERE,
        Reach.UNSAID: Feature.FILE_DETAIL,
    }
)

_LOOKS: Mapping[str, Callable[[Element], Feature]] = MappingProxyType(
    {
        BODY: _body,
        f"{{{MUC_USER_NS}}}x": _muc_user,
        "{http://jabber.org/protocol/address}addresses": _addresses,
        "{urn:xmpp:reference:0}reference": _reference,
    }
)
"""Elements whose name alone does not say what they are."""


def _contains(part: Element, feature: Feature) -> bool:
    return any(named(element.tag) is feature for element in part.iter())


def _texts(part: Element) -> Iterator[str]:
    """Everything in an element that may be a URL."""
    for element in part.iter():
        yield (element.text or "").lstrip()
        yield from (value.lstrip() for value in element.attrib.values())


# The whole message

# Marks, and offers of files, say something about the other parts of the message.
_NEED_THE_OTHERS = frozenset({Feature.FALLBACK, Feature.FILE_ELSEWHERE})


def _without_reaction_text(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Bodies that only stand in for a reaction, where it cannot be shown, are part of it (XEP-0428 §3)."""
    fallbacks = [part for _, part in parts if part.tag == FALLBACK]
    if not any(fallback.get("for") == REACTIONS_NS for fallback in fallbacks):
        return parts
    marked = ranges(fallbacks)
    return tuple((_unless_blank(feature, part, marked), part) for feature, part in parts)


def _unless_blank(feature: Feature, part: Element, marked: Sequence[Range]) -> Feature:
    stands_in = feature is Feature.BODY and is_blank_without(part.text or "", marked)
    return Feature.REACTION if stands_in else feature


def _reached(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """A file that is offered in a way of its own, and once more by its web address, is on the web (XEP-0447 §4.3)."""
    elsewhere = sum(feature is Feature.FILE_ELSEWHERE for feature, _ in parts)
    if not elsewhere or elsewhere > sum(part.tag == OOB and feature is Feature.FILE for feature, part in parts):
        return parts
    return tuple((Feature.FILE if feature is Feature.FILE_ELSEWHERE else feature, part) for feature, part in parts)


def _size(message: Element) -> int | None:
    """About the bytes the stanza takes on the stream, without writing it out. A namespace counts where it is likely
    to be declared, on the children of the message. None if it has too many pieces."""
    size, left = 0, MOST_PIECES
    for part in message:
        size += len(part.tag)
    for element in message.iter():
        attributes = element.items()
        left -= 1 + len(attributes)
        if left < 0:
            return None
        tag = element.tag
        size += 2 * (len(tag) - tag.rfind("}")) + 3
        for key, value in attributes:
            size += len(key) + 4 + (len(value) if value.isascii() else len(value.encode()))
        text, tail = element.text, element.tail
        if text:
            size += len(text) if text.isascii() else len(text.encode())
        if tail:
            size += len(tail) if tail.isascii() else len(tail.encode())
    return size
