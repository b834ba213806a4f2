"""What a stanza carries: each child element is named a ``Feature`` of the policy table, or UNKNOWN.

Nothing is decided here and nothing is changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from component.element import STREAM_NS, split

from .features import Feature

ANY: Final = "*"

# (namespace, element name) -> feature. ``*`` stands for every other element of the namespace.
_ELEMENTS: dict[tuple[str, str], Feature] = {
    (STREAM_NS, "body"): Feature.BODY,
    (STREAM_NS, "thread"): Feature.THREAD,
    ("urn:xmpp:sid:0", "origin-id"): Feature.ORIGIN_ID,
    ("urn:xmpp:sid:0", "stanza-id"): Feature.STANZA_ID,
    ("urn:xmpp:styling:0", "unstyled"): Feature.UNSTYLED,
    ("jabber:x:conference", "x"): Feature.ROOM_INVITATION,
    ("http://jabber.org/protocol/muc", "x"): Feature.ROOM_JOIN,
    ("http://jabber.org/protocol/muc#user", "x"): Feature.MEDIATED_INVITATION,
    ("http://jabber.org/protocol/address", "addresses"): Feature.MULTICAST,
    ("jabber:x:oob", ANY): Feature.FILE,
    ("urn:xmpp:sfs:0", ANY): Feature.FILE,
    ("urn:xmpp:sims:1", ANY): Feature.FILE,
    ("urn:xmpp:stickers:0", ANY): Feature.FILE,
    ("urn:xmpp:bob", ANY): Feature.FILE,
    ("urn:xmpp:thumbs:1", ANY): Feature.FILE,
    ("urn:xmpp:file:metadata:0", ANY): Feature.FILE,
    ("urn:xmpp:esfs:0", ANY): Feature.ENCRYPTED_FILE,
    ("urn:xmpp:jingle-message:0", "propose"): Feature.CALL_OFFER,
    ("urn:xmpp:jingle-message:0", ANY): Feature.CALL_NOTICE,
    ("urn:xmpp:call-invites:0", "invite"): Feature.CALL_OFFER,
    ("urn:xmpp:call-invites:0", ANY): Feature.CALL_NOTICE,
    ("http://jabber.org/protocol/ibb", ANY): Feature.CALL_NOTICE,
    ("http://jabber.org/protocol/chatstates", "gone"): Feature.GONE,
    ("http://jabber.org/protocol/chatstates", ANY): Feature.CHAT_STATE,
    ("urn:xmpp:rtt:0", ANY): Feature.REAL_TIME_TEXT,
    ("urn:xmpp:receipts", ANY): Feature.RECEIPT,
    ("urn:xmpp:chat-markers:0", ANY): Feature.MARKER,
    ("urn:xmpp:mds:displayed:0", ANY): Feature.MARKER,
    ("http://jabber.org/protocol/xhtml-im", ANY): Feature.XHTML,
    ("urn:xmpp:markup:0", ANY): Feature.MARKUP,
    ("urn:xmpp:content", ANY): Feature.TYPED_CONTENT,
    ("urn:xmpp:message-correct:0", "replace"): Feature.CORRECTION,
    ("urn:xmpp:message-retract:1", "retract"): Feature.RETRACTION,
    ("urn:xmpp:reply:0", "reply"): Feature.REPLY,
    ("urn:xmpp:fallback:0", "fallback"): Feature.FALLBACK,
    ("urn:xmpp:reactions:0", ANY): Feature.REACTION,
    ("urn:xmpp:message-moderate:0", ANY): Feature.MODERATION,
    ("urn:xmpp:message-moderate:1", ANY): Feature.MODERATION,
    ("urn:xmpp:attention:0", ANY): Feature.ATTENTION,
    ("http://jabber.org/protocol/pubsub#event", ANY): Feature.PEP_EVENT,
    ("http://jabber.org/protocol/nick", ANY): Feature.NICK,
    ("urn:xmpp:forward:0", ANY): Feature.WRAPPER,
    ("urn:xmpp:carbons:2", ANY): Feature.WRAPPER,
    ("urn:xmpp:mam:2", ANY): Feature.WRAPPER,
    ("urn:xmpp:delay", ANY): Feature.WRAPPER,
    ("urn:xmpp:privilege:1", ANY): Feature.WRAPPER,
    ("urn:xmpp:privilege:2", ANY): Feature.WRAPPER,
    ("urn:xmpp:openpgp:0", ANY): Feature.ENCRYPTED,
    ("jabber:x:encrypted", ANY): Feature.ENCRYPTED,
    ("jabber:x:signed", ANY): Feature.ENCRYPTED,
    ("urn:xmpp:eme:0", ANY): Feature.ENCRYPTED,
}
ELEMENTS: Mapping[tuple[str, str], Feature] = MappingProxyType(_ELEMENTS)

_OMEMO = frozenset({"eu.siacs.conversations.axolotl", "urn:xmpp:omemo:1", "urn:xmpp:omemo:2"})
_MIX_PREFIX = "urn:xmpp:mix:"
_REFERENCE = "{urn:xmpp:reference:0}reference"
_REACTIONS = "urn:xmpp:reactions:0"
_BODY = f"{{{STREAM_NS}}}body"

# Elements that stand for something a person meant to say or do, so that a refusal has to be told even
# if no text came along. Everything else without a body is a notice, and notices get no answers.
_MEANT = frozenset(
    {
        Feature.BODY,
        Feature.FILE,
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


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message carries.

    ``parts`` are its children in order, each with its feature; ``flags`` are features of the message as
    a whole. ``size`` is about the bytes it takes, ``body_chars`` the characters of its longest body.
    ``meant`` tells a message that a person meant to send from a mere notice.
    """

    type: str
    parts: tuple[tuple[Feature, Element], ...]
    flags: frozenset[Feature]
    size: int
    body_chars: int
    meant: bool

    @property
    def features(self) -> frozenset[Feature]:
        return self.flags.union(feature for feature, _ in self.parts)


def classify(message: Element) -> Facts:
    """The facts of a message stanza. Looks at everything, believes nothing, never raises."""
    parts = tuple((_feature(part), part) for part in message)
    if any(_replaces_body(part) for _, part in parts):
        # The text is only there for clients that cannot show the reaction (XEP-0428).
        parts = tuple(item for item in parts if item[0] is not Feature.BODY)
    type = message.get("type", "normal")
    return Facts(
        type=type,
        parts=parts,
        flags=frozenset({Feature.GROUP_CHAT}) if type == "groupchat" else frozenset(),
        size=_size(message),
        body_chars=max((len(part.text or "") for feature, part in parts if feature is Feature.BODY), default=0),
        meant=any(feature in _MEANT for feature, _ in parts),
    )


def joins_room(presence: Element) -> bool:
    """C3: whether a presence tries to enter a face as if it were a room (XEP-0045 §7.2)."""
    return any(_named(part.tag) is Feature.ROOM_JOIN for part in presence)


def invitation(message: Element) -> Element | None:
    """The ``<invite/>`` of a mediated invitation (XEP-0045 §7.8.2), if there is one."""
    return message.find("{http://jabber.org/protocol/muc#user}x/{http://jabber.org/protocol/muc#user}invite")


def _named(tag: str) -> Feature:
    namespace, name = split(tag)
    if namespace.startswith(_MIX_PREFIX):
        return Feature.MIX
    return ELEMENTS.get((namespace, name)) or ELEMENTS.get((namespace, ANY)) or Feature.UNKNOWN


def _feature(part: Element) -> Feature:
    if part.tag == _BODY:
        return _body(part.text or "")
    namespace, _ = split(part.tag)
    if namespace in _OMEMO:
        return _omemo(part)
    if part.tag == _REFERENCE:
        # A mention is not in the table; a reference is a file only when it says so (XEP-0385 §3).
        return _file(part) if _contains(part, Feature.FILE) else Feature.UNKNOWN
    feature = _named(part.tag)
    return _file(part) if feature is Feature.FILE else feature


def _body(text: str) -> Feature:
    start = text.lstrip()[:8].lower()
    if not start:
        return Feature.UNKNOWN
    if start.startswith("aesgcm:"):
        return Feature.ENCRYPTED_FILE
    return Feature.ENCRYPTED if start.startswith("?otr") else Feature.BODY


def _omemo(part: Element) -> Feature:
    """Without a payload it only carries keys and says nothing (XEP-0384 §4.4)."""
    return Feature.ENCRYPTED if part.find("{*}payload") is not None else Feature.ENCRYPTION_NOTICE


def _file(part: Element) -> Feature:
    return Feature.ENCRYPTED_FILE if _is_encrypted_file(part) else Feature.FILE


def _is_encrypted_file(part: Element) -> bool:
    return _contains(part, Feature.ENCRYPTED_FILE) or any(
        value.lstrip()[:7].lower() == "aesgcm:" for element in part.iter() for value in _texts(element)
    )


def _contains(part: Element, feature: Feature) -> bool:
    return any(_named(element.tag) is feature for element in part.iter())


def _replaces_body(part: Element) -> bool:
    """Whether it marks the whole body as the fallback of a reaction (XEP-0428 §3)."""
    return (
        part.tag == "{urn:xmpp:fallback:0}fallback"
        and part.get("for") == _REACTIONS
        and part.find("{*}body[@start]") is None
    )


def _texts(element: Element) -> Iterable[str]:
    if element.text:
        yield element.text
    yield from element.attrib.values()


def _size(message: Element) -> int:
    """About the bytes the stanza takes on the stream, without writing it out."""
    size = 0
    for element in message.iter():
        size += 2 * len(element.tag) + 5
        for key, value in element.attrib.items():
            size += len(key) + len(value) + 4
        if element.text:
            size += _bytes(element.text)
        if element.tail:
            size += _bytes(element.tail)
    return size


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
