"""Connections to an SQLite file, each in a thread of aiosqlite's.

A whole batch or a whole query is one hop to a thread. aiosqlite makes a hop of every call, which would cost up to four
times the CPU in small batches; so its connections are of a class of ours, whose ``commit`` does in that thread whatever
is to be done there. The thread ends only when it is told to (`SqliteConnection.close`).
"""

import contextlib
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from .engine import Faults
from .prepared import driver
from .store_errors import StoreError

T = TypeVar("T")

BUSY_TIMEOUT_MS = 2_000
"""How long a write waits for somebody else's, a command on the command line. A message may come behind such a write,
and its sender shall hear of it within five seconds (R3)."""

_TO_WRITE = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was committed survives a power cut, not only a crash of ours (A5)
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten (A8)
    "PRAGMA cache_size = -65536",  # 64 MB hold the ends of the indexes of some ten thousand conversations
    "PRAGMA wal_autocheckpoint = 4000",  # of 4 kB: fewer copy the same pages again and again, more stall longer
    *("BEGIN IMMEDIATE", "ROLLBACK"),  # now all of its files are there (`database_files`)
)
_TO_READ = ("PRAGMA query_only = ON",)

_OPERATIONAL = (sqlite3.OperationalError, sqlite3.InternalError, sqlite3.DatabaseError)
"""Their subclasses are not meant."""


class _Jobs(sqlite3.Connection):
    """Does one of its jobs at each ``commit`` that comes from outside of a job, and adds what that answers to the list
    that waits with it. ``inner`` is SQLAlchemy's connection over this one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pending: deque[tuple[Callable[[Any], Any], list[Any]]] = deque()
        self.inner: Connection | None = None
        self._at_work = False

    def commit(self) -> None:
        if self._at_work:
            super().commit()
            return
        self._at_work = True
        try:
            job, answers = self.pending.popleft()
            answers.append(job(self.inner))
        finally:
            self._at_work = False


class SqliteConnection:
    """Of SQLAlchemy's, in the thread of ``outer``. Made by `Opener`."""

    def __init__(self, outer: aiosqlite.Connection, jobs: _Jobs) -> None:
        self._outer = outer
        self._jobs = jobs

    async def run(self, job: Callable[[Connection], T]) -> T:
        """What ``job`` answers or raises in the connection's thread, after all that was begun before."""
        answers: list[T] = []
        self._jobs.pending.append((job, answers))
        await self._outer.commit()
        return answers[0]

    async def close(self) -> None:
        """End the thread. Nothing is raised: what was not committed is void."""
        with contextlib.suppress(*FAULTS.raised):
            await self.run(lambda connection: connection.close())
        with contextlib.suppress(*FAULTS.raised):
            await self._outer.close()


class Opener:
    """Opens connections to the file ``path``. They share what SQLAlchemy compiles."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._here = threading.local()
        self._engine = create_engine(
            "sqlite://", creator=lambda: self._here.connection, poolclass=NullPool, hide_parameters=True
        )
        event.listen(self._engine, "begin", _begin)

    async def writer(self) -> SqliteConnection:
        """:raises sqlite3.Error: it cannot be opened"""
        return await self._open(_TO_WRITE)

    async def reader(self) -> SqliteConnection:
        """:raises sqlite3.Error: it cannot be opened"""
        return await self._open(_TO_READ)

    async def _open(self, statements: tuple[str, ...]) -> SqliteConnection:
        made: list[_Jobs] = []

        def factory(*args: Any, **kwargs: Any) -> _Jobs:
            made.append(_Jobs(*args, **kwargs))
            return made[0]

        # Without an isolation level sqlite3 begins no transaction by itself: late, and not for DDL and savepoints.
        outer = await aiosqlite.connect(self._path, factory=factory, isolation_level=None)
        opened = SqliteConnection(outer, made[0])

        def prepare(_: Connection) -> None:
            for statement in (f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", *statements):
                made[0].execute(statement)
            self._here.connection = made[0]
            made[0].inner = self._engine.connect()

        try:
            await opened.run(prepare)
        except BaseException:
            await outer.close()
            raise
        return opened


@contextlib.contextmanager
def in_transaction(connection: Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[Connection]:
    """Begun and ended with the driver, as SQLAlchemy's transactions cost more than SQLite's. Those steps that use its
    statements make one inside, which finds that it has nothing to do."""
    sqlite = driver(connection)
    sqlite.execute(begin)
    try:
        yield connection
        sqlite.execute("COMMIT")
    finally:
        if sqlite.in_transaction:
            sqlite.rollback()
        if connection.in_transaction():
            connection.rollback()


def _begin(connection: Connection) -> None:
    if not driver(connection).in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def checkpoint(connection: Connection) -> None:
    """Bring all into the main file.

    :raises sqlite3.OperationalError: others are using the files
    """
    busy, *_ = driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("another process is using them")


def copy_to(path: str, connection: Connection) -> None:
    with contextlib.closing(sqlite3.connect(path)) as copy:
        driver(connection).backup(copy)


def file_of(url: str) -> str:
    """The path in ``sqlite:///PATH``.

    :raises StoreError: the URL is another one
    """
    with contextlib.suppress(ArgumentError):
        parsed = make_url(url)
        if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
            return parsed.database
    raise StoreError(
        "the storage must be sqlite:///PATH or postgresql://USER@HOST/DATABASE"
    )  # not naming the URL, which may hold a password


def has_file(url: str) -> bool:
    """:raises StoreError: like `file_of`"""
    return os.path.exists(file_of(url))


def create_private(path: str) -> None:
    """Make the file, if it is not there.

    Chats are for the service's own account; SQLite gives its other files the same rights.
    """
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StoreError(f"cannot create the database {path}: {error.strerror}") from error


def is_operational(error: Exception) -> bool:
    """Is it the disk's or the file's fault, whatever was to be written?"""
    return type(getattr(error, "orig", error)) in _OPERATIONAL


def is_busy(error: Exception) -> bool:
    """Did another process hold the database?"""
    code: int = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the rest of the code says more about it


def cause(error: Exception) -> str:
    """What the database said, without the statement and without its parameters."""
    return str(getattr(error, "orig", None) or error)


FAULTS = Faults((SQLAlchemyError, sqlite3.Error), is_operational, cause)
"""The database raises by way of SQLAlchemy, or its driver directly."""
