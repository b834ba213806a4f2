"""When words come into their index: when there is time for it (A7).

Nobody waits for it: a search reads what is not indexed yet by itself (`archive/search.py`). So it keeps out of the way
of messages, however long they keep the process or its database busy.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from ..engine import Database
from ..store_errors import StoreError
from . import words

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds for which the process is watched before anything is done."""

BUSY = 0.5
"""Of one processor: who uses more has no time."""

ENOUGH = 32
"""Messages that are worth a transaction while others come."""

WORK = 0.25
"""Seconds after which the process is watched again."""

AGAIN = 5.0
"""Seconds until is tried again what failed."""


class Indexing:
    """Of the messages of ``database``, of which ``newest`` is the last one submitted, and only while nobody
    ``is_writing``."""

    def __init__(self, database: Database, newest: Callable[[], int], is_writing: Callable[[], bool]) -> None:
        self._database = database
        self._newest = newest
        self._is_writing = is_writing
        self._all_up_to = -1
        self._last_seen = -1
        self._catching_up = False
        self._failing = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            has_time = await self._has_time()
            if not (has_time and self._is_worth_it()):
                continue
            try:
                await self._some()
            except StoreError as problem:
                if not self._failing:
                    log.warning("words cannot be indexed now, and searches take longer until they can: %s", problem)
                self._failing = True
                await asyncio.sleep(AGAIN)

    async def _has_time(self) -> bool:
        started, used = time.monotonic(), time.process_time()
        await asyncio.sleep(LOOK)
        return time.process_time() - used < BUSY * (time.monotonic() - started)

    def _is_worth_it(self) -> bool:
        """Are there enough messages, or did no more come since the last look?"""
        newest, last_seen = self._newest(), self._last_seen
        self._last_seen = newest
        return newest - self._all_up_to >= ENOUGH or self._all_up_to < newest == last_seen

    async def _some(self) -> None:
        end = time.monotonic() + WORK
        while not self._is_writing():
            newest = self._newest()
            is_more = await index_some(self._database)
            self._tell_recovery()
            if not is_more:
                self._all_up_to = newest
                self._tell_end()
                break
            if time.monotonic() >= end:
                self._tell_begin()
                break

    def _tell_recovery(self) -> None:
        if self._failing:
            log.info("words are indexed again")
            self._failing = False

    def _tell_begin(self) -> None:
        """Much was left from before the start, as after an update."""
        if self._all_up_to < 0 and not self._catching_up:
            log.info("words of earlier messages are being indexed; searches among these take longer until that is done")
            self._catching_up = True

    def _tell_end(self) -> None:
        if self._catching_up:
            log.info("the words of all messages are indexed")
            self._catching_up = False


async def index_some(database: Database) -> bool:
    """Index the next messages, or merge what is there. Is there more to do?

    :raises StoreError: the database cannot do it now
    """
    portion = await database.read(words.next_texts)
    if portion is None:
        return await database.change(words.merge)
    await database.change(words.index, await asyncio.to_thread(words.folded, portion))
    return True
