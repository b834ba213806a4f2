"""What was said in a conversation of agents, as those read it who did not take part (S2, S3)."""

from sqlalchemy import Connection, bindparam, select

from .archive import ArchivedMessage, select_messages
from .conversations import SELECT, StoredConversation
from .schema import IS_DESK, IS_VISIBLE, conversation, message

MOST_LATELY = 1_000
"""Conversations that are looked at to find those that ended lately."""

MOST_ENDED = 50

_MESSAGES = (
    select_messages(message)
    .where(message.c.conversation_id == bindparam("conversation"), IS_VISIBLE)
    .where(message.c.id.between(bindparam("first"), bindparam("last")))
)
_NEWEST = _MESSAGES.order_by(message.c.id.desc()).limit(bindparam("most"))
_OF_TENANT = (
    select(conversation.c.id)
    .where(IS_DESK, conversation.c.tenant == bindparam("of"))
    .order_by(conversation.c.id.desc())
    .limit(MOST_LATELY)
)
_SENT_AT = select(message.c.sent_at).where(message.c.id <= bindparam("number")).order_by(message.c.id.desc()).limit(1)
_ENDED = (
    SELECT.where(conversation.c.id.in_(_OF_TENANT), conversation.c.ended_at >= bindparam("since"))
    .order_by(conversation.c.id.desc())
    .limit(MOST_ENDED)
)


def ended_lately(connection: Connection, tenant: str, after: int) -> list[StoredConversation]:
    """The newest conversations of agents that ended after that message was sent."""
    since = connection.scalar(_SENT_AT, {"number": after}) or 0
    rows = connection.execute(_ENDED, {"of": tenant, "since": since})
    return [StoredConversation(*row) for row in rows][::-1]


def newest_messages(
    connection: Connection, conversation_id: int, after: int, until: int, limit: int
) -> list[ArchivedMessage]:
    """The last messages of a conversation between the numbers ``after``, exclusive, and ``until``, inclusive; by rising
    number, without withdrawn ones."""
    values = {"conversation": conversation_id, "first": after + 1, "last": until, "most": limit}
    return [ArchivedMessage(*row) for row in connection.execute(_NEWEST, values)][::-1]
