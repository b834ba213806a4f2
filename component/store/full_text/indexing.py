"""When words come into their index: some time after their messages, when nothing else is to be written.

With each message by itself they would cost more than the rest of it; many at a time cost a fraction.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from ..engine import Database
from ..store_errors import StoreError
from . import words

log = logging.getLogger(__name__)

ENOUGH = 32
"""Messages that are worth a transaction while others come."""

PORTION = 256
"""Messages at a time, at most: some milliseconds, for which a batch may have to wait."""

QUIET = 1.0
"""Seconds without anything to write after which all is indexed; or after which is tried again what failed."""


class Indexing:
    """Indexes what was `written`, always after ``idle()``, which waits until nothing is to be written."""

    def __init__(self, database: Database, idle: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._idle = idle
        self._behind = 0
        self._may_merge = True
        self._enough = asyncio.Event()
        self._working = asyncio.create_task(self._work())

    def written(self, messages: int) -> None:
        """So many more are on disk, by one batch."""
        self._behind += messages
        if self._behind >= ENOUGH:
            self._enough.set()

    async def finish(self) -> None:
        """All that is left; if that cannot be done, the next start goes on with it."""
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        try:
            while self._behind:
                await self._index()
        except StoreError as problem:
            log.warning("words could not be indexed, the next start does it: %s", problem)

    async def _work(self) -> None:
        """Until it is cancelled."""
        self._behind += await self._database.read(words.behind)
        while True:
            quiet = not await self._wait_for_enough()
            try:
                while (quiet and (self._behind or self._may_merge)) or self._behind >= ENOUGH:
                    await self._idle()
                    await self._index()
            except StoreError as problem:
                log.warning("words could not be indexed, trying again: %s", problem)
                await asyncio.sleep(QUIET)

    async def _wait_for_enough(self) -> bool:
        """False if nothing came for a while."""
        self._enough.clear()
        if self._behind >= ENOUGH:
            return True
        try:
            async with asyncio.timeout(QUIET):
                return await self._enough.wait()
        except TimeoutError:
            return False

    async def _index(self) -> None:
        most = min(self._behind, PORTION)
        done, self._may_merge = await self._database.change(_step, most)
        # Somebody else may have done some of it: a search, another process.
        self._behind = max(0, self._behind - done) if done == most else 0


async def index_all(database: Database) -> None:
    """The words of all messages that are on disk now, so that a search finds them.

    :raises StoreError: the database cannot do it now
    """
    newest = await database.read(words.newest_unindexed)
    if newest is not None:
        while await database.change(words.index, PORTION, newest) == PORTION:
            pass


def _step(connection: Connection, most: int) -> tuple[int, bool]:
    """How many messages were indexed, and whether there is more to merge. Merging a little each time keeps anybody
    from having to do much at once."""
    return (words.index(connection, most) if most else 0), words.merge(connection)
