"""From changes to statements: one `executemany` for all changes of a kind.

The kinds come in an order in which rows are there before those that refer to them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, text, update

from ..archive.stored_conversations import OF_THE_PAIR, end_conversations, insert_conversations
from ..changes import (
    Audit,
    Change,
    ChooseStatus,
    DeliveredUpTo,
    EndConversation,
    NewChatFace,
    NewLink,
    NewMessage,
    NoteContacts,
    OpenConversation,
    StartWatch,
    StopWatch,
    Subscribe,
    Supersede,
    Unsubscribe,
    WatchBehind,
    Withdraw,
)
from ..prepared import Prepared
from ..records import meta
from ..records.account_records import save_notes, save_statuses, save_subscriptions
from ..records.accounts import Accounts
from ..records.audit_log import write_entries
from ..records.digests import digest
from ..records.stored_links import insert_links
from ..records.stored_watches import save_chat_faces, save_watches
from ..schema import IS_VISIBLE, message
from .numbering import IN_CONVERSATION, IN_HISTORY, LastNumbers, RisingTime, latest_time


class Rows:
    """``messages`` are rows of the table, the values of ``MESSAGE_COLUMNS``; the marks are 0 if there are none."""

    def __init__(self, messages: Sequence[tuple[Any, ...]], delivered: int, settled: int) -> None:
        self.messages = messages
        self.delivered = delivered
        self.settled = settled


class Known:
    """Numbers of accounts, last numbers of sequences, the newest message's time."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.conversations = LastNumbers(IN_CONVERSATION)
        self.histories = LastNumbers(IN_HISTORY)
        self.time = RisingTime()

    def start(self, connection: Connection) -> None:
        """Know nothing but what the database says."""
        self.forget()
        self.time = RisingTime(latest_time(connection))

    def forget(self) -> None:
        """After a rollback: what was new in it is void."""
        self.accounts.forget()
        self.conversations.forget()
        self.histories.forget()


Sorted = defaultdict[type, list[Any]]
"""Changes by their kind, in their order."""

_TOGETHER: dict[type, type] = {Unsubscribe: Subscribe, StopWatch: StartWatch, WatchBehind: StartWatch}
"""Kinds whose order among each other counts."""


def apply(connection: Connection, changes: Iterable[Change], known: Known) -> None:
    """Write ``changes`` in the transaction that is open on ``connection``.

    :raises SQLAlchemyError: they, or some of them, cannot be written; the caller rolls back
    """
    of: Sorted = defaultdict(list)
    for change in changes:
        of[_TOGETHER.get(type(change), type(change))].append(change)
    accounts = known.accounts.intern(connection, set(_addresses(of)))
    if opened := of[OpenConversation]:
        insert_conversations(connection, opened, accounts)
    if messages := of[NewMessage]:
        insert_messages(connection, messages, known)
    if withdrawn := of[Withdraw]:
        withdraw(connection, withdrawn)
    if ended := of[EndConversation]:
        end_conversations(connection, ended)
    if delivered := of[DeliveredUpTo]:
        mark_delivered(connection, max(mark.id for mark in delivered), max(mark.settled for mark in delivered))
    if linked := of[NewLink]:
        insert_links(connection, linked, accounts)
    if superseded := of[Supersede]:
        supersede(connection, superseded, accounts)
    if entries := of[Audit]:
        write_entries(connection, entries)
    if subscribed := of[Subscribe]:
        save_subscriptions(connection, subscribed, accounts)
    if noted := of[NoteContacts]:
        save_notes(connection, noted, accounts)
    if chosen := of[ChooseStatus]:
        save_statuses(connection, chosen, accounts)
    if faces := of[NewChatFace]:
        save_chat_faces(connection, faces, accounts)
    if watched := of[StartWatch]:
        save_watches(connection, watched, accounts)


def _addresses(of: Sorted) -> Iterator[str]:
    """Every account that these changes name."""
    for kind, changes in of.items():
        if kind is NewMessage:
            for message in changes:
                yield message.sender_account
                yield message.receiver_account
                yield message.owner or message.sender_account
        else:
            for change in changes:
                yield from _named(change)


def _named(change: Change) -> Iterator[str]:
    match change:
        case OpenConversation(first=first, second=second) | NewChatFace(first=first, second=second):
            yield from (first, second)
        case NewLink(account=str() as account) | Supersede(sender_account=account):
            yield account
        case Subscribe(account=account) | Unsubscribe(account=account) | NoteContacts(account=account):
            yield account
        case ChooseStatus(account=account):
            yield account
        case StartWatch(watcher=watcher) | StopWatch(watcher=watcher) | WatchBehind(watcher=watcher):
            yield watcher


# Messages

MESSAGE_COLUMNS = (
    *("id", "conversation_id", "seq", "owner_id", "owner_seq", "sent_at", "sender", "receiver", "sender_id"),
    *("receiver_id", "type", "client_id", "origin_id", "body", "payload", "sent_payload", "seen_id", "seen_origin_id"),
    "client_digest",
)
_INSERT = Prepared(insert(message), *MESSAGE_COLUMNS)
_WITHDRAW = update(message).where(message.c.id == bindparam("of"), IS_VISIBLE).values(withdrawn_at=bindparam("at"))


def insert_messages(connection: Connection, changes: Sequence[NewMessage], known: Known) -> None:
    """Write the messages in the order of their ids, and nothing else; their words come later (`indexing`)."""
    accounts = known.accounts.ids
    owners = {accounts[change.owner] for change in changes if change.owner is not None}
    known.conversations.learn(connection, {change.conversation_id for change in changes})
    known.histories.learn(connection, owners)
    _INSERT.run(connection, [_row(change, known) for change in changes])


def known_rows(changes: Sequence[NewMessage], known: Known) -> list[tuple[Any, ...]] | None:
    """The values of ``MESSAGE_COLUMNS`` for these messages; None if something of them is to be read or written first.

    Their numbers are given out: what cannot be written has to be forgotten.
    """
    accounts = known.accounts.ids
    for change in changes:
        if change.sender_account not in accounts or change.receiver_account not in accounts:
            return None
        if change.conversation_id not in known.conversations.last:
            return None
        if change.owner is not None and accounts.get(change.owner) not in known.histories.last:
            return None
    return [_row(change, known) for change in changes]


def insert_rows(connection: Connection, rows: Rows) -> None:
    """Write what `known_rows` made, and the marks."""
    if rows.messages:
        _INSERT.run(connection, rows.messages)
    if rows.delivered:
        mark_delivered(connection, rows.delivered, rows.settled)


def mark_delivered(connection: Connection, delivered: int, settled: int) -> None:
    """The marks only rise; 0 is none."""
    meta.raise_number(connection, meta.DELIVERED_UP_TO, delivered)
    if settled:
        meta.raise_number(connection, meta.SETTLED_UP_TO, settled)


def withdraw(connection: Connection, changes: Sequence[Withdraw]) -> None:
    """A message that was withdrawn before keeps its first time."""
    connection.execute(_WITHDRAW, [{"of": change.id, "at": change.at} for change in changes])


def _row(change: NewMessage, known: Known) -> tuple[Any, ...]:
    """The values of ``MESSAGE_COLUMNS``. All that it needs is known."""
    accounts = known.accounts.ids
    seq = known.conversations.last[change.conversation_id] + 1
    known.conversations.last[change.conversation_id] = seq
    owner_id = owner_seq = None
    if change.owner is not None:
        owner_id = accounts[change.owner]
        owner_seq = known.histories.last[owner_id] + 1
        known.histories.last[owner_id] = owner_seq
    return (
        change.id,
        change.conversation_id,
        seq,
        owner_id,
        owner_seq,
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
        digest(change.client_id),
    )


# Versions of a message: what corrects it, and what ends its links (C12, C13)

# Of the message meant, or of its first version: a correction of a correction is one of the first version too.
_FIRST_VERSION = text(f"""
WITH of_the_pair AS MATERIALIZED ({OF_THE_PAIR})
SELECT coalesce(version_of, id) FROM (
    SELECT id, version_of FROM message
    WHERE conversation_id IN (SELECT id FROM of_the_pair) AND client_digest = :digest AND client_id = :reference
        AND sender_id = :sender AND id < :by AND withdrawn_at IS NULL
    UNION ALL
    SELECT id, version_of FROM message
    WHERE conversation_id IN (SELECT id FROM of_the_pair) AND origin_id = :reference
        AND origin_id IS DISTINCT FROM client_id AND sender_id = :sender AND id < :by AND withdrawn_at IS NULL
) AS found
ORDER BY id DESC LIMIT 1
""")
_NEW_VERSION = text("UPDATE message SET version_of = :first WHERE id = :by")
_REVOKE = text("""
UPDATE link SET revoked_at = :at
WHERE revoked_at IS NULL AND message_id < :by AND message_id IN (
    SELECT CAST(:first AS BIGINT)
    UNION ALL
    SELECT id FROM message WHERE version_of = :first AND version_of IS NOT NULL
)
""")


def supersede(connection: Connection, changes: Sequence[Supersede], accounts: Mapping[str, int]) -> None:
    """Rare, so one by one, in their order: each may be about the one before."""
    for change in changes:
        values = {
            "conversation": change.conversation_id,
            "sender": accounts[change.sender_account],
            "reference": change.reference,
            "digest": digest(change.reference),
            "by": change.by,
        }
        first = connection.scalar(_FIRST_VERSION, values)
        if first is None:
            continue
        if change.is_version:
            connection.execute(_NEW_VERSION, {"first": first, "by": change.by})
        connection.execute(_REVOKE, {"first": first, "by": change.by, "at": change.at})
