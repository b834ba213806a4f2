"""Conversations of agents, and what was said in them, as those read it who did not take part (S2, S3)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, select, text

from component.folding import Phrase

from ..full_text.words import word_index
from ..schema import IS_DESK, IS_VISIBLE, account, conversation, message
from .archived_messages import ArchivedMessage, select_messages
from .stored_conversations import SELECT, StoredConversation

MOST_LATELY = 1_000
"""Conversations that are looked at to find those that ended lately."""

MOST_ENDED = 50

MOST_HITS = 20_000
"""Messages with the words that are searched, the newest of the whole database, that are looked at: frequent words
would keep a reader busy for long otherwise."""

MOST_NAMED = 20
"""Accounts by which the search itself is narrowed."""

_MESSAGES = (
    select_messages(message)
    .where(message.c.conversation_id == bindparam("conversation"), IS_VISIBLE)
    .where(message.c.id.between(bindparam("first"), bindparam("last")))
)
_NEWEST = _MESSAGES.order_by(message.c.id.desc()).limit(bindparam("most"))
_OLDEST = _MESSAGES.order_by(message.c.id).limit(bindparam("most"))

_OF_TENANT = (
    select(conversation.c.id)
    .where(IS_DESK, conversation.c.tenant == bindparam("of"))
    .order_by(conversation.c.id.desc())
    .limit(MOST_LATELY)
)
_ANY_LEFT = exists().where(message.c.conversation_id == conversation.c.id, IS_VISIBLE)
_SENT_AT = select(message.c.sent_at).where(message.c.id <= bindparam("number")).order_by(message.c.id.desc()).limit(1)
_ENDED = (
    SELECT.where(conversation.c.id.in_(_OF_TENANT), conversation.c.ended_at >= bindparam("since"))
    .order_by(conversation.c.id.desc())
    .limit(MOST_ENDED)
)

_ONE = SELECT.where(IS_DESK, conversation.c.tenant == bindparam("of"), conversation.c.id == bindparam("number"))
_WITH_WORDS = """
SELECT DISTINCT m.conversation_id FROM (
    SELECT {number} AS id FROM {source} AS picked WHERE {matches} ORDER BY {number} DESC LIMIT :most
) AS hit
CROSS JOIN message AS m
CROSS JOIN conversation AS c
WHERE m.id = hit.id AND c.id = m.conversation_id AND c.kind = 'desk' AND c.tenant = :of AND m.withdrawn_at IS NULL
"""
_TEXTS_AFTER = text("""
SELECT m.id, m.conversation_id, m.body FROM message AS m
CROSS JOIN conversation AS c
WHERE m.id > :after AND m.id < :before AND m.withdrawn_at IS NULL
    AND c.id = m.conversation_id AND c.kind = 'desk' AND c.tenant = :of
ORDER BY m.id DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class TranscriptQuery:
    """Which conversations: in which one of these bare ``accounts`` took part, if any are given; in which all words of
    ``text`` were said in one message; that were going on between the times ``start`` and ``end``, in us."""

    tenant: str
    accounts: tuple[str, ...] | None = None
    text: str | None = None
    start: int | None = None
    end: int | None = None


def newest_messages(
    connection: Connection, conversation_id: int, after: int, until: int, limit: int
) -> list[ArchivedMessage]:
    """The last messages of a conversation between the numbers ``after``, exclusive, and ``until``, inclusive; by rising
    number, without withdrawn ones."""
    values = {"conversation": conversation_id, "first": after + 1, "last": until, "most": limit}
    return [ArchivedMessage(*row) for row in connection.execute(_NEWEST, values)][::-1]


def next_messages(connection: Connection, conversation_id: int, after: int, limit: int) -> list[ArchivedMessage]:
    """Like ``newest_messages``, the first ones after that number."""
    values = {"conversation": conversation_id, "first": after + 1, "last": 2**63 - 1, "most": limit}
    return [ArchivedMessage(*row) for row in connection.execute(_OLDEST, values)]


def ended_lately(connection: Connection, tenant: str, after: int) -> list[StoredConversation]:
    """The newest conversations of agents that ended after that message was sent."""
    since = connection.scalar(_SENT_AT, {"number": after}) or 0
    rows = connection.execute(_ENDED, {"of": tenant, "since": since})
    return [StoredConversation(*row) for row in rows][::-1]


def one_conversation(connection: Connection, tenant: str, id: int) -> StoredConversation | None:
    """The tenant's conversation of agents with that number."""
    row = connection.execute(_ONE, {"of": tenant, "number": id}).one_or_none()
    return None if row is None else StoredConversation(*row)


def with_words(connection: Connection, wanted: TranscriptQuery, phrases: Sequence[Phrase]) -> Sequence[int]:
    """The conversations of agents in which all ``phrases`` were said in one message, as far as the index has them."""
    accounts: Sequence[int] | None = None
    if wanted.accounts is not None and len(wanted.accounts) <= MOST_NAMED:
        accounts = connection.scalars(select(account.c.id).where(account.c.jid.in_(wanted.accounts))).all()
        if not accounts:
            return []
    index = word_index(connection)
    statement = text(
        _WITH_WORDS.format(source=index.SOURCE.format(order="DESC"), number=index.NUMBER, matches=index.MATCHES)
    )
    words = index.expression(phrases, accounts, all_of_them=False)
    return connection.scalars(statement, {"words": words, "most": MOST_HITS, "of": wanted.tenant}).all()


def texts_after(
    connection: Connection, wanted: TranscriptQuery, after: int, before: int | None, limit: int
) -> list[tuple[int, int, str | None]]:
    """What agents said between two messages, the newest first: number, conversation, text; whoever said it."""
    values = {"of": wanted.tenant, "after": after, "before": before or 2**63 - 1, "most": limit}
    return [(id, chat, body) for id, chat, body in connection.execute(_TEXTS_AFTER, values)]


def conversations_before(
    connection: Connection, wanted: TranscriptQuery, ids: Sequence[int] | None, before: int, limit: int
) -> list[StoredConversation]:
    """Conversations of agents with a number below ``before``, the newest first, as far as anything is left of them;
    only of these ``ids``, if given."""
    query = SELECT.where(IS_DESK, conversation.c.tenant == wanted.tenant, conversation.c.id < before, _ANY_LEFT)
    if ids is not None:
        query = query.where(conversation.c.id.in_(select(_numbers(ids))))
    if wanted.accounts is not None:
        first, second = query.selected_columns[3], query.selected_columns[4]
        query = query.where(first.in_(wanted.accounts) | second.in_(wanted.accounts))
    if wanted.end is not None:
        query = query.where(conversation.c.opened_at <= wanted.end)
    if wanted.start is not None:
        query = query.where(conversation.c.ended_at.is_(None) | (conversation.c.ended_at >= wanted.start))
    rows = connection.execute(query.order_by(conversation.c.id.desc()).limit(limit))
    return [StoredConversation(*row) for row in rows]


def _numbers(numbers: Sequence[int]) -> ColumnElement[Any]:
    """Any number of them, in one parameter."""
    return func.json_each(json.dumps(list(numbers))).table_valued("value").c.value
