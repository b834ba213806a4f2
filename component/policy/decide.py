"""The decision on one message: facts and a view of the moment in, a verdict out. Nothing else happens."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree.ElementTree import Element

from component.model import Limits, Party, Side

from .attachments import file_texts, on_the_web, only_repeats
from .classify import Facts, Part
from .contact import Pair, contact_rule
from .elements import CORRECT_NS, REPLY_NS, RETRACT_NS
from .features import RICH, Feature
from .files import File
from .matrix import MATRIX, Act, Rule
from .reasons import Reason


@dataclass(frozen=True, slots=True)
class View:
    """What the decision may know of the moment.

    ``sender`` is None for whoever is not in a directory; ``receiver`` is None where the address is no
    face of the sender's tenant, ``to_service`` where it is that of a service. ``reply_visible`` says whether the
    receiver can see the message replied to (C14). ``rich_chars`` is how long the plain text of the formatted content
    is, None if there is none of use (C10). ``attached`` is what an earlier message, which this one adds to, said of
    files (C5). ``unknowable`` is set where the rest could not be found out.
    """

    sender: Party | None
    receiver: Party | None
    sender_online: bool
    receiver_online: bool
    conversation_open: bool
    reply_visible: bool
    over_rate: bool
    to_service: bool
    limits: Limits
    rich_chars: int | None = None
    attached: tuple[File, ...] = ()
    unknowable: bool = False


@dataclass(frozen=True, slots=True)
class Deliver:
    """The elements that go on, in order, and what is made of others.

    ``files`` become lines with links (C5); what ``file_texts`` mark of the body only stands in for them, and goes.
    ``rich`` is what becomes of the formatted content, if there is any (C10). ``ends`` closes the conversation
    afterwards (V2).
    """

    parts: tuple[Part, ...]
    ends: bool = False
    files: tuple[File, ...] = ()
    file_texts: tuple[Element, ...] = ()
    rich: Act | None = None


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

# What makes a message more than an envelope, and what only looks like nothing once it is stripped.
_CONTENT = frozenset({Feature.BODY, Feature.RETRACTION})
_RICH_ACTS = (Act.TEXT, Act.PAGE, Act.REBUILD)

# Texts may come in several languages (RFC 6121 §5.2.3), and have several parts that are fallbacks.
_REPEATABLE = frozenset({Feature.BODY, Feature.FALLBACK})

_FALLBACKS: Mapping[str, Feature] = MappingProxyType(
    {REPLY_NS: Feature.REPLY, RETRACT_NS: Feature.RETRACTION, CORRECT_NS: Feature.CORRECTION}
)


def decide(facts: Facts, view: View) -> Verdict:
    """The verdict on a message to a face.

    Order: who are you, may you write there, what does it carry, is the other side there. So a stranger
    learns nothing from the answer (M9), and nobody is told that an agent is out before the message itself
    was found to be in order.
    """
    if facts.type in ("error", "headline"):
        return Drop("C1")
    refusal = _refused_by_address(view)
    if refusal:
        return refuse(refusal, facts)
    assert view.sender and view.receiver, "both are known where no address was refused"
    rules = _rules(facts, view.sender, view.receiver, view.limits)
    for rule in rules.values():
        if rule.act is Act.DROP:
            return Drop(rule.spec)
    for rule in rules.values():
        if rule.reason:
            return refuse(rule.reason, facts)
    return _deliver(facts, view, rules)


def refuse(reason: Reason, facts: Facts) -> Refuse | Drop:
    """Notices are never answered: nobody wrote them, and clients would show the answer as a message."""
    meant = facts.meant and facts.type not in ("error", "headline")
    return Refuse(reason) if meant else Drop(reason.spec)


def _refused_by_address(view: View) -> Reason | None:
    if view.sender is None:
        return Reason.STRANGER
    if view.over_rate:
        return Reason.TOO_FAST
    if view.unknowable:
        return Reason.OVERLOADED
    if not view.sender_online:
        return Reason.SENDER_OFFLINE
    if view.to_service:
        return Reason.NOT_A_PERSON
    if view.receiver is None:
        return Reason.NO_SUCH_FACE
    return contact_rule(Pair(view.sender, view.receiver, view.conversation_open)).reason


def _rules(facts: Facts, sender: Party, receiver: Party, limits: Limits) -> dict[Feature, Rule]:
    """The table's word on every feature of the message: those of the whole first, then in its order."""
    features = list(facts.flags)
    if facts.size > limits.stanza_bytes or facts.body_chars > limits.body_chars:
        features.append(Feature.OVERSIZE)
    features += (feature for feature, _ in facts.parts)
    profile = sender.tenant.version
    return {feature: MATRIX[feature, sender.side, receiver.side, profile] for feature in features}


def _deliver(facts: Facts, view: View, rules: Mapping[Feature, Rule]) -> Verdict:
    assert view.receiver is not None
    passing = {feature for feature, rule in rules.items() if rule.act is Act.PASS}
    if not view.reply_visible:
        passing.discard(Feature.REPLY)
    parts = tuple(_passed(facts.parts, passing))
    acts = {rule.act for rule in rules.values()}
    linked = on_the_web(facts, view.attached) if Act.LINK in acts else ()
    rich = None if view.rich_chars is None else _rich(facts, acts)
    ends = Act.END in acts
    if _too_much(linked, parts) or (rich and (view.rich_chars or 0) > view.limits.body_chars):
        return refuse(Reason.TOO_LARGE, facts)
    if linked and only_repeats(facts, linked, view.attached):
        return Drop("C5", ends)
    if not linked and not rich and not any(feature in _CONTENT for feature, _ in parts):
        return _nothing_left(facts, rules.keys(), ends)
    if view.receiver.side is Side.AGENT and not view.receiver_online:
        return Refuse(Reason.RECEIVER_OFFLINE)
    return Deliver(parts, ends, linked, file_texts(facts) if linked else (), rich)


def _too_much(linked: Sequence[File], parts: Iterable[Part]) -> bool:
    bodies = sum(feature is Feature.BODY for feature, _ in parts)
    return len(linked) > MOST_FILES or len(linked) * bodies > MOST_LINES


def _nothing_left(facts: Facts, features: Set[Feature], ends: bool) -> Refuse | Drop:
    if features & RICH:
        return refuse(Reason.NO_PLAIN_TEXT, facts)
    if Feature.FILE_ANNOUNCED in features:
        return Drop("C5", ends)
    if Feature.FILE_DETAIL in features:
        return refuse(Reason.NOT_ON_THE_WEB, facts)
    return Drop("C8" if ends else "C1", ends)


def _rich(facts: Facts, acts: Set[Act]) -> Act | None:
    """What becomes of formatted content that is of use. A text that is there anyway need not be made."""
    act = next((act for act in _RICH_ACTS if act in acts), None)
    has_text = any(feature is Feature.BODY for feature, _ in facts.parts)
    return None if act is Act.TEXT and has_text else act


def _passed(parts: Iterable[Part], passing: set[Feature]) -> Iterator[Part]:
    """What goes on: each element once, as a second reply would name a message that nobody looked up."""
    seen: set[Feature] = set()
    for part in parts:
        feature, _ = part
        if feature in passing and feature not in seen and _still_true(part, passing):
            yield part
            if feature not in _REPEATABLE:
                seen.add(feature)


def _still_true(part: Part, passing: set[Feature]) -> bool:
    """A fallback mark only stays with what it is the fallback of (XEP-0428 §3)."""
    feature, element = part
    return feature is not Feature.FALLBACK or _FALLBACKS.get(element.get("for", "")) in passing
