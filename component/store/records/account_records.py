"""What is kept of accounts besides their messages: whose presence they are subscribed to (P5), the statuses that people
chose to show (P3), and what was noted of their contacts (D2).

The notes are a text that only ``policy.roster_plan`` understands: one row for an account, as all of it is needed
together, and only when its contacts are looked through.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from ..changes import ChooseStatus, NoteContacts, Subscribe, Unsubscribe
from ..schema import account, chosen_status, contact_notes, subscription

_UNSUBSCRIBE = delete(subscription).where(
    subscription.c.watcher_id == bindparam("watcher"), subscription.c.face == bindparam("of")
)
_SUBSCRIPTIONS = select(account.c.jid, subscription.c.face).join_from(subscription, account)


def save_subscriptions(
    connection: Connection, changes: Sequence[Subscribe | Unsubscribe], accounts: Mapping[str, int]
) -> None:
    """The last change of a pair counts."""
    last = {(accounts[change.account], change.face): change for change in changes}
    connection.execute(_UNSUBSCRIBE, [{"watcher": watcher, "of": face} for watcher, face in last])
    wanted = [
        {"watcher_id": watcher, "face": face}
        for (watcher, face), change in last.items()
        if isinstance(change, Subscribe)
    ]
    if wanted:
        connection.execute(insert(subscription), wanted)


def subscriptions(connection: Connection) -> list[tuple[str, str]]:
    """Every ``(account, face)``."""
    return list(connection.execute(_SUBSCRIPTIONS))


_NO_STATUS = delete(chosen_status).where(chosen_status.c.account_id == bindparam("owner"))
_STATUSES = select(account.c.jid, chosen_status.c.status).join_from(chosen_status, account)


def save_statuses(connection: Connection, changes: Sequence[ChooseStatus], accounts: Mapping[str, int]) -> None:
    """The last choice of an account counts."""
    last = {accounts[change.account]: change.status for change in changes}
    connection.execute(_NO_STATUS, [{"owner": owner} for owner in last])
    wanted = [{"account_id": owner, "status": status} for owner, status in last.items() if status]
    if wanted:
        connection.execute(insert(chosen_status), wanted)


def chosen_statuses(connection: Connection) -> dict[str, str]:
    """The name of the chosen status by bare account."""
    return {jid: status for jid, status in connection.execute(_STATUSES)}


_NO_NOTES = delete(contact_notes).where(contact_notes.c.account_id == bindparam("owner"))
_NOTES = select(contact_notes.c.notes).join_from(contact_notes, account).where(account.c.jid == bindparam("jid"))
_WATCHED = select(subscription.c.face).join_from(subscription, account).where(account.c.jid == bindparam("jid"))
_NOTED = select(account.c.jid).join_from(contact_notes, account)


def save_notes(connection: Connection, changes: Sequence[NoteContacts], accounts: Mapping[str, int]) -> None:
    """The last notes of an account count; an empty text is none."""
    last = {accounts[change.account]: change.notes for change in changes}
    connection.execute(_NO_NOTES, [{"owner": owner} for owner in last])
    wanted = [{"account_id": owner, "notes": notes} for owner, notes in last.items() if notes]
    if wanted:
        connection.execute(insert(contact_notes), wanted)


def find_notes(connection: Connection, jid: str) -> tuple[str, frozenset[str]]:
    """The notes of an account, empty if there are none, and the faces whose presence it is subscribed to."""
    notes = connection.execute(_NOTES, {"jid": jid}).scalar() or ""
    return notes, frozenset(connection.execute(_WATCHED, {"jid": jid}).scalars())


def noted_accounts(connection: Connection) -> list[str]:
    return list(connection.execute(_NOTED).scalars())
