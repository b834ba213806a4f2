"""Who may write to whom (rules M1 to M7, M10, M11), as one ordered table: the first row that fits decides.

Whether the two are logged in is a question of the moment and is asked in ``decide``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from component.model import Party, Side

from .reasons import Reason


@final
class Pair:
    """Sender and receiver, of one tenant, and whether a conversation between them is open."""

    def __init__(self, sender: Party, receiver: Party, conversation_open: bool = False) -> None:
        self.sender = sender
        self.receiver = receiver
        self.conversation_open = conversation_open

    @property
    def joined(self) -> bool:
        return self.sender.tenant.mode.joined

    @property
    def same_person(self) -> bool:
        return self.sender.person is self.receiver.person

    @property
    def share_a_group(self) -> bool:
        return not self.sender.person.groups.isdisjoint(self.receiver.person.groups)


@dataclass(frozen=True, slots=True)
class ContactRule:
    """``fits`` says whether the row decides; ``reason`` is None where it allows."""

    spec: str
    senders: frozenset[Side]
    receivers: frozenset[Side]
    fits: Callable[[Pair], bool]
    reason: Reason | None
    words: str

    @property
    def allows(self) -> bool:
        return self.reason is None


_WORK = frozenset({Side.WORK})
_AGENT = frozenset({Side.AGENT})
_ANY = _WORK | _AGENT


def _always(_: Pair) -> bool:
    return True


CONTACT_RULES: tuple[ContactRule, ...] = (
    ContactRule("M10", _ANY, _ANY, lambda p: p.same_person, Reason.OWN_FACE, "it is the same person"),
    ContactRule("M11", _WORK, _WORK, _always, Reason.COLLEAGUE, "Work users write to each other directly"),
    ContactRule("M1", _WORK, _AGENT, lambda p: p.joined, None, "Work users reach any agent in mode 3"),
    ContactRule("M1", _WORK, _AGENT, _always, Reason.AGENTS_NOT_JOINED, "the tenant is not in mode 3"),
    ContactRule("M2", _AGENT, _WORK, lambda p: p.joined, None, "agents reach any Work user in mode 3"),
    ContactRule("M2", _AGENT, _WORK, _always, Reason.WORK_NOT_JOINED, "the tenant is not in mode 3"),
    ContactRule("M3", _AGENT, _AGENT, lambda p: p.share_a_group, None, "they share an agent group"),
    ContactRule("M4", _AGENT, _AGENT, lambda p: p.sender.person.is_supervisor, None, "supervisors reach any agent"),
    ContactRule(
        "M5",
        _AGENT,
        _AGENT,
        lambda p: p.joined and p.receiver.person.work is None,
        None,
        "through the directory, as the receiver has no Work licence (mode 3)",
    ),
    ContactRule("M6", _AGENT, _AGENT, lambda p: p.conversation_open, None, "their conversation is open: a reply"),
    ContactRule("M3", _AGENT, _AGENT, _always, Reason.OUTSIDE_GROUPS, "no group in common, no rule that allows it"),
)


_RULES_OF = {
    (sender, receiver): tuple(rule for rule in CONTACT_RULES if sender in rule.senders and receiver in rule.receivers)
    for sender in Side
    for receiver in Side
}


def contact_rule(pair: Pair) -> ContactRule:
    """The rule that decides whether ``pair.sender`` may write to ``pair.receiver``."""
    for rule in _RULES_OF[pair.sender.side, pair.receiver.side]:
        if rule.fits(pair):
            return rule
    raise AssertionError("the table ends with a row for every pair of sides")


def allowing(pair: Pair) -> frozenset[str]:
    """Every rule that would allow it, whichever comes first: one person may be reached for several reasons."""
    rules = _RULES_OF[pair.sender.side, pair.receiver.side]
    return frozenset(rule.spec for rule in rules if rule.allows and rule.fits(pair))


def may_see(watcher: Party, face: Party) -> bool:
    """P2, P5: presence goes to those who may write at any time, so a mere reply (M6) is not enough."""
    return watcher.tenant is face.tenant and contact_rule(Pair(watcher, face)).allows
