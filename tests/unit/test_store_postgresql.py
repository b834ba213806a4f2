"""The store on PostgreSQL: its tables, and what becomes of a batch when the server or the network goes away (A5)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from component.store.api import Store
from component.store.postgresql_lease import PostgreSQLLease
from component.store.schema import metadata
from tests.support.postgresql import PostgreSQLServer
from tests.support.store import opened


@pytest.fixture
def url(postgresql: PostgreSQLServer) -> str:
    return postgresql.new_database()


@pytest.fixture
async def lease(url: str) -> AsyncIterator[PostgreSQLLease]:
    lease = PostgreSQLLease(url, "this process")
    await lease.acquire()
    yield lease
    await lease.release()


@pytest.fixture
async def store(url: str, lease: PostgreSQLLease) -> AsyncIterator[Store]:
    store = await Store.open(url, lease)
    yield store
    await store.close()


def columns(connection: sa.Connection) -> dict[str, set[tuple[str, bool]]]:
    """Of every table: names, and whether they may be empty."""
    found = sa.inspect(connection)
    return {
        table: {(column["name"], column["nullable"]) for column in found.get_columns(table)}
        for table in found.get_table_names()
    }


async def test_the_tables_are_those_that_the_code_knows(store: Store, tmp_path: Path) -> None:
    """H1."""
    described = {name: {(c.name, c.nullable) for c in table.columns} for name, table in metadata.tables.items()}
    assert described.items() <= (await store.engine.read(columns)).items()


async def test_a_new_database_has_the_values_that_migrations_leave_in_one_of_sqlites(
    store: Store, tmp_path: Path
) -> None:
    def values(connection: sa.Connection) -> dict[str, str]:
        return {key: value for key, value in connection.execute(sa.text("SELECT key, value FROM meta"))}

    here = await store.engine.read(values)
    async with opened(tmp_path) as other:
        there = await other.engine.read(values)
    assert len(here.pop("id_key")) == len(there.pop("id_key"))
    assert here == there
