"""Doors of the store besides `Store`: ``store.links`` and ``store.audit``. They raise ``StoreError`` as it does."""

from collections.abc import AsyncIterator, Collection, Mapping

from sqlalchemy import Connection

from . import audit_log as audit
from . import link_openings as openings
from . import stored_links as links
from .audit_log import AuditEntry, write_entries
from .changes import Audit
from .purge import Database
from .stored_links import FoundLink, StoredLink, Which


class StoredLinks:
    """What the web part and operators do with links. New ones come with their messages, by `Store.submit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, token: str) -> FoundLink | None:
        """The link that this token opens, dead or live."""
        return await self._database.ask(links.find, token)

    async def all(self, which: Which) -> AsyncIterator[StoredLink]:
        """These links, by rising number."""
        last = 0
        while chunk := await self._database.ask(links.next_links, which, last):
            for link in chunk:
                yield link
            last = chunk[-1].id

    async def of_messages(self, ids: Collection[int]) -> list[FoundLink]:
        """All links of these messages, dead ones too, by rising number."""
        return await self._database.ask(links.of_messages, ids)

    async def revoke(self, which: Which, by: str, at: int) -> list[StoredLink]:
        """Let these links open nothing any more, and write into the audit log that the actor ``by`` did that.

        Those that were not revoked before, as they were.
        """
        return await self._database.change(_revoke, which, by, at)

    async def opened(self, times: Mapping[int, int], at: int) -> None:
        """Links of these numbers were opened so many times since the last call. See `openings`."""
        await self._database.change(openings.count, times, at)

    async def remove_expired(self, before: int) -> int:
        """Remove links that expired before that time in us, unless a hold keeps their message; how many.

        In small steps, between which others write.
        """
        removed = 0
        while some := await self._database.change(links.remove_expired, before):
            removed += some
        return removed


class AuditLog:
    """Who did what. New entries come by `Store.submit`, too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, tenant: str | None = None, subject: str | None = None) -> AsyncIterator[AuditEntry]:
        """All of it, oldest first; only of one tenant, or about one subject, if that is given."""
        last = 0
        while chunk := await self._database.ask(audit.next_entries, last, tenant, subject):
            for entry in chunk:
                yield entry
            last = chunk[-1].id


def _revoke(connection: Connection, which: Which, by: str, at: int) -> list[StoredLink]:
    """In one transaction, however many there are: a list of links half revoked would be worse than a wait."""
    revoked: list[StoredLink] = []
    last = 0
    while chunk := links.next_links(connection, which, last):
        revoked += [link for link in chunk if link.revoked_at is None]
        last = chunk[-1].id
    links.revoke(connection, [link.id for link in revoked], at)
    if revoked:
        write_entries(connection, [Audit(at, link.tenant, by, "link.revoked", f"link {link.id}") for link in revoked])
    return revoked
