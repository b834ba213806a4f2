"""What was noted of the contacts of each account (D2): a text that only ``policy.contact_notes`` understands.

One row for an account, as all of it is needed together, and only when its contacts are looked through.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from .changes import NoteContacts
from .schema import account, contact_notes, subscription

_DELETE = delete(contact_notes).where(contact_notes.c.account_id == bindparam("owner"))
_NOTES = select(contact_notes.c.notes).join_from(contact_notes, account).where(account.c.jid == bindparam("jid"))
_WATCHED = select(subscription.c.face).join_from(subscription, account).where(account.c.jid == bindparam("jid"))
_NOTED = select(account.c.jid).join_from(contact_notes, account)


def save_notes(connection: Connection, changes: Sequence[NoteContacts], accounts: Mapping[str, int]) -> None:
    """The last notes of an account count; an empty text is none."""
    last = {accounts[change.account]: change.notes for change in changes}
    connection.execute(_DELETE, [{"owner": owner} for owner in last])
    wanted = [{"account_id": owner, "notes": notes} for owner, notes in last.items() if notes]
    if wanted:
        connection.execute(insert(contact_notes), wanted)


def find_notes(connection: Connection, jid: str) -> tuple[str, frozenset[str]]:
    """The notes of an account, empty if there are none, and the faces whose presence it is subscribed to."""
    notes = connection.execute(_NOTES, {"jid": jid}).scalar() or ""
    return notes, frozenset(connection.execute(_WATCHED, {"jid": jid}).scalars())


def noted_accounts(connection: Connection) -> list[str]:
    return list(connection.execute(_NOTED).scalars())
