"""From changes to statements: one `executemany` for all changes of a kind.

The kinds come in an order in which rows are there before those that refer to them.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from .accounts import Accounts
from .audit import write_entries
from .changes import (
    Audit,
    Change,
    DeliveredUpTo,
    EndConversation,
    NewChatFace,
    NewLink,
    NewMessage,
    NoteContacts,
    OpenConversation,
    RevokeLinks,
    StartWatch,
    StopWatch,
    Subscribe,
    Unsubscribe,
    WatchBehind,
    Withdraw,
)
from .contact_notes import save_notes
from .conversations import end_conversations, insert_conversations
from .links import insert_links, revoke_versions
from .messages import insert_messages, mark_delivered, withdraw
from .numbering import RisingTime
from .subscriptions import save_subscriptions
from .watches import save_chat_faces, save_watches

T = TypeVar("T")


def apply(connection: Connection, changes: Sequence[Change], known: Accounts, time: RisingTime) -> None:
    """Write ``changes`` in the transaction that is open on ``connection``.

    :raises SQLAlchemyError: they, or some of them, cannot be written; the caller rolls back
    """
    accounts = known.intern(connection, set(_addresses(changes)))
    if opened := _only(OpenConversation, changes):
        insert_conversations(connection, opened, accounts)
    if messages := _only(NewMessage, changes):
        insert_messages(connection, messages, accounts, time)
    if withdrawn := _only(Withdraw, changes):
        withdraw(connection, withdrawn)
    if ended := _only(EndConversation, changes):
        end_conversations(connection, ended)
    if delivered := _only(DeliveredUpTo, changes):
        mark_delivered(connection, delivered)
    if linked := _only(NewLink, changes):
        insert_links(connection, linked, accounts)
    if revoked := _only(RevokeLinks, changes):
        revoke_versions(connection, revoked, accounts)
    if entries := _only(Audit, changes):
        write_entries(connection, entries)
    if subscribed := [change for change in changes if isinstance(change, Subscribe | Unsubscribe)]:
        save_subscriptions(connection, subscribed, accounts)
    if noted := _only(NoteContacts, changes):
        save_notes(connection, noted, accounts)
    if faces := _only(NewChatFace, changes):
        save_chat_faces(connection, faces, accounts)
    if watched := [change for change in changes if isinstance(change, StartWatch | StopWatch | WatchBehind)]:
        save_watches(connection, watched, accounts)


def _only(kind: type[T], changes: Sequence[Change]) -> list[T]:
    return [change for change in changes if isinstance(change, kind)]


def _addresses(changes: Sequence[Change]) -> Iterator[str]:
    """Every account that these changes name."""
    for change in changes:
        match change:
            case NewMessage(sender_account=sender, receiver_account=receiver, owner=owner):
                yield from (sender, receiver, owner or sender)
            case OpenConversation(first=first, second=second) | NewChatFace(first=first, second=second):
                yield from (first, second)
            case NewLink(account=str() as account) | RevokeLinks(sender_account=account):
                yield account
            case Subscribe(account=account) | Unsubscribe(account=account) | NoteContacts(account=account):
                yield account
            case StartWatch(watcher=watcher) | StopWatch(watcher=watcher) | WatchBehind(watcher=watcher):
                yield watcher
