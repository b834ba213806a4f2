"""The engine for PostgreSQL (H1): one connection that writes, a few that only read.

**What was lost on its way.** When the connection breaks while a transaction commits, its answer may be lost, and the
batch written or not. Nobody is told anything before it is known which. The next connection ends the old session on the
server, so that it can write nothing more, and then looks for what the transaction left behind (`Doubt`). Meanwhile all
else is refused.

**The lease.** The last thing that each transaction does before it commits is to prove that this process still has the
lease, by writing a number of its own into the lease's row, which it finds by the epoch (`postgresql_lease`). That
number is also what is looked for if there is doubt.

**Batches.** Nearly all are messages and marks alone. Such a one is one statement, and that is one transaction: it has a
list for each column, locks the lease's row for its proof, and is told by its first message if there is doubt.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import AdaptedConnection, BigInteger, Connection, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from component.background_tasks import BackgroundTasks

from .engine import Outcome, Stalled, Submission
from .lease import Lease
from .migrations import migrate
from .postgresql_connection import FAULTS, PROBLEMS, READ_ONLY, Pg, connect, is_busy, is_certain, is_lost
from .records.meta import DELIVERED_UP_TO, SETTLED_UP_TO
from .schema import message
from .store_errors import LeaseLost, StoreBusy, StoreError
from .write.batch import MESSAGE_COLUMNS, Rows
from .write.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

READERS = 5

READ_SECONDS = 30.0
"""For one answer."""

WRITE_SECONDS = 4.0
"""For one answer, and for those that are before it. A sender shall hear within five seconds that a message cannot be
kept (R3)."""

PAUSES = (0.05, 2.0)
"""Seconds between two attempts to connect: at first, and at most."""

PATIENCE = 2.0
"""Seconds that others wait behind a batch of which it is not known whether it was written."""

# That the server gives up before the client does is an answer: then nothing came of it.
_TO_WRITE = {"statement_timeout": "3500ms", "lock_timeout": "2s"}
_TO_READ = {
    "statement_timeout": "29s",
    # Each step sees the database at one moment.
    "default_transaction_isolation": "repeatable read",
    READ_ONLY: "on",
}

_SESSION = "SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_END_SESSION = "SELECT pg_terminate_backend(pid, 3000) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2"
_PROVE = "UPDATE lease SET written = $2 WHERE epoch = $1 RETURNING epoch"
_HAS_NUMBER = "SELECT EXISTS (SELECT FROM lease WHERE epoch = $1 AND written = $2)"
_HAS_MESSAGE = "SELECT EXISTS (SELECT FROM message WHERE id = $1)"
_ALONE = "SELECT pg_advisory_lock(hashtext('deskbridge migrates'))"


def _write_rows(proof: str) -> str:
    """Marks, then a list for each column of messages, then what ``proof`` needs. Answers whether that was there."""
    first = 3
    types = ("bigint" if isinstance(message.c[name].type, BigInteger) else "text" for name in MESSAGE_COLUMNS)
    lists = ", ".join(f"${place}::{type}[]" for place, type in enumerate(types, first))
    return f"""
WITH proof AS ({proof.format(first + len(MESSAGE_COLUMNS))}),
messages AS (
    INSERT INTO message ({", ".join(MESSAGE_COLUMNS)}) SELECT new.* FROM proof CROSS JOIN unnest({lists}) AS new
),
marks AS (
    UPDATE meta SET value = mark.value
    FROM proof, (VALUES ('{DELIVERED_UP_TO}', $1), ('{SETTLED_UP_TO}', $2)) AS mark (key, value)
    WHERE meta.key = mark.key AND CAST(meta.value AS bigint) < CAST(mark.value AS bigint)
)
SELECT EXISTS (SELECT FROM proof)
"""


_WRITE = _write_rows("SELECT")
_PROVE_AND_WRITE = _write_rows("SELECT FROM lease WHERE epoch = ${} FOR SHARE")

Evidence = Callable[[Pg], Awaitable[bool]]
"""Looks for what a transaction left behind."""


@dataclass(slots=True)
class WriterSession:
    """A connection that writes: ``steps`` is SQLAlchemy's, over ``driver``. On the server it is ``process``, which
    ``started`` at a time of its clock."""

    driver: Pg
    steps: AsyncConnection
    process: int
    started: datetime | None = None


@dataclass(slots=True)
class Doubt:
    """Was the last transaction committed? ``answer`` gets to know."""

    evidence: Evidence
    answer: asyncio.Future[bool]


class PostgresqlEngine:
    """The database ``postgresql://...`` (`Engine`)."""

    def __init__(self, url: str, writer: Writer, lease: Lease | None) -> None:
        """``lease`` is proved in each transaction, if there is one."""
        self._url = url
        self._writer = writer
        self._lease = lease
        self._turn = asyncio.Lock()
        self._session: WriterSession | None = None
        self._number = time.time_ns()
        self._doubt: Doubt | None = None
        self._tasks = BackgroundTasks()
        self._trouble: str | None = None
        self._closed = False
        self._is_open = False
        self._stalled: Stalled = lambda problem: None
        # Transactions that write are begun and ended here (`_transaction`).
        self._sessions = self._engine(
            "writer", WRITE_SECONDS, _TO_WRITE, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        self._readers = self._engine("reader", READ_SECONDS, _TO_READ, pool_size=READERS, max_overflow=0)

    def _engine(
        self, purpose: str, answer_seconds: float | None, settings: dict[str, str] | None = None, **options: Any
    ) -> AsyncEngine:
        connected = partial(connect, self._url, purpose, answer_seconds, **(settings or {}))
        return create_async_engine("postgresql+asyncpg://", async_creator=connected, hide_parameters=True, **options)

    async def open(self) -> None:
        try:
            await self._migrate()
            self._session = await self._connect(None)
            await self._session.steps.run_sync(self._start)
        except FAULTS.raised as error:
            raise StoreError(f"cannot open the database: {FAULTS.cause(error)}") from error
        self._is_open = True

    async def read(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            try:
                return await self._read(step, *args, **kwargs)
            except FAULTS.raised as error:
                if not is_lost(error):
                    raise
            return await self._read(step, *args, **kwargs)  # on a fresh one: the server may be back already
        except FAULTS.raised as error:
            raise StoreError(f"cannot be read: {FAULTS.cause(error)}") from error

    async def change(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def job(connection: Connection) -> T:
            with self._transaction(connection):
                return step(connection, *args, **kwargs)

        # It is done also if whoever asked for it goes away: SQLAlchemy would give up the connection.
        work = self._in_turn(lambda session: session.steps.run_sync(job))
        changing = self._tasks.start(work, "changing the database", lambda problem: None)
        try:
            return await asyncio.shield(changing)
        except FAULTS.raised as error:
            raise StoreError(f"cannot be written: {FAULTS.cause(error)}") from error

    async def write(self, batch: Sequence[Submission], stalled: Stalled) -> Sequence[Outcome]:
        self._stalled = stalled
        try:
            return await self._in_turn(partial(self._write, batch))
        except StoreError as problem:
            return [problem] * len(batch)
        except FAULTS.raised as error:
            log.error("%d submissions could not be written: %s", len(batch), FAULTS.cause(error))
            kind = StoreBusy if is_busy(error) else StoreError
            return [kind(f"cannot be written: {FAULTS.cause(error)}") for _ in batch]

    def missing(self) -> list[str]:
        return [self._trouble] if self._trouble else []

    async def look_after(self) -> None:
        """Connections say by themselves when they are lost."""

    async def close(self) -> None:
        try:
            if self._is_open:
                await self.change(self._writer.finish)
        except StoreError as error:
            raise StoreError(f"the database could not be closed cleanly: {error}") from error
        finally:
            self._closed = True
            await self._tasks.close()
            await self._let_go()
            await self._sessions.dispose()
            await self._readers.dispose()

    async def _migrate(self) -> None:
        """On a connection of its own, as making an index may take long. Each migration proves the lease."""
        engine = self._engine("migration", None, {"idle_in_transaction_session_timeout": "0"}, poolclass=NullPool)
        event.listen(engine.sync_engine, "commit", lambda connection: _driver(connection).run_async(self._prove))
        try:
            async with engine.connect() as connection:
                await (await _driver_of(connection)).execute(_ALONE)
                await connection.run_sync(migrate)
        finally:
            await engine.dispose()

    def _start(self, connection: Connection) -> None:
        self._writer.start(partial(self._transaction, connection))

    async def _read(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise StoreError("the store is closed")
        async with self._readers.connect() as connection:
            return await connection.run_sync(step, *args, **kwargs)

    # Writing

    async def _in_turn(self, job: Callable[[WriterSession], Awaitable[T]]) -> T:
        """What ``job`` answers with the connection that writes, one after the other.

        :raises StoreError: there is no connection now, or it is not known what came of it
        """
        async with self._taking_turns():
            session = self._session
            if session is None:
                raise StoreError(self._trouble or "the store is closed")
            try:
                return await job(session)
            except FAULTS.raised as error:
                if is_lost(error):
                    self._lost(session, FAULTS.cause(error))
                raise
            finally:
                if session is not self._session:
                    await _close(session)

    @asynccontextmanager
    async def _taking_turns(self) -> AsyncIterator[None]:
        if self._trouble is not None:
            raise StoreError(self._trouble)
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise StoreBusy(self._trouble or "something else has been written all the time") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _write(self, batch: Sequence[Submission], session: WriterSession) -> Sequence[Outcome]:
        rows = self._writer.rows(batch)
        if rows is not None and await self._write_rows(rows, session):
            return [None] * len(batch)

        def job(connection: Connection) -> Sequence[Outcome]:
            return self._writer.write(partial(self._transaction, connection), batch, FAULTS)

        return await session.steps.run_sync(job)

    async def _write_rows(self, rows: Rows, session: WriterSession) -> bool:
        """By one statement, which is a transaction of its own; False if something in it cannot be stored, and so
        nothing is."""
        columns = zip(*rows.messages, strict=True) if rows.messages else [()] * len(MESSAGE_COLUMNS)
        marks = (str(rows.delivered), str(rows.settled))
        proof = () if self._lease is None else (self._lease.epoch,)
        statement = _WRITE if self._lease is None else _PROVE_AND_WRITE
        try:
            proved = await session.driver.fetchval(statement, *marks, *columns, *proof)
        except FAULTS.raised as problem:
            self._writer.failed()
            if not FAULTS.is_operational(problem):
                return False
            if is_certain(problem):
                raise
            evidence = _has_message(rows.messages[0][0]) if rows.messages else None
            await self._find_out(session, FAULTS.cause(problem), evidence)
        else:
            if not proved:
                self._writer.failed()
                raise self._taken()
        self._writer.written(rows)
        return True

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[Connection]:
        """(`Transaction`.) Begun and ended with the driver, whose answer to a commit has to be known; SQLAlchemy begins
        none here."""
        run = _driver(connection).run_async
        run(lambda driver: driver.execute("BEGIN"))
        try:
            yield connection
            run(self._commit)
        except BaseException:
            with suppress(*PROBLEMS):
                run(lambda driver: driver.execute("ROLLBACK"))
            raise
        finally:
            with suppress(*FAULTS.raised):
                connection.rollback()  # what SQLAlchemy believes to be one

    async def _commit(self, driver: Pg) -> None:
        """:raises StoreError: it was not committed"""
        session = self._session
        await self._prove(driver)
        try:
            await driver.execute("COMMIT")
        except PROBLEMS as problem:
            if is_certain(problem) or session is None:
                raise
            evidence = None if self._lease is None else _has_number(self._lease.epoch, self._number)
            await self._find_out(session, FAULTS.cause(problem), evidence)

    async def _prove(self, driver: Pg) -> None:
        """:raises LeaseLost: another process has it"""
        if self._lease is None:
            return
        self._number += 1
        if await driver.fetchval(_PROVE, self._lease.epoch, self._number) is None:
            raise self._taken()

    def _taken(self) -> LeaseLost:
        if self._lease is not None:
            self._lease.lost.set()
        return LeaseLost("another process has taken over the database")

    # A connection that is lost

    async def _find_out(self, session: WriterSession, problem: str, evidence: Evidence | None) -> None:
        """Wait until it is known by the ``evidence`` whether the last transaction was committed.

        :raises StoreError: it was not, or cannot be told
        """
        if evidence is None:
            self._lost(session, problem)
            raise StoreError(f"PostgreSQL was lost while it committed, so this may be written or not: {problem}")
        doubt = self._doubt = Doubt(evidence, asyncio.get_running_loop().create_future())
        self._lost(session, problem)
        refusing = asyncio.get_running_loop().call_later(PATIENCE, self._stall)
        try:
            if not await doubt.answer:
                raise StoreError(f"PostgreSQL was lost before it committed: {problem}")
            log.info("what PostgreSQL was writing when it was lost is written")
        finally:
            refusing.cancel()
            self._doubt = None

    def _stall(self) -> None:
        self._stalled(StoreError(self._trouble or "something else has been written all the time"))

    def _lost(self, session: WriterSession, problem: str) -> None:
        """Nothing is written until there is another connection."""
        if session is not self._session:
            return
        self._session = None
        self._trouble = f"PostgreSQL is away: {problem}"
        log.error("PostgreSQL is away, and messages are refused until it is back: %s", problem)
        session.driver.terminate()
        self._tasks.start(self._mend(session), "connecting to PostgreSQL again")

    async def _mend(self, lost: WriterSession) -> None:
        """Connect again, and find out what became of what was under way."""
        began, pause = time.monotonic(), PAUSES[0]
        while True:
            # At first too, so that whoever was using the connection has noticed, and has said what is in doubt.
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, PAUSES[1])
            try:
                session = await self._connect(lost)
                break
            except (StoreError, *PROBLEMS, SQLAlchemyError) as problem:
                self._trouble = f"PostgreSQL is away: {FAULTS.cause(problem)}"
        if not self._turn.locked():
            await _close(lost)
        self._session, self._trouble = session, None
        log.info("PostgreSQL is back after %.1f s", time.monotonic() - began)

    async def _connect(self, lost: WriterSession | None) -> WriterSession:
        """In place of the session that was ``lost``."""
        steps = await self._sessions.connect()
        driver = await _driver_of(steps)
        session = WriterSession(driver, steps, driver.get_server_pid())
        try:
            session.started = await driver.fetchval(_SESSION)
            if lost is not None:
                await self._settle(driver, lost)
        except BaseException:
            await _close(session)
            raise
        driver.add_termination_listener(lambda _: self._lost(session, "it has ended the connection"))
        return session

    async def _settle(self, driver: Pg, lost: WriterSession) -> None:
        """End the session that was ``lost``, which may hold locks, or write on; and answer the doubt, if there is one.

        A session that ends while its commit waits for a standby (``synchronous_standby_names``) has committed, perhaps
        without that. So this writes something too, which comes to the standby after it.
        """
        if await driver.fetchval(_END_SESSION, lost.process, lost.started) is False:
            raise StoreError("the session that was lost does not end on the server")
        doubt = self._doubt
        if doubt is None or doubt.answer.done():
            return
        written = await doubt.evidence(driver)
        try:
            await self._prove(driver)
        except LeaseLost as problem:
            doubt.answer.set_exception(problem)
        else:
            doubt.answer.set_result(written)

    async def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await _close(session)


async def has_tables(url: str) -> bool:
    """Has deskbridge made its tables there?

    :raises StoreError: it cannot be reached
    """
    driver = await connect(url, "command", READ_SECONDS)
    try:
        found: bool = await driver.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
    finally:
        await driver.close()
    return found


def _driver(connection: Connection) -> AdaptedConnection:
    """What is beneath SQLAlchemy's connection: ``run_async(function)`` calls it with the driver's."""
    return cast(AdaptedConnection, connection.connection.dbapi_connection)


def _has_message(id: int) -> Evidence:
    return lambda driver: driver.fetchval(_HAS_MESSAGE, id)


def _has_number(epoch: int, number: int) -> Evidence:
    return lambda driver: driver.fetchval(_HAS_NUMBER, epoch, number)


async def _driver_of(connection: AsyncConnection) -> Pg:
    return cast(Pg, (await connection.get_raw_connection()).driver_connection)


async def _close(session: WriterSession) -> None:
    """Raises nothing: what was not committed is void."""
    with suppress(*FAULTS.raised):
        if session.driver.is_closed():
            await session.steps.invalidate()
        await session.steps.close()
