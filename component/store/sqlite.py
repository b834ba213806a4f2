"""The engine for SQLite: one connection that writes, a few that only read; neither waits for the other.

SQLite keeps its files open. If one of them is deleted or replaced meanwhile, it goes on with what has no name any more,
and all that it writes there is gone with the process. So before each transaction the files are compared with those that
were opened (`database_files`), and what is in the old ones is saved before new ones are opened, while nobody reads.
"""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .database_files import DatabaseFiles
from .engine import Outcome, Stalled, Submission
from .migrations import migrate
from .sqlite_connection import (
    FAULTS,
    Opener,
    SqliteConnection,
    checkpoint,
    copy_to,
    create_private,
    file_of,
    in_transaction,
    is_busy,
)
from .store_errors import StoreBusy, StoreError
from .write.batch import Rows, insert_rows
from .write.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

READERS = 4
"""More would only wait for each other, as rows become objects under Python's lock."""

LOOK_SECONDS = 1.0
"""Between two looks whether the files are still there, while nobody writes."""


class SqliteEngine:
    """The database ``sqlite:///PATH`` (`Engine`)."""

    def __init__(self, url: str, writer: Writer) -> None:
        """:raises StoreError: the URL names no SQLite file"""
        self._path = file_of(url)
        self._files = DatabaseFiles(self._path)
        self._writer = writer
        self._turn = asyncio.Lock()
        self._opener = Opener(self._path)
        self._connection: SqliteConnection | None = None
        self._readers = Readers(self._opener)
        self._is_open = False
        self._closed = False
        self._trouble: str | None = None
        """What keeps everything from being written until an operator does something, in words for operators."""

    async def open(self) -> None:
        create_private(self._path)
        try:
            await self._in_turn(migrate)
            await self._in_turn(lambda connection: self._writer.start(partial(in_transaction, connection)))
        except FAULTS.raised as error:
            raise StoreError(f"cannot open the database: {FAULTS.cause(error)}") from error
        self._is_open = True

    async def read(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._readers.read(_alone("BEGIN", step, *args, **kwargs))
        except FAULTS.raised as error:
            raise StoreError(f"cannot be read: {FAULTS.cause(error)}") from error

    async def change(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._in_turn(_alone("BEGIN IMMEDIATE", step, *args, **kwargs))
        except FAULTS.raised as error:
            raise StoreError(f"cannot be written: {FAULTS.cause(error)}") from error

    async def write(self, batch: Sequence[Submission], stalled: Stalled) -> Sequence[Outcome]:
        try:
            rows = self._writer.rows(batch)
            if rows is not None and await self._write_rows(rows):
                return [None] * len(batch)
            return await self._in_turn(
                lambda connection: self._writer.write(partial(in_transaction, connection), batch, FAULTS)
            )
        except Exception as error:
            log.error("%d submissions could not be written: %s", len(batch), FAULTS.cause(error))
            kind = StoreBusy if is_busy(error) else StoreError
            return [kind(f"cannot be written: {FAULTS.cause(error)}") for _ in batch]

    async def _write_rows(self, rows: Rows) -> bool:
        """False if something in it cannot be stored, and so nothing is."""
        written = False
        try:
            await self._in_turn(_alone("BEGIN IMMEDIATE", insert_rows, rows))
            written = True
        except FAULTS.raised as problem:
            if FAULTS.is_operational(problem):
                raise
        finally:
            if written:
                self._writer.written(rows)
            else:
                self._writer.failed()
        return written

    def missing(self) -> list[str]:
        lacking = [f"{path} was deleted or replaced" for path in self._files.lacking()]
        return [self._trouble] if self._trouble else lacking

    async def look_after(self) -> None:
        """Files that are deleted while nothing is written, and what was in them."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._trouble is None and self._files.lacking():
                with suppress(StoreError):  # it is in the log, and `missing`
                    await self.change(lambda _: None)

    async def close(self) -> None:
        try:
            if self._is_open:
                await self.change(self._writer.finish)
        except StoreError as error:
            raise StoreError(f"the database could not be closed cleanly: {error}") from error
        finally:
            self._closed = True
            await self._readers.close()
            await self._let_go()

    async def _in_turn(self, job: Callable[[Connection], T]) -> T:
        """What ``job`` answers on the connection that writes, one after the other. After a failure the next one begins
        on a fresh connection."""
        async with self._turn:
            if self._closed:
                raise StoreError("the store is closed")
            if self._files.lacking():
                await self._mend()
            try:
                if self._connection is None:
                    self._connection = await self._opener.writer()
                    self._files.opened()
                return await self._connection.run(job)
            except FAULTS.raised:
                await self._let_go()
                raise

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        self._files.closed()
        if connection is not None:
            await connection.close()

    # Files that somebody deletes or replaces

    async def _mend(self) -> None:
        """Save what is in files that have no name any more, and let new ones be opened.

        :raises StoreError: an operator has to do something
        """
        if self._trouble is not None:
            raise StoreError(self._trouble)
        log.error(
            "deleted or replaced while deskbridge runs: %s; its content is being saved",
            ", ".join(self._files.lacking()),
        )
        async with self._readers.apart():
            try:
                await self._save()
            except (SQLAlchemyError, sqlite3.Error, OSError) as error:
                told = FAULTS.cause(error)
                raise StoreError(f"what was kept in files that were deleted cannot be saved: {told}") from error
        if not self._files.has_main:
            raise StoreError(self._trouble or "the database was deleted")
        log.error("saved: nothing is lost, and deskbridge goes on")

    async def _save(self) -> None:
        if self._connection is None:
            # Nothing was open that could be saved; what is there now is somebody else's.
            self._trouble = f"the database {self._path} is not the one that deskbridge began with: restart deskbridge"
            return
        if self._files.has_main:
            await self._connection.run(checkpoint)
            await self._let_go()
            return
        saved = f"{self._path}.saved-{time.strftime('%Y%m%d-%H%M%S')}"
        create_private(saved)
        await self._connection.run(partial(copy_to, saved))
        await self._let_go()
        self._put_back(saved)

    def _put_back(self, saved: str) -> None:
        if not os.path.exists(self._path):
            os.rename(saved, self._path)
            self._files.accept()
            return
        self._trouble = (
            f"the database {self._path} was replaced while deskbridge runs, and nothing can be kept. All that was in "
            f"the old one is in {saved}: stop deskbridge, put there what it shall go on with, and start it"
        )


class Readers:
    """A few connections that only read. In WAL mode they never wait for the writer, nor it for them."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._free: list[SqliteConnection] = []
        self._turns = asyncio.Semaphore(READERS)
        self._closed = False

    async def read(self, job: Callable[[Connection], T]) -> T:
        async with self._turns:
            if self._closed:
                raise StoreError("the store is closed")
            connection = self._free.pop() if self._free else await self._opener.reader()
            try:
                return await connection.run(job)
            finally:
                self._free.append(connection)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[None]:
        """Nobody reads meanwhile, and no connection is open."""
        for _ in range(READERS):
            await self._turns.acquire()
        try:
            while self._free:
                await self._free.pop().close()
            yield
        finally:
            for _ in range(READERS):
                self._turns.release()

    async def close(self) -> None:
        """Let the queries that are running end."""
        async with self.apart():
            self._closed = True


def _alone(
    begin: str, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
) -> Callable[[Connection], T]:
    """A job: ``step`` in a transaction of its own."""

    def job(connection: Connection) -> T:
        with in_transaction(connection, begin):
            return step(connection, *args, **kwargs)

    return job
