"""Conversations on disk (V1 to V4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, select, update

from .changes import EndConversation, OpenConversation
from .schema import IS_JOINED, IS_OPEN_DESK, account, conversation

EARLIER = 100
"""Conversations of two agents that count as their chat, besides the one that goes on."""

OF_THE_PAIR = f"""
SELECT :conversation AS id UNION ALL SELECT id FROM (
    SELECT earlier.id FROM conversation AS now JOIN conversation AS earlier
        ON earlier.first_id = now.first_id AND earlier.second_id = now.second_id AND earlier.kind = 'desk'
    WHERE now.id = :conversation AND now.kind = 'desk' AND earlier.id < now.id
    ORDER BY earlier.id DESC LIMIT {EARLIER}
)
"""
"""To the clients of two agents their conversations are one chat, in which they correct and take back what they said
before, whichever it was in."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """``first`` (the agent, or the first by address of two) and ``second`` are bare accounts.

    ``length`` counts all messages, ``visible`` those that were not withdrawn. Times are in us.
    """

    id: int
    tenant: str
    kind: str
    first: str
    second: str
    opened_at: int
    ended_at: int | None
    end_reason: str | None
    length: int
    visible: int


_first, _second = account.alias("first"), account.alias("second")
# In the order of the fields of StoredConversation.
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    conversation.c.id,
    conversation.c.tenant,
    conversation.c.kind,
    _first.c.jid,
    _second.c.jid,
    conversation.c.opened_at,
    conversation.c.ended_at,
    conversation.c.end_reason,
    conversation.c.length,
    conversation.c.visible,
)
SELECT = (
    select(*_COLUMNS)
    .join_from(conversation, _first, conversation.c.first_id == _first.c.id)
    .join(_second, conversation.c.second_id == _second.c.id)
)
"""The rows of conversations, as the fields of ``StoredConversation``."""

_OPEN_DESK = SELECT.where(IS_OPEN_DESK).order_by(conversation.c.id)
_ALL_JOINED = SELECT.where(IS_JOINED).order_by(conversation.c.id)
_JOINED = SELECT.where(IS_JOINED, _first.c.jid == bindparam("agent"), _second.c.jid == bindparam("work"))
_END = (
    update(conversation)
    .where(conversation.c.id == bindparam("of"), conversation.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"))
)


def insert_conversations(
    connection: Connection, changes: Sequence[OpenConversation], accounts: Mapping[str, int]
) -> None:
    rows = [
        {
            "id": change.id,
            "tenant": change.tenant,
            "kind": change.kind,
            "first_id": accounts[first],
            "second_id": accounts[second],
            "opened_at": change.opened_at,
            "length": 0,
            "visible": 0,
        }
        for change in changes
        for first, second in [_pair(change)]
    ]
    connection.execute(insert(conversation), rows)


def end_conversations(connection: Connection, changes: Sequence[EndConversation]) -> None:
    connection.execute(_END, [{"of": change.id, "at": change.at, "why": change.reason} for change in changes])


def open_conversations(connection: Connection) -> list[StoredConversation]:
    """All conversations between two agents that have not ended (V3)."""
    return [StoredConversation(*row) for row in connection.execute(_OPEN_DESK)]


def find_joined_all(connection: Connection) -> list[StoredConversation]:
    """All conversations between agents and Work users."""
    return [StoredConversation(*row) for row in connection.execute(_ALL_JOINED)]


def find_joined(connection: Connection, agent: str, work: str) -> StoredConversation | None:
    """The one conversation of an agent and a Work user, both bare accounts (V4)."""
    row = connection.execute(_JOINED, {"agent": agent, "work": work}).one_or_none()
    return None if row is None else StoredConversation(*row)


def _pair(change: OpenConversation) -> tuple[str, str]:
    """Two agents have one order, whoever wrote first."""
    if change.kind == "joined" or change.first < change.second:
        return change.first, change.second
    return change.second, change.first
