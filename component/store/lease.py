"""Whose turn it is to serve from a database (H2, H3)."""

import asyncio
from typing import Protocol

from .dialects import POSTGRESQL
from .lock import FileLease


class Lease(Protocol):
    """Held by one process at a time. Who has it may write to the database, and speak for the component hosts."""

    holder: str
    """Which process this is, in one line for operators."""

    database: str
    """The same for all who would share this lease, and different for every other database."""

    epoch: int
    """Higher with each holder."""

    lost: asyncio.Event
    """Another process is known to have it."""

    async def acquire(self) -> None:
        """Take it, or say at once who has it.

        :raises StoreInUse: another process
        :raises StoreError: the database does not tell
        """

    def valid(self) -> bool:
        """Whether nobody else can have it at this moment. Costs next to nothing; asked before everything that is sent.

        It may run out, while the database cannot be reached, and be valid again if nobody took it meanwhile.
        """

    async def release(self) -> None:
        """Let the next one have it. Raises nothing."""


def store_lease(url: str, holder: str) -> Lease:
    """Of the database at ``url``, not taken yet, for this process, of which ``holder`` says in one line which it is.

    :raises StoreError: there is no such kind of database
    """
    if url.startswith(POSTGRESQL):
        # Only now, as its driver takes some MB.
        from .postgresql_lease import PostgreSQLLease

        return PostgreSQLLease(url, holder)
    return FileLease(url, holder)
