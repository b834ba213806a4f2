"""Writing messages: putting them down, marking them delivered, withdrawing them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from . import meta
from .changes import DeliveredUpTo, NewMessage, Withdraw
from .known import Known
from .numbering import CONVERSATIONS, HISTORIES, Tally
from .prepared import Prepared
from .schema import IS_VISIBLE, message

_COLUMNS = (
    *("id", "conversation_id", "seq", "owner_id", "owner_seq", "sent_at", "sender", "receiver", "sender_id"),
    *("receiver_id", "type", "client_id", "origin_id", "body", "payload", "sent_payload", "seen_id", "seen_origin_id"),
)
_INSERT = Prepared(insert(message), *_COLUMNS)
_WITHDRAW = (
    update(message)
    .where(message.c.id == bindparam("of"), IS_VISIBLE)
    .values(withdrawn_at=bindparam("at"))
    .returning(message.c.conversation_id, message.c.owner_id)
)


def insert_messages(connection: Connection, changes: Sequence[NewMessage], known: Known) -> None:
    """Write the messages in the order of their ids, and what is counted with them; not their words (`indexing`)."""
    accounts = known.accounts.ids
    owners = {accounts[change.owner] for change in changes if change.owner is not None}
    in_conversation, _ = known.conversations.tally(connection, {change.conversation_id for change in changes})
    in_history, new = known.histories.tally(connection, owners)
    HISTORIES.create(connection, new)
    rows = [_row(change, known, in_conversation, in_history) for change in changes]
    _INSERT.run(connection, rows)
    CONVERSATIONS.save(connection, in_conversation)
    HISTORIES.save(connection, in_history)


def mark_delivered(connection: Connection, changes: Sequence[DeliveredUpTo]) -> None:
    """The mark only rises."""
    meta.raise_number(connection, meta.DELIVERED_UP_TO, max(change.id for change in changes))
    settled = max(change.settled for change in changes)
    if settled:
        meta.raise_number(connection, meta.SETTLED_UP_TO, settled)


def withdraw(connection: Connection, changes: Sequence[Withdraw]) -> None:
    """Rare, so one by one: only what was still to be seen is counted out."""
    for change in changes:
        found = connection.execute(_WITHDRAW, {"of": change.id, "at": change.at}).one_or_none()
        if found is None:
            continue
        CONVERSATIONS.hide(connection, Counter([found.conversation_id]))
        if found.owner_id is not None:
            HISTORIES.hide(connection, Counter([found.owner_id]))


def _row(change: NewMessage, known: Known, in_conversation: Tally, in_history: Tally) -> tuple[Any, ...]:
    """The values of ``_COLUMNS``."""
    accounts = known.accounts.ids
    owner_id = None if change.owner is None else accounts[change.owner]
    return (
        change.id,
        change.conversation_id,
        in_conversation.next(change.conversation_id),
        owner_id,
        None if owner_id is None else in_history.next(owner_id),
        known.time.stamp(change.sent_at),
        change.sender,
        change.receiver,
        accounts[change.sender_account],
        accounts[change.receiver_account],
        change.type,
        change.client_id,
        change.origin_id,
        change.body,
        change.payload,
        change.sent_payload,
        change.seen_id,
        change.seen_origin_id,
    )
