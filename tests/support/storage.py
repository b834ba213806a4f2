"""Where a test's database is: beside the test's other files, or in PostgreSQL.

With ``DESKBRIDGE_TEST_STORAGE=postgresql`` every deskbridge that tests start keeps all in PostgreSQL.
"""

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.support.postgresql import PostgreSQLServer, psql

VARIABLE = "DESKBRIDGE_TEST_STORAGE"
SQLITE = "sqlite:///"

on_sqlite = pytest.mark.skipif(os.environ.get(VARIABLE) == "postgresql", reason="about SQLite's own ways")
"""For tests of a whole deskbridge."""

_PLACE = "storage-url"


@cache
def shared_server() -> PostgreSQLServer:
    """The PostgreSQL of these tests, which runs from now on. `stop_server` ends it."""
    server = PostgreSQLServer.new()
    server.start()
    return server


def stop_server() -> None:
    """Nothing happens if it was never asked for."""
    if shared_server.cache_info().currsize:
        shared_server().remove()
        shared_server.cache_clear()


def use_postgresql(folder: Path, url: str) -> None:
    """What has its database in ``folder`` has it there."""
    (folder / _PLACE).write_text(url)


def storage_of(folder: Path, file: str = "deskbridge.db") -> str:
    """The URL of the database of what keeps its files in ``folder``: always the same."""
    if os.environ.get(VARIABLE) == "postgresql" and not (folder / _PLACE).exists():
        use_postgresql(folder, shared_server().new_database())
    if (folder / _PLACE).exists():
        return (folder / _PLACE).read_text()
    return f"{SQLITE}{folder / file}"


def execute(url: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement as an operator would, with ``?`` for each value; its rows."""
    if not url.startswith(SQLITE):
        for number in range(1, len(values) + 1):
            sql = sql.replace("?", f"${number}", 1)
        with ThreadPoolExecutor(1) as elsewhere:  # where no event loop runs
            return elsewhere.submit(asyncio.run, _ask(url, sql, values)).result()
    with closing(sqlite3.connect(url.removeprefix(SQLITE))) as connection, connection:
        return connection.execute(sql, values).fetchall()


@contextmanager
def held(url: str) -> Iterator[None]:
    """Nobody else can write meanwhile."""
    if url.startswith(SQLITE):
        with closing(sqlite3.connect(url.removeprefix(SQLITE), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            return
    with psql(url) as other:
        assert other.stdin and other.stdout
        other.stdin.write("BEGIN; LOCK TABLE message, meta, account, conversation IN EXCLUSIVE MODE; SELECT 'held';\n")
        other.stdin.flush()
        assert other.stdout.readline() == "held\n"
        yield


def lose(url: str) -> None:
    """What was in it is gone; nobody has it open."""
    if url.startswith(SQLITE):
        file = Path(url.removeprefix(SQLITE))
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
    else:
        execute(url, "DROP SCHEMA public CASCADE")
        execute(url, "CREATE SCHEMA public")


async def _ask(url: str, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()
