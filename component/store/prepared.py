"""Statements that run with every batch: compiled once, and given to the driver with their values as tuples.

SQLAlchemy's own way from a statement to the driver costs more than SQLite needs for what these do.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Insert, Update


def driver(connection: Connection) -> sqlite3.Connection:
    """What ``connection`` talks to the database with. Only inside of a transaction that the writer began: SQLAlchemy
    knows nothing of what is done with it."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


class Prepared:
    """``statement``, whose values are called ``names``, in the order in which they stand in it."""

    def __init__(self, statement: Insert | Update, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._dialect: Dialect | None = None
        self._text = ""

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Once for each of ``rows``.

        :raises Exception: the driver's own, or SQLAlchemy's
        """
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, [dict(zip(self._names, row, strict=True)) for row in rows])
            return
        if self._dialect is not connection.dialect:
            self._compile(connection.dialect)
        driver(connection).executemany(self._text, rows)

    def _compile(self, dialect: Dialect) -> None:
        """For a database that names its values by their place, as SQLite does."""
        compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names))
        assert tuple(compiled.positiontup or ()) == self._names, "the values come in another order in the statement"
        self._text, self._dialect = str(compiled), dialect
