"""Conversations on disk (V1 to V4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from ..changes import EndConversation, OpenConversation
from ..schema import IS_JOINED, IS_OPEN_DESK, IS_WITHDRAWN, account, conversation, message
from .sequences import visible_messages

EARLIER = 100
"""Conversations of two agents that count as their chat, besides the one that goes on."""

OF_THE_PAIR = f"""
SELECT CAST(:conversation AS BIGINT) AS id UNION ALL SELECT id FROM (
    SELECT earlier.id FROM conversation AS now JOIN conversation AS earlier
        ON earlier.first_id = now.first_id AND earlier.second_id = now.second_id AND earlier.kind = 'desk'
    WHERE now.id = :conversation AND now.kind = 'desk' AND earlier.id < now.id
    ORDER BY earlier.id DESC LIMIT {EARLIER}
) AS lately
"""
"""To the clients of two agents their conversations are one chat, in which they correct and take back what they said
before, whichever it was in."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """``first`` (the agent, or the first by address of two) and ``second`` are bare accounts.

    ``length`` counts the messages that are there, ``visible`` those of them that were not withdrawn. Times are in us.
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
_IN_IT = message.c.conversation_id == conversation.c.id
_VISIBLE: ColumnElement[int] = literal_column(
    visible_messages(">= 0", "seq", "conversation_id", "conversation.id"), BigInteger
)
_WITHDRAWN = select(func.count()).where(_IN_IT, IS_WITHDRAWN).scalar_subquery()
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
    _VISIBLE + _WITHDRAWN,
    _VISIBLE,
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


# With whom somebody had conversations


@dataclass(frozen=True, slots=True)
class RecentConversation:
    """``other`` is a bare account; ``last_at`` in us."""

    other: str
    last_at: int
    ended: bool


MOST_ENDED = 1_000
"""Conversations of agents of the tenant among which those of one account that ended are looked for."""

# Numbers rise with time, so that the highest of a conversation is its newest. It costs a few steps for each
# conversation of the account, none for each message. The conditions are those of the partial indexes.
_RECENT_CONVERSATIONS = text("""
WITH
me (id) AS (SELECT id FROM account WHERE jid = :account),
lately (id, first_id, second_id, ended_at) AS (
    SELECT id, first_id, second_id, ended_at FROM conversation
    WHERE kind = 'desk' AND tenant = :tenant ORDER BY id DESC LIMIT :lately
),
mine (id, other_id, ended_at) AS (
    SELECT id, second_id, ended_at FROM conversation
    WHERE kind = 'joined' AND first_id = (SELECT id FROM me)
    UNION ALL
    SELECT id, first_id, ended_at FROM conversation
    WHERE kind = 'joined' AND second_id = (SELECT id FROM me)
    UNION ALL
    SELECT id, second_id, ended_at FROM conversation
    WHERE kind = 'desk' AND ended_at IS NULL AND first_id = (SELECT id FROM me)
    UNION ALL
    SELECT id, first_id, ended_at FROM conversation
    WHERE kind = 'desk' AND ended_at IS NULL AND second_id = (SELECT id FROM me)
    UNION ALL
    SELECT lately.id, CASE first_id WHEN me.id THEN second_id ELSE first_id END, ended_at
    FROM lately, me WHERE ended_at IS NOT NULL AND me.id IN (first_id, second_id)
),
dated (other_id, ended_at, last_id) AS (
    SELECT other_id, ended_at, (
        SELECT m.id FROM message m WHERE m.conversation_id = mine.id AND m.withdrawn_at IS NULL
        ORDER BY m.id DESC LIMIT 1
    )
    FROM mine
)
SELECT account.jid, message.sent_at, dated.ended_at IS NOT NULL
FROM dated JOIN message ON message.id = dated.last_id JOIN account ON account.id = dated.other_id
ORDER BY dated.last_id DESC LIMIT :limit OFFSET :offset
""")


def recent_conversations(
    connection: Connection, tenant: str, account: str, limit: int, offset: int = 0
) -> list[RecentConversation]:
    """The conversations of a bare account, those with the newest messages first; with agents, of those that ended only
    the later ones."""
    values = {"tenant": tenant, "account": account, "limit": limit, "offset": offset, "lately": MOST_ENDED}
    return [
        RecentConversation(other, at, bool(ended))
        for other, at, ended in connection.execute(_RECENT_CONVERSATIONS, values)
    ]
