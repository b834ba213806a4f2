"""The decision on one message: facts and a view of the moment in, a verdict out. Nothing else happens."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, final
from xml.etree.ElementTree import Element

from component.model import Limits, Party, Profile, Side

from .classify import Facts, Part
from .elements import CORRECT_NS, FILE_NAMESPACES, REPLY_NS, RETRACT_NS
from .fallback import is_blank_without, ranges
from .features import FILES, Feature
from .file_descriptions import File, descriptions, files
from .matrix import MATRIX, Act
from .reasons import Reason


def described(facts: Facts) -> tuple[File, ...]:
    """Everything, also of files that are not on the web, or not yet."""
    return descriptions(part for feature, part in facts.parts if feature in FILES)


def on_the_web(facts: Facts, attached: Iterable[File]) -> tuple[File, ...]:
    """The message's files, each once. ``attached`` is what the message that it adds to said of them."""
    return files((*described(facts), *(file for file in attached if not file.url)))


def file_texts(facts: Facts) -> tuple[Element, ...]:
    """The marks on texts that only stand in for a file (XEP-0447 §3.1)."""
    marks = (part for feature, part in facts.parts if feature is Feature.FALLBACK)
    return tuple(mark for mark in marks if mark.get("for") in FILE_NAMESPACES)


def only_repeats(facts: Facts, linked: Iterable[File], attached: Iterable[File]) -> bool:
    """Whether the message has nothing but addresses, for old clients, that the one before had (XEP-0447 §3.3)."""
    known = frozenset(key for file in attached for key in file.keys)
    marked = ranges(file_texts(facts))
    texts = (part.text or "" for feature, part in facts.parts if feature is Feature.BODY)
    return all(file.keys & known for file in linked) and all(is_blank_without(text, marked) for text in texts)


@final
class View:
    """What the decision may know of the moment.

    ``sender`` is None for whoever is not in a directory; ``receiver`` is None where the address is no
    face of the sender's tenant, ``to_service`` where it is that of a service. ``barred`` is why the rules about people
    keep the one from writing to the other (`contact_rule`), if they do. ``reply_visible`` says whether the
    receiver can see the message replied to (C14). ``rich_chars`` is how long the plain text of the formatted content
    is, in all languages together, None if there is none of use (C10). ``attached`` is what an earlier message, which
    this one adds to, said of files (C5). ``unknowable`` is set where the rest could not be found out.
    """

    def __init__(
        self,
        sender: Party | None,
        receiver: Party | None,
        sender_online: bool,
        receiver_online: bool,
        barred: Reason | None,
        reply_visible: bool,
        over_rate: bool,
        to_service: bool,
        limits: Limits,
        rich_chars: int | None = None,
        attached: tuple[File, ...] = (),
        unknowable: bool = False,
    ) -> None:
        self.sender = sender
        self.receiver = receiver
        self.sender_online = sender_online
        self.receiver_online = receiver_online
        self.barred = barred
        self.reply_visible = reply_visible
        self.over_rate = over_rate
        self.to_service = to_service
        self.limits = limits
        self.rich_chars = rich_chars
        self.attached = attached
        self.unknowable = unknowable


@final
class Deliver:
    """The elements that go on, in order, and what is made of others.

    ``files`` become lines with links (C5); what ``file_texts`` mark of the body only stands in for them, and goes.
    ``rich`` is what becomes of the formatted content, if there is any (C10). ``ends`` closes the conversation
    afterwards (V2). ``names_addresses`` is as in `Facts`.
    """

    def __init__(
        self,
        parts: tuple[Part, ...],
        ends: bool = False,
        files: tuple[File, ...] = (),
        file_texts: tuple[Element, ...] = (),
        rich: Act | None = None,
        names_addresses: bool = False,
    ) -> None:
        self.parts = parts
        self.ends = ends
        self.files = files
        self.file_texts = file_texts
        self.rich = rich
        self.names_addresses = names_addresses


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Drop:
    """``rule`` is the one that dropped it; ``ends`` closes the conversation (V2)."""

    rule: str
    ends: bool = False


Verdict = Deliver | Refuse | Drop

MOST_FILES = 30
"""In one message. Each costs a link."""

MOST_LINES = 60
"""Of files, in the texts of all languages together."""

LONGEST_ID = 4_000
"""Characters of an id, or of a thread's name. Clients make some of forty."""

# What makes a message more than an envelope, and what only looks like nothing once it is stripped.
_CONTENT = frozenset({Feature.BODY, Feature.RETRACTION})
_RICH_ACTS = (Act.TEXT, Act.PAGE, Act.REBUILD)

# Texts may come in several languages (RFC 6121 §5.2.3), and have several parts that are fallbacks.
_REPEATABLE = frozenset({Feature.BODY, Feature.FALLBACK})

# Whether these go on, their features alone do not tell.
_LOOKED_AT = frozenset({Feature.REPLY, Feature.FALLBACK})

_FALLBACKS: Mapping[str, Feature] = MappingProxyType(
    {REPLY_NS: Feature.REPLY, RETRACT_NS: Feature.RETRACTION, CORRECT_NS: Feature.CORRECTION}
)


class Ruling(NamedTuple):
    """What the table says of a message's features together: the rule that drops it, or the reason to refuse it; else
    what of it passes, and everything that is done with it. ``places`` are those of the parts that go on, where their
    features alone tell that."""

    dropped_by: str | None
    refused_for: Reason | None
    passing: frozenset[Feature]
    acts: frozenset[Act]
    places: tuple[int, ...] | None


MOST_TOGETHER = 16
"""Features of a message, of which the ruling is remembered: nobody fills the memory with combinations."""


def decide(facts: Facts, view: View) -> Verdict:
    """The verdict on a message to a face.

    Order: who are you, may you write there, what does it carry, is the other side there. So a stranger
    learns nothing from the answer (M9), and nobody is told that an agent is out before the message itself
    was found to be in order.
    """
    if facts.type in ("error", "headline"):
        return Drop("C1")
    if view.sender is None:
        return refuse(Reason.STRANGER, facts)
    if view.over_rate:
        return refuse(Reason.TOO_FAST, facts)
    if view.unknowable:
        return refuse(Reason.OVERLOADED, facts)
    if not view.sender_online:
        return refuse(Reason.SENDER_OFFLINE, facts)
    if view.to_service:
        return refuse(Reason.NOT_A_PERSON, facts)
    if view.receiver is None:
        return refuse(Reason.NO_SUCH_FACE, facts)
    if view.barred:
        return refuse(view.barred, facts)
    limits, flags = view.limits, facts.flags
    if facts.size > limits.stanza_bytes or facts.body_chars > limits.body_chars or facts.id_chars > LONGEST_ID:
        flags |= {Feature.OVERSIZE}
    ruling = (_known_ruling if len(facts.listed) <= MOST_TOGETHER else _ruling)(
        flags, facts.listed, view.sender.side, view.receiver.side, view.sender.tenant.version
    )
    if ruling.dropped_by:
        return Drop(ruling.dropped_by)
    if ruling.refused_for:
        return refuse(ruling.refused_for, facts)
    return _deliver(facts, view, ruling)


def refuse(reason: Reason, facts: Facts) -> Refuse | Drop:
    """Notices are never answered: nobody wrote them, and clients would show the answer as a message."""
    meant = facts.meant and facts.type not in ("error", "headline")
    return Refuse(reason) if meant else Drop(reason.spec)


def _ruling(
    flags: frozenset[Feature], listed: tuple[Feature, ...], sender: Side, receiver: Side, profile: Profile
) -> Ruling:
    """Of several features that are dropped, or refused, the first one counts: those of the whole message come before
    those of its parts."""
    of_the_whole = [feature for feature in Feature if feature in flags]
    rules = {feature: MATRIX[feature, sender, receiver, profile] for feature in (*of_the_whole, *listed)}
    passing = frozenset(feature for feature, rule in rules.items() if rule.act is Act.PASS)
    return Ruling(
        dropped_by=next((rule.spec for rule in rules.values() if rule.act is Act.DROP), None),
        refused_for=next((rule.reason for rule in rules.values() if rule.reason), None),
        passing=passing,
        acts=frozenset(rule.act for rule in rules.values()),
        places=tuple(_places(listed, passing)) if _LOOKED_AT.isdisjoint(passing) else None,
    )


def _places(listed: Sequence[Feature], passing: Set[Feature]) -> Iterator[int]:
    """What goes on: each element once, as a second reply would name a message that nobody looked up."""
    seen: set[Feature] = set()
    for place, feature in enumerate(listed):
        if feature in passing and feature not in seen:
            yield place
            if feature not in _REPEATABLE:
                seen.add(feature)


_known_ruling = lru_cache(maxsize=1024)(_ruling)
"""What people's clients send is alike, message for message."""


def _deliver(facts: Facts, view: View, ruling: Ruling) -> Verdict:
    assert view.receiver is not None
    passing, acts, places = ruling.passing, ruling.acts, ruling.places
    if places is None:
        if not view.reply_visible:
            passing -= {Feature.REPLY}
        places = _still_true(facts, passing)
    kept: list[Part] = []
    for place in places:
        kept.append(facts.parts[place])
    parts = tuple(kept)
    linked = on_the_web(facts, view.attached) if Act.LINK in acts else ()
    rich = None if view.rich_chars is None else _rich(facts, acts)
    ends = Act.END in acts
    if (linked and _too_much(linked, parts)) or (rich and (view.rich_chars or 0) > view.limits.body_chars):
        return refuse(Reason.TOO_LARGE, facts)
    if linked and only_repeats(facts, linked, view.attached):
        return Drop("C5", ends)
    if not linked and not rich and _CONTENT.isdisjoint(passing):
        return _nothing_left(facts, ends)
    if view.receiver.side is Side.AGENT and not view.receiver_online:
        return Refuse(Reason.RECEIVER_OFFLINE)
    return Deliver(parts, ends, linked, file_texts(facts) if linked else (), rich, facts.names_addresses)


def _too_much(linked: Sequence[File], parts: Iterable[Part]) -> bool:
    bodies = sum(feature is Feature.BODY for feature, _ in parts)
    return len(linked) > MOST_FILES or len(linked) * bodies > MOST_LINES


def _nothing_left(facts: Facts, ends: bool) -> Refuse | Drop:
    features = facts.features
    if facts.is_rich:
        return refuse(Reason.NO_PLAIN_TEXT, facts)
    if Feature.FILE_ANNOUNCED in features:
        return Drop("C5", ends)
    if Feature.FILE_DETAIL in features:
        return refuse(Reason.NOT_ON_THE_WEB, facts)
    return Drop("C8" if ends else "C1", ends)


def _rich(facts: Facts, acts: Set[Act]) -> Act | None:
    """What becomes of formatted content that is of use. A text that is there anyway need not be made."""
    act = next((act for act in _RICH_ACTS if act in acts), None)
    return None if act is Act.TEXT and Feature.BODY in facts.features else act


def _still_true(facts: Facts, passing: Set[Feature]) -> tuple[int, ...]:
    """The places of what goes on. A fallback mark only stays with what it is the fallback of (XEP-0428 §3)."""
    return tuple(
        place
        for place in _places(facts.listed, passing)
        if facts.listed[place] is not Feature.FALLBACK
        or _FALLBACKS.get(facts.parts[place][1].get("for", "")) in passing
    )
