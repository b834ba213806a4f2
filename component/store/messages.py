"""Writing messages: putting them down, marking them delivered, withdrawing them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from . import meta
from .changes import DeliveredUpTo, NewMessage, Withdraw
from .numbering import CONVERSATIONS, HISTORIES, RisingTime, Tally
from .schema import IS_VISIBLE, message, message_text

_LATEST = select(message.c.sent_at).order_by(message.c.id.desc()).limit(1)
_INSERT = insert(message)
_INSERT_WORDS = insert(message_text)
_WITHDRAW = (
    update(message)
    .where(message.c.id == bindparam("of"), IS_VISIBLE)
    .values(withdrawn_at=bindparam("at"))
    .returning(message.c.conversation_id, message.c.owner_id)
)


def insert_messages(
    connection: Connection, changes: Sequence[NewMessage], accounts: Mapping[str, int], time: RisingTime
) -> None:
    """Write the messages in the order of their ids, and what is counted with them."""
    owners = {accounts[change.owner] for change in changes if change.owner is not None}
    in_conversation = CONVERSATIONS.load(connection, {change.conversation_id for change in changes})
    in_history = HISTORIES.load(connection, owners)
    HISTORIES.create(connection, owners - in_history.lengths.keys())
    rows = [_row(change, accounts, in_conversation, in_history, time) for change in changes]
    connection.execute(_INSERT, rows)
    if words := [_words(row) for row in rows if row["body"] is not None]:
        connection.execute(_INSERT_WORDS, words)
    CONVERSATIONS.save(connection, in_conversation)
    HISTORIES.save(connection, in_history)


def latest_time(connection: Connection) -> int:
    """When the newest message was sent, in us; 0 if there is none."""
    return connection.scalar(_LATEST) or 0


def mark_delivered(connection: Connection, changes: Sequence[DeliveredUpTo]) -> None:
    """The mark only rises."""
    meta.raise_number(connection, meta.DELIVERED_UP_TO, max(change.id for change in changes))


def withdraw(connection: Connection, changes: Sequence[Withdraw]) -> None:
    """Rare, so one by one: only what was still to be seen is counted out."""
    for change in changes:
        found = connection.execute(_WITHDRAW, {"of": change.id, "at": change.at}).one_or_none()
        if found is None:
            continue
        CONVERSATIONS.hide(connection, Counter([found.conversation_id]))
        if found.owner_id is not None:
            HISTORIES.hide(connection, Counter([found.owner_id]))


def _row(
    change: NewMessage,
    accounts: Mapping[str, int],
    in_conversation: Tally,
    in_history: Tally,
    time: RisingTime,
) -> dict[str, Any]:
    owner_id = None if change.owner is None else accounts[change.owner]
    return {
        "id": change.id,
        "conversation_id": change.conversation_id,
        "seq": in_conversation.next(change.conversation_id),
        "owner_id": owner_id,
        "owner_seq": None if owner_id is None else in_history.next(owner_id),
        "sent_at": time.stamp(change.sent_at),
        "sender": change.sender,
        "receiver": change.receiver,
        "sender_id": accounts[change.sender_account],
        "receiver_id": accounts[change.receiver_account],
        "type": change.type,
        "client_id": change.client_id,
        "origin_id": change.origin_id,
        "body": change.body,
        "payload": change.payload,
    }


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is searched (A7)."""
    return {"rowid": row["id"], "scope": f"{row['sender_id']} {row['receiver_id']}", "body": row["body"]}
