"""THE table: what becomes of a feature, by who sends it to whom and by the tenant's version.

Everything that needs to know a rule reads it here: the bridge, ``deskbridge explain``, disco, the
README's table, the tests. A feature or a direction that is not in the table is denied; a cell that is
missing or given twice fails at import.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from component.model import Profile, Side

from .features import Feature
from .reasons import Reason


class Act(Enum):
    """What becomes of it, in words."""

    PASS = "passes, in the shape that the protocol gives it"
    STRIP = "is taken out; the rest of the message goes on"
    DROP = "goes nowhere, with all of the message, and is not answered"
    REFUSE = "is refused, with all of the message"
    END = "is taken out, and ends the chat (V2)"
    LINK = "becomes a line of text with a link"
    TEXT = "is taken out; becomes the text of a message that has none"
    PAGE = "becomes plain text, with a link to the formatted message where that is not all"
    REBUILD = "is built anew of what is allowed, beside plain text, with a link to it where that is not all"


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell. ``reason`` is set exactly where ``act`` is REFUSE."""

    spec: str
    act: Act
    reason: Reason | None = None


Direction = tuple[Side, Side]
Cell = tuple[Act, Reason | None]

WORK_TO_AGENT: Direction = (Side.WORK, Side.AGENT)
AGENT_TO_WORK: Direction = (Side.AGENT, Side.WORK)
AGENT_TO_AGENT: Direction = (Side.AGENT, Side.AGENT)
DIRECTIONS = (WORK_TO_AGENT, AGENT_TO_WORK, AGENT_TO_AGENT)

HISTORY_WINDOW: Mapping[Profile, int | None] = MappingProxyType({Profile.V9_9: 30, Profile.V9_10: None})
"""A1: how many messages of a chat with a Work user an agent finds; None is all of them."""

PASS: Cell = (Act.PASS, None)
STRIP: Cell = (Act.STRIP, None)
DROP: Cell = (Act.DROP, None)
END: Cell = (Act.END, None)
LINK: Cell = (Act.LINK, None)
TEXT: Cell = (Act.TEXT, None)
PAGE: Cell = (Act.PAGE, None)
REBUILD: Cell = (Act.REBUILD, None)


def _refuse(reason: Reason) -> Cell:
    return (Act.REFUSE, reason)


Row = tuple[str, Feature, Cell, Cell, Cell]


def _everywhere(spec: str, feature: Feature, cell: Cell) -> Row:
    return (spec, feature, cell, cell, cell)


# (rule, feature, Work to agent, agent to Work, agent to agent), the same in every profile so far.
_ROWS: tuple[Row, ...] = (
    _everywhere("C1", Feature.BODY, PASS),
    # Clients show one of them, and nobody could say which (RFC 6121 §5.2.3 forbids it).
    _everywhere("C1", Feature.SAME_LANGUAGE, _refuse(Reason.SAME_LANGUAGE)),
    _everywhere("C1", Feature.THREAD, PASS),
    _everywhere("C1", Feature.ORIGIN_ID, PASS),
    _everywhere("C11", Feature.UNSTYLED, PASS),
    _everywhere("C3", Feature.GROUP_CHAT, _refuse(Reason.GROUP_CHAT)),
    _everywhere("C3", Feature.ROOM_INVITATION, _refuse(Reason.GROUP_CHAT)),
    _everywhere("C3", Feature.ROOM_JOIN, _refuse(Reason.GROUP_CHAT)),
    _everywhere("C3", Feature.MULTICAST, _refuse(Reason.GROUP_CHAT)),
    _everywhere("C3", Feature.MIX, _refuse(Reason.GROUP_CHAT)),
    # A room's own invitation comes from the room, not from a person: the router declines it (C4).
    # A person who sends one is inviting to a group chat all the same.
    _everywhere("C4", Feature.MEDIATED_INVITATION, _refuse(Reason.GROUP_CHAT)),
    ("C5", Feature.FILE, LINK, _refuse(Reason.FILE), _refuse(Reason.FILE)),
    # Some clients tell of a file before they upload it, and send its address in a message of its own.
    ("C5", Feature.FILE_ANNOUNCED, STRIP, _refuse(Reason.FILE), _refuse(Reason.FILE)),
    ("C5", Feature.FILE_ELSEWHERE, _refuse(Reason.NOT_ON_THE_WEB), _refuse(Reason.FILE), _refuse(Reason.FILE)),
    ("C5", Feature.FILE_DETAIL, STRIP, _refuse(Reason.FILE), _refuse(Reason.FILE)),
    _everywhere("C6", Feature.ENCRYPTED_FILE, _refuse(Reason.ENCRYPTED_FILE)),
    _everywhere("C7", Feature.CALL_OFFER, _refuse(Reason.LIVE_TRANSFER)),
    _everywhere("C7", Feature.CALL_NOTICE, DROP),
    _everywhere("C8", Feature.CHAT_STATE, STRIP),
    ("C8", Feature.GONE, STRIP, STRIP, END),
    _everywhere("C8", Feature.REAL_TIME_TEXT, STRIP),
    _everywhere("C9", Feature.RECEIPT, STRIP),
    _everywhere("C9", Feature.MARKER, STRIP),
    ("C10", Feature.XHTML, TEXT, PAGE, REBUILD),
    ("C10", Feature.MARKUP, STRIP, PAGE, REBUILD),
    ("C10", Feature.TYPED_CONTENT, TEXT, PAGE, REBUILD),
    _everywhere("C12", Feature.CORRECTION, PASS),
    _everywhere("C13", Feature.RETRACTION, PASS),
    _everywhere("C14", Feature.REPLY, PASS),
    _everywhere("C14", Feature.FALLBACK, PASS),
    _everywhere("C15", Feature.REACTION, STRIP),
    _everywhere("C15", Feature.MODERATION, STRIP),
    _everywhere("C15", Feature.ATTENTION, STRIP),
    _everywhere("C15", Feature.PEP_EVENT, DROP),
    _everywhere("C15", Feature.NICK, STRIP),
    _everywhere("C15", Feature.WRAPPER, STRIP),
    _everywhere("C15", Feature.STANZA_ID, STRIP),
    _everywhere("C16", Feature.ENCRYPTED, _refuse(Reason.ENCRYPTED)),
    _everywhere("C16", Feature.ENCRYPTION_MARK, _refuse(Reason.ENCRYPTED)),
    _everywhere("C16", Feature.ENCRYPTION_NOTICE, STRIP),
    _everywhere("C18", Feature.OVERSIZE, _refuse(Reason.TOO_LARGE)),
    _everywhere("C18", Feature.OVER_RATE, _refuse(Reason.TOO_FAST)),
    _everywhere("C0", Feature.UNKNOWN, STRIP),
)

Key = tuple[Feature, Side, Side, Profile]


def _cells() -> Iterator[tuple[Key, Rule]]:
    for spec, feature, *cells in _ROWS:
        for (sender, receiver), (act, reason) in zip(DIRECTIONS, cells, strict=True):
            for profile in Profile:
                yield (feature, sender, receiver, profile), Rule(spec, act, reason)


def _build() -> Mapping[Key, Rule]:
    table: dict[Key, Rule] = {}
    for key, rule in _cells():
        if key in table:
            raise AssertionError(f"policy table: two rules for {key}")
        if (rule.reason is None) == (rule.act is Act.REFUSE):
            raise AssertionError(f"policy table: a refusal needs a reason, nothing else has one: {key}")
        table[key] = rule
    missing = {feature for feature in Feature if (feature, *WORK_TO_AGENT, Profile.V9_9) not in table}
    if missing:
        raise AssertionError(f"policy table: no rule for {missing}")
    return MappingProxyType(table)


MATRIX: Mapping[Key, Rule] = _build()
