"""The lease on a PostgreSQL database (H2): one row, which its holder renews, with an epoch that rises with each holder.

The row runs out by the database's clock. The holder itself counts from before it asked for a renewal, by a clock that
goes on while the machine sleeps, and so stops before the row runs out. Every transaction that writes for the holder
proves the epoch by locking the row: whoever takes over waits for those under way, and all that come later fail.

Instances that serve other hosts have databases of their own on the server, and so leases of their own (H7).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from component.background_tasks import BackgroundTasks

from .postgresql_connection import PROBLEMS, Pg, cause, connect
from .process_names import is_gone, process_name
from .store_errors import StoreError, StoreInUse

T = TypeVar("T")

log = logging.getLogger(__name__)

LEASE_SECONDS = 8.0
"""From one renewal on. Who was killed on another machine is succeeded after as long."""

RENEW_SECONDS = 2.0
"""Between two renewals; and what one may take."""

RETRY_SECONDS = 0.25

# Made by the first who wants it: whoever makes or changes all other tables has it already.
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('deskbridge makes the lease'))"
_CREATE = """
CREATE TABLE IF NOT EXISTS lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    database uuid NOT NULL DEFAULT gen_random_uuid(),
    epoch bigint NOT NULL DEFAULT 0,
    holder text NOT NULL DEFAULT '',
    process text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    written bigint NOT NULL DEFAULT 0
)
"""
_FIRST_ROW = "INSERT INTO lease DEFAULT VALUES ON CONFLICT DO NOTHING"
_EXISTS = "SELECT to_regclass('lease') IS NOT NULL"
_LOOK = "SELECT epoch, holder, process, expires_at, expires_at <= clock_timestamp() AS over FROM lease"
_TAKE = """
UPDATE lease SET epoch = epoch + 1, holder = $3, process = $4, expires_at = clock_timestamp() + $5 * interval '1 second'
WHERE epoch = $1 AND expires_at = $2
RETURNING epoch, database::text
"""
_RENEW = "UPDATE lease SET expires_at = clock_timestamp() + $2 * interval '1 second' WHERE epoch = $1 RETURNING epoch"
_RELEASE = "UPDATE lease SET expires_at = '-infinity' WHERE epoch = $1"


class PostgreSQLLease:
    """A `Lease`."""

    def __init__(self, url: str, holder: str) -> None:
        """``url`` is ``postgresql://...``."""
        self.database = ""
        self.epoch = 0
        self.lost = asyncio.Event()
        self._url = url
        self.holder = holder
        self._process = process_name()
        self._valid_until = 0.0
        self._seen: tuple[object, float] = (None, 0.0)
        self._connection: Pg | None = None
        self._tasks = BackgroundTasks()

    async def acquire(self) -> None:
        started = _now()
        row = await self._ask(self._take)
        self.epoch, self.database = row["epoch"], row["database"]
        self._valid_until = started + LEASE_SECONDS
        self._tasks.start(self._renew_for_ever(), "renewing the lease on the database")

    def valid(self) -> bool:
        return _now() < self._valid_until and not self.lost.is_set()

    async def release(self) -> None:
        held, self._valid_until = self.valid(), 0.0
        await self._tasks.close()
        try:
            if held:
                await self._ask(lambda connection: connection.execute(_RELEASE, self.epoch))
        except StoreError as problem:
            log.warning(
                "the next process has to wait for %s s: the lease cannot be given up: %s", LEASE_SECONDS, problem
            )
        finally:
            self._let_go()

    async def _take(self, connection: Pg) -> asyncpg.Record:
        if not await connection.fetchval(_EXISTS):
            await _create(connection)
        row = await connection.fetchrow(_LOOK)
        if not row or not self._free(row):
            raise StoreInUse(row["holder"] if row else "")
        values = (row["epoch"], row["expires_at"], self.holder, self._process, LEASE_SECONDS)
        taken = await connection.fetchrow(_TAKE, *values)
        if taken is None:  # somebody else was quicker
            raise StoreInUse(await connection.fetchval("SELECT holder FROM lease"))
        return taken

    def _free(self, row: asyncpg.Record) -> bool:
        """Released, run out, of a process that is gone, or of ourselves, if that was never heard; or not renewed for so
        long that it must have run out, whatever the database's clock says, which may have been set back."""
        seen, now = (row["epoch"], row["expires_at"]), _now()
        if self._seen[0] != seen:
            self._seen = seen, now
        unchanged = now - self._seen[1]
        return row["over"] or unchanged > LEASE_SECONDS or row["process"] == self._process or is_gone(row["process"])

    async def _renew_for_ever(self) -> None:
        trouble = ""
        while not self.lost.is_set():
            await asyncio.sleep(RETRY_SECONDS if trouble else RENEW_SECONDS)
            started = _now()
            try:
                renewed = await self._ask(lambda connection: connection.fetchval(_RENEW, self.epoch, LEASE_SECONDS))
            except StoreError as problem:
                if not trouble:
                    log.warning("the lease on the database cannot be renewed: %s", problem)
                trouble = str(problem)
                continue
            if renewed is None:
                self.lost.set()
                return
            self._valid_until = started + LEASE_SECONDS
            if trouble:
                log.info("the lease on the database is renewed again")
            trouble = ""

    async def _ask(self, question: Callable[[Pg], Awaitable[T]]) -> T:
        """On a connection of its own, which nothing else holds up.

        :raises StoreError: it cannot be asked
        """
        if self._connection is None:
            self._connection = await connect(self._url, "lease", RENEW_SECONDS)
        try:
            return await question(self._connection)
        except PROBLEMS as problem:
            self._let_go()
            raise StoreError(f"PostgreSQL does not tell: {cause(problem)}") from problem
        except asyncio.CancelledError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


async def _create(connection: Pg) -> None:
    async with connection.transaction():
        await connection.execute(_ALONE)
        await connection.execute(_CREATE)
        await connection.execute(_FIRST_ROW)


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
