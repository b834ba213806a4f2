"""Opening the database: who may connect how, and the migrations that run at start.

The driver is Python's own sqlite3, called from threads of ours: a whole batch or a whole query is one hop to
a thread. Through SQLAlchemy's asyncio layer every single driver call is a hop, which costs four times the
CPU in small batches (`benchmarks/store.py` has the figures of this one).
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from .prepared import driver
from .store_errors import StoreError

BUSY_TIMEOUT_MS = 2_000
"""How long a write waits for somebody else's, a command on the command line. A message may come behind such a write,
and its sender shall hear of it within five seconds (R3)."""

_WRITER_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # what was committed survives a power cut, not only a crash of ours (A5)
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten (A8)
    "cache_size = -65536",  # 64 MB hold the ends of the indexes of some ten thousand conversations
    "wal_autocheckpoint = 4000",  # of 4 kB: fewer copy the same pages again and again, more stall longer
)


def writer_engine(url: str) -> Engine:
    """The one connection that writes; it may create the file. ``url`` is ``sqlite:///PATH``.

    :raises StoreError: the URL names no SQLite file, or the file cannot be created
    """
    create_private(file_of(url))
    engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0)
    _configure(engine, "BEGIN IMMEDIATE", *_WRITER_SETTINGS)
    return engine


def reader_engine(url: str, connections: int) -> Engine:
    """Connections that only read. In WAL mode they never wait for the writer, nor it for them."""
    engine = create_engine(url, hide_parameters=True, pool_size=connections, max_overflow=0)
    _configure(engine, "BEGIN", "query_only = ON")
    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest form, in one transaction: all of it or nothing.

    :raises SchemaTooNew: a later version has written the database
    :raises SQLAlchemyError: it could not be done
    """
    with engine.begin() as connection:
        if _revision(connection) != _newest():
            # Only now, as nearly every start finds its tables as they should be: these libraries take 10 MB.
            from .migrations.upgrade import upgrade

            upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _newest() -> str:
    """Migrations lie in files ``vREVISION_NAME.py``, of rising numbers."""
    return max(path.name for path in Path(__file__).with_name("migrations").glob("versions/v*.py"))[1:].partition("_")[
        0
    ]


PROBLEMS = (SQLAlchemyError, sqlite3.Error)
"""What the database raises: by way of SQLAlchemy, or its driver directly."""

_OPERATIONAL = (sqlite3.OperationalError, sqlite3.InternalError, sqlite3.DatabaseError)
"""Their subclasses are not meant."""


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


def file_of(url: str) -> str:
    """The path in ``sqlite:///PATH``.

    :raises StoreError: the URL is another one
    """
    with contextlib.suppress(ArgumentError):
        parsed = make_url(url)
        if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
            return parsed.database
    raise StoreError("the storage must be sqlite:///PATH")  # not naming the URL, which may hold a password


def create_private(path: str) -> None:
    """Make the file, if it is not there.

    Chats are for the service's own account; SQLite gives its other files the same rights.
    """
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StoreError(f"cannot create the database {path}: {error.strerror}") from error


def _configure(engine: Engine, begin: str, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # sqlite3 would begin late and leave DDL and savepoints out
        cursor = connection.cursor()
        for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if not driver(connection).in_transaction:  # the writer has begun, without SQLAlchemy
            connection.exec_driver_sql(begin)
