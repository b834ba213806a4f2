"""From changes to statements: one `executemany` for all changes of a kind.

The kinds come in an order in which rows are there before those that refer to them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from .audit_log import write_entries
from .changes import (
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
from .chosen import save_statuses
from .contact_notes import save_notes
from .known import Known
from .messages import insert_messages, mark_delivered, withdraw
from .stored_conversations import end_conversations, insert_conversations
from .stored_links import insert_links
from .stored_subscriptions import save_subscriptions
from .stored_watches import save_chat_faces, save_watches
from .versions import supersede

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
        mark_delivered(connection, delivered)
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
