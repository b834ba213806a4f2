"""Reading messages back, one by one or in the order of their ids. Nothing here waits for the writer."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from ..records.digests import digest
from ..schema import (
    HAS_OTHER_ORIGIN_ID,
    HAS_SEEN_ID,
    HAS_SEEN_ORIGIN_ID,
    IS_VISIBLE,
    account,
    conversation,
    held_message,
    message,
)
from .id_range import first_from
from .stored_conversations import OF_THE_PAIR

EXPORTED = 500
"""Messages read at a time for an export, so that it takes bounded memory."""


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
    sent_payload: str | None = None

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def as_written(self) -> str:
        """The child elements as their sender knows them."""
        return self.payload if self.sent_payload is None else self.sent_payload


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
    """The message that another one refers to; ``named`` is its client id or origin id, whichever was meant, as its
    client gave it. A message that is named by its archive id may have none."""

    id: int
    seq: int
    sender_account: str
    named: str | None


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
        table.c.sent_payload,
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
    .where(message.c.id >= bindparam("first"), message.c.sent_at >= bindparam("since"), IS_VISIBLE)
    .where(or_(message.c.client_id.is_not(None), message.c.origin_id.is_not(None)))
    .order_by(message.c.id)
)
_IN_CONVERSATION = message.c.conversation_id == bindparam("conversation")
_CHAT = text(OF_THE_PAIR).columns(conversation.c.id).subquery("chat")


def _reference(named: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[tuple[Any, ...]]:
    """The newest visible message of the conversation under these conditions."""
    return (
        select(message.c.id, message.c.seq, account.c.jid, named)
        .join_from(message, account, message.c.sender_id == account.c.id)
        .where(_IN_CONVERSATION, IS_VISIBLE, *conditions)
        .order_by(message.c.id.desc())
        .limit(1)
    )


def _newest_own(*conditions: ColumnElement[bool]) -> Select[int | None]:
    """The number of the newest visible message of the sender, before another one, in any conversation of the chat under
    these conditions: the newest of each, however many there are."""
    newest = (
        select(message.c.id)
        .join_from(message, account, message.c.sender_id == account.c.id)
        .where(message.c.conversation_id == _CHAT.c.id, message.c.id < bindparam("before"), IS_VISIBLE)
        .where(account.c.jid == _SENDER, *conditions)
        .order_by(message.c.id.desc())
        .limit(1)
    )
    return select(func.max(newest.correlate(_CHAT).scalar_subquery())).select_from(_CHAT)


_WANTED: BindParameter[str] = bindparam("reference")
_SENDER: BindParameter[str | None] = bindparam("sender", type_=Text)
_BY_ITS_IDS = (
    (message.c.client_id, (message.c.client_digest == bindparam("digest"), message.c.client_id == _WANTED)),
    (message.c.origin_id, (message.c.origin_id == _WANTED, HAS_OTHER_ORIGIN_ID)),
)
_BY_SEEN_IDS = (
    (message.c.client_id, (message.c.seen_id == _WANTED, HAS_SEEN_ID)),
    (message.c.origin_id, (message.c.seen_origin_id == _WANTED, HAS_SEEN_ORIGIN_ID)),
)
_BY_ANYBODY = or_(_SENDER.is_(None), account.c.jid == _SENDER)
_BY_ANY_ID = [_reference(named, *conditions, _BY_ANYBODY) for named, conditions in (*_BY_ITS_IDS, *_BY_SEEN_IDS)]
_BY_NUMBER = _reference(
    func.coalesce(message.c.origin_id, message.c.client_id), message.c.id == bindparam("number"), _BY_ANYBODY
)
_OWN = [_newest_own(*conditions) for _, conditions in _BY_ITS_IDS]
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
    values = {"first": first_from(connection, since), "since": since}
    return [RecentMessage(*row) for row in connection.execute(_RECENT, values)]


def find_by_reference(
    connection: Connection,
    conversation_id: int,
    reference: str,
    message_id: int | None = None,
    sender: str | None = None,
) -> Reference | None:
    """The newest message of the conversation that has this client id or origin id, or is known by it to others; only
    one of the bare account ``sender``, if that is given.

    ``message_id`` is what ``reference`` means if it is one of our archive ids.
    """
    values = {
        "conversation": conversation_id,
        "reference": reference,
        "digest": digest(reference),
        "number": message_id,
        "sender": sender,
    }
    return _newest(connection, [*_BY_ANY_ID, _BY_NUMBER], values)


def find_own(connection: Connection, conversation_id: int, reference: str, sender: str, before: int) -> int | None:
    """The newest message that the bare account ``sender`` sent in the conversation, or an earlier one of the two, under
    this client id or origin id before the message ``before``, which names it so; its number."""
    values = {
        "conversation": conversation_id,
        "reference": reference,
        "digest": digest(reference),
        "sender": sender,
        "before": before,
    }
    return max((id for search in _OWN if (id := connection.scalar(search, values)) is not None), default=None)


def _newest(
    connection: Connection, searches: Iterable[Select[tuple[Any, ...]]], values: dict[str, Any]
) -> Reference | None:
    found = [Reference(*row) for search in searches for row in connection.execute(search, values)]
    return max(found, key=lambda reference: reference.id, default=None)


def window_start(connection: Connection, conversation_id: int, size: int) -> int:
    """The ``seq`` of the first of the last ``size`` visible messages; 1 if there are fewer (A1)."""
    row = {"conversation": conversation_id, "newer": size - 1}
    return connection.scalar(_WINDOW_START, row) or 1


# Export (A8)

_ONE_ACCOUNT = select(account.c.id).where(account.c.jid == bindparam("account")).scalar_subquery()


def exported_messages(connection: Connection, tenant: str, account: str | None, after: int) -> list[ArchivedMessage]:
    """Some of the tenant's messages after that number, by rising number: withdrawn ones too, and those that a hold
    keeps; only those of one bare account, if that is given."""
    values = {"tenant": tenant, "account": account, "after": after, "most": EXPORTED}
    return [ArchivedMessage(*row) for row in connection.execute(_exported(account is not None), values)]


@cache
def _exported(one_account: bool) -> CompoundSelect[Any]:
    """Both tables are walked by rising number, and merged while walking: the first column is the number."""
    parts = [_exported_part(table, one_account) for table in (message, held_message)]
    return union_all(*parts).order_by(literal_column("1")).limit(bindparam("most"))


def _exported_part(table: Table, one_account: bool) -> Select[Any]:
    part = (
        select_messages(table)
        .join(conversation, conversation.c.id == table.c.conversation_id)
        .where(table.c.id > bindparam("after"), conversation.c.tenant == bindparam("tenant"))
    )
    if one_account:
        part = part.where(or_(table.c.sender_id == _ONE_ACCOUNT, table.c.receiver_id == _ONE_ACCOUNT))
    return part
