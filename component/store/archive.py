"""Reading messages back, one by one or in the order of their ids. Nothing here waits for the writer."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, or_, select

from .schema import HAS_OTHER_ORIGIN_ID, IS_VISIBLE, account, message


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """A message as it is on disk; the fields of ``NewMessage``, and its numbers.

    ``seq`` counts 1, 2, ... in the conversation.
    """

    id: int
    conversation_id: int
    seq: int
    sent_at: int
    sender: str
    receiver: str
    sender_account: str
    receiver_account: str
    type: str
    payload: str
    body: str | None
    client_id: str | None
    origin_id: str | None
    withdrawn_at: int | None

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None


@dataclass(frozen=True, slots=True)
class RecentMessage:
    """What tells a client's second try of a message from a new message. ``sent_at`` is in us."""

    sender_account: str
    receiver_account: str
    client_id: str | None
    origin_id: str | None
    payload: str
    sent_at: int


@dataclass(frozen=True, slots=True)
class Reference:
    """The message that another one refers to."""

    id: int
    seq: int
    sender_account: str
    withdrawn: bool


_sender, _receiver = account.alias("sender"), account.alias("receiver")


def select_messages(table: Table) -> Select[tuple[Any, ...]]:
    """The rows of a table of messages, as the fields of ``ArchivedMessage``."""
    columns: tuple[ColumnElement[Any], ...] = (
        table.c.id,
        table.c.conversation_id,
        table.c.seq,
        table.c.sent_at,
        table.c.sender,
        table.c.receiver,
        _sender.c.jid,
        _receiver.c.jid,
        table.c.type,
        table.c.payload,
        table.c.body,
        table.c.client_id,
        table.c.origin_id,
        table.c.withdrawn_at,
    )
    return (
        select(*columns)
        .join_from(table, _sender, table.c.sender_id == _sender.c.id)
        .join(_receiver, table.c.receiver_id == _receiver.c.id)
    )


_SELECT = select_messages(message)
_ONE = _SELECT.where(message.c.id == bindparam("of"))
_NUMBERED = _SELECT.where(
    message.c.id.in_(select(func.json_each(bindparam("numbers")).table_valued("value", name="wanted").c.value))
).order_by(message.c.id)
_UNDELIVERED = (
    _SELECT.where(message.c.id > bindparam("after"), IS_VISIBLE).order_by(message.c.id).limit(bindparam("most"))
)
_RECENT = (
    select(
        _sender.c.jid,
        _receiver.c.jid,
        message.c.client_id,
        message.c.origin_id,
        message.c.payload,
        message.c.sent_at,
    )
    .join_from(message, _sender, message.c.sender_id == _sender.c.id)
    .join(_receiver, message.c.receiver_id == _receiver.c.id)
    .where(message.c.sent_at >= bindparam("since"), IS_VISIBLE)
    .where(or_(message.c.client_id.is_not(None), message.c.origin_id.is_not(None)))
    .order_by(message.c.sent_at, message.c.id)
)
_IN_CONVERSATION = message.c.conversation_id == bindparam("conversation")
_REFERENCE = (
    select(message.c.id, message.c.seq, account.c.jid, message.c.withdrawn_at.is_not(None))
    .join_from(message, account, message.c.sender_id == account.c.id)
    .where(_IN_CONVERSATION)
)
_NEWEST_REFERENCE = _REFERENCE.order_by(message.c.id.desc()).limit(1)
_BY_CLIENT_ID = _NEWEST_REFERENCE.where(message.c.client_id == bindparam("reference"))
_BY_ORIGIN_ID = _NEWEST_REFERENCE.where(message.c.origin_id == bindparam("reference"), HAS_OTHER_ORIGIN_ID)
_BY_ID = _REFERENCE.where(message.c.id == bindparam("reference"))
_WINDOW_START = (
    select(message.c.seq)
    .where(_IN_CONVERSATION, IS_VISIBLE)
    .order_by(message.c.id.desc())
    .limit(1)
    .offset(bindparam("newer"))
)


def find_message(connection: Connection, id: int) -> ArchivedMessage | None:
    """The message of that id, withdrawn or not."""
    row = connection.execute(_ONE, {"of": id}).one_or_none()
    return None if row is None else ArchivedMessage(*row)


def numbered(connection: Connection, ids: Collection[int]) -> list[ArchivedMessage]:
    """The messages of these ids, by rising id, withdrawn or not."""
    rows = connection.execute(_NUMBERED, {"numbers": json.dumps(list(ids))})
    return [ArchivedMessage(*row) for row in rows]


def undelivered(connection: Connection, after: int, limit: int) -> list[ArchivedMessage]:
    """The next messages after the id ``after``, by rising id; begin with what is known to be delivered."""
    rows = connection.execute(_UNDELIVERED, {"after": after, "most": limit})
    return [ArchivedMessage(*row) for row in rows]


def recent_client_ids(connection: Connection, since: int) -> list[RecentMessage]:
    """What was sent since that time, oldest first, as far as its client gave it an id.

    Withdrawn messages are left out: their senders may try again.
    """
    return [RecentMessage(*row) for row in connection.execute(_RECENT, {"since": since})]


def find_by_reference(
    connection: Connection, conversation_id: int, reference: str, message_id: int | None = None
) -> Reference | None:
    """The newest message of the conversation that has this client id or origin id.

    ``message_id`` is what ``reference`` means if it is one of our archive ids.
    """
    searches = ((_BY_CLIENT_ID, reference), (_BY_ORIGIN_ID, reference), (_BY_ID, message_id))
    found = [
        Reference(*row)
        for statement, wanted in searches
        for row in connection.execute(statement, {"conversation": conversation_id, "reference": wanted})
    ]
    return max(found, key=lambda reference: reference.id, default=None)


def window_start(connection: Connection, conversation_id: int, size: int) -> int:
    """The ``seq`` of the first of the last ``size`` visible messages; 1 if there are fewer (A1)."""
    row = {"conversation": conversation_id, "newer": size - 1}
    return connection.scalar(_WINDOW_START, row) or 1
