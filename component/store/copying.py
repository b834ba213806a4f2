"""A copy of everything that a database has in another one, perhaps of another kind (H5).

Tables go one after the other, those that others refer to first, each in portions by its primary key. A portion and
the mark of how far it goes are one transaction of the target, so a copy that was broken off goes on behind it. As long
as there is such a mark, nobody opens the target. At the end both are read again and compared: counts, and sums of
digests of the rows, which are the same in any order.

Words are not copied: the target's index has them when there is time, as after any change of how words are folded.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert, select, text, tuple_

from .dialects import LAST_NUMBER, NUMBER_ON
from .engine import Database, Engine
from .records import meta
from .schema import meta as single_values
from .schema import metadata
from .store_errors import StoreError

PORTION = 500
"""Rows at a time."""

TABLES: Sequence[Table] = [table for table in metadata.sorted_tables if table is not single_values]
_NUMBERED = [table for table in TABLES if table.autoincrement_column is not None]
"""Whose rows are numbered by the database."""

_VALUES = (meta.ID_KEY, meta.SETTLED_UP_TO, meta.DELIVERED_UP_TO, meta.EJABBERD_LIFE)
_COUNTERS = (meta.NEXT_MESSAGE_ID, meta.NEXT_CONVERSATION_ID)

Tell = Callable[[str, int], None]
"""Called after each portion with the name of the table, and how many of its rows are there."""


@dataclass(slots=True)
class _Progress:
    """``source`` is the `meta.ID_KEY` of where it comes from; ``last`` has the key of the last row by table."""

    source: str
    last: dict[str, list[Any]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """Of one table: rows, and the sum of their digests; the same for equal rows."""

    rows: int
    digest: int


async def copy_everything(source: Engine, target: Engine, tell: Tell) -> dict[str, int]:
    """From ``source`` to ``target``, which both have the newest tables and nobody else uses; rows by table.

    It can be broken off, and called again.

    :raises StoreError: the target has something else in it, a database cannot be read or written, or they differ
        at the end
    """
    progress = await _begin(source, target)
    for table in TABLES:
        await _copy_table(source, target, table, progress, tell)
    values = await source.read(_single_values)
    numbers = {table.name: await source.read(_last_number, table) for table in _NUMBERED}
    await target.change(_take_over, values, numbers)
    await _compare(source, target)
    await target.change(meta.take_out, meta.COPY_PROGRESS)
    return progress.rows


def refuse_unfinished(connection: Connection) -> None:
    """:raises StoreError: a copy into this database was begun, and not finished"""
    if meta.find(connection, meta.COPY_PROGRESS) is not None:
        raise StoreError(
            "a copy into it was broken off: run the same `deskbridge archive copy` again, which goes on where it was"
        )


async def _begin(source: Database, target: Database) -> _Progress:
    id_key = await source.read(meta.get, meta.ID_KEY)
    begun = await target.read(meta.find, meta.COPY_PROGRESS)
    if begun is None:
        if await target.read(_has_rows):
            raise StoreError("the target has something in it already: name a new database")
        progress = _Progress(id_key)
        await target.change(_note, progress)
        return progress
    progress = _Progress(**json.loads(begun))
    if progress.source != id_key:
        raise StoreError("a copy of another database into the target was broken off: name a new database")
    return progress


async def _copy_table(source: Database, target: Database, table: Table, progress: _Progress, tell: Tell) -> None:
    while rows := await source.read(_next_rows, table, progress.last.get(table.name)):
        progress.last[table.name] = [rows[-1][column.name] for column in table.primary_key]
        progress.rows[table.name] = progress.rows.get(table.name, 0) + len(rows)
        await target.change(_write, table, rows, progress)
        tell(table.name, progress.rows[table.name])


def _next_rows(connection: Connection, table: Table, after: Sequence[Any] | None) -> list[dict[str, Any]]:
    key: list[Column[Any]] = list(table.primary_key)
    query = select(table).order_by(*key).limit(PORTION)
    if after is not None:
        values = [bindparam(None, value, column.type) for column, value in zip(key, after, strict=True)]
        query = query.where(tuple_(*key) > tuple_(*values))
    return [dict(row) for row in connection.execute(query).mappings()]


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]], progress: _Progress) -> None:
    connection.execute(insert(table), rows)
    _note(connection, progress)


def _note(connection: Connection, progress: _Progress) -> None:
    noted = {"source": progress.source, "last": progress.last, "rows": progress.rows}
    meta.put_new(connection, meta.COPY_PROGRESS, json.dumps(noted))


def _has_rows(connection: Connection) -> bool:
    return any(connection.execute(select(1).select_from(table).limit(1)).first() for table in TABLES)


def _single_values(connection: Connection) -> dict[str, str]:
    return {key: meta.get(connection, key) for key in (*_VALUES, *_COUNTERS)}


def _take_over(connection: Connection, values: dict[str, str], numbers: dict[str, int]) -> None:
    for key in _VALUES:
        meta.put(connection, key, values[key])
    for key in _COUNTERS:
        # Beyond what is reserved for whoever has the target open, too: they give nothing back of what is not theirs.
        reserved = meta.get_number(connection, key)
        meta.put_number(connection, key, max(int(values[key]), reserved) + 1)
    for name, number in numbers.items():
        if number:
            for statement in NUMBER_ON[connection.dialect.name]:
                connection.execute(text(statement.format(table=name)), {"number": number})


def _last_number(connection: Connection, table: Table) -> int:
    """The highest that the table ever gave to a row, also one that is gone; 0 if it gave none."""
    found = connection.scalar(text(LAST_NUMBER[connection.dialect.name].format(table=table.name)))
    return found or 0


async def _compare(source: Database, target: Database) -> None:
    for table in TABLES:
        if await _compared(source, table) != await _compared(target, table):
            raise StoreError(f"the two differ in the table {table.name} after the copy: has something else written?")


async def _compared(database: Database, table: Table) -> Compared:
    count, total = 0, 0
    after: list[Any] | None = None
    while rows := await database.read(_next_rows, table, after):
        after = [rows[-1][column.name] for column in table.primary_key]
        count += len(rows)
        for row in rows:
            written = json.dumps([row[column.name] for column in table.c]).encode()
            total += int.from_bytes(blake2b(written, digest_size=16).digest())
    return Compared(count, total)
