"""Words in SQLite: an index of FTS5, which splits at spaces what was folded, and keeps no text of its own (A8).

Because it has none, it believes what it is told of words that go, and would be wrong from then on if it was told of
others than those that came.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, TextClause, text

from component.folding import Phrase, words

from ..prepared import driver
from .word_index import Entry, Indexed

SOURCE, NUMBER, MATCHES = "message_text", "rowid", "message_text MATCH :words"

PORTION = 256

FEW_PAGES = 64
"""Of 4 kB, which `merge` writes at a time."""

PAGES = 250
"""The same after a purge."""

_ADD = text("INSERT INTO message_text (rowid, scope, body) VALUES (:id, :scope, :body)")
_REMOVE = text("INSERT INTO message_text (message_text, rowid, scope, body) VALUES ('delete', :id, :scope, :body)")
_CLEAR = text("INSERT INTO message_text (message_text) VALUES ('delete-all')")
_MERGE = "INSERT INTO message_text (message_text, rank) VALUES ('merge', ?)"
_PAGE_COUNT = text("SELECT page_count FROM pragma_page_count()")


def add(connection: Connection, entries: Iterable[Entry]) -> None:
    _run(connection, _ADD, entries)


def remove(connection: Connection, indexed: Iterable[Indexed]) -> None:
    _run(connection, _REMOVE, ((id, accounts, words(text)) for id, accounts, text in indexed))


def clear(connection: Connection) -> None:
    connection.execute(_CLEAR)


def expression(phrases: Iterable[Phrase], accounts: Iterable[int] | None, all_of_them: bool) -> str:
    body = " AND ".join(f'"{" ".join(phrase.words)}"{" *" if phrase.beginning else ""}' for phrase in phrases)
    if accounts is None:
        return f"body : ({body})"
    scope = (" AND " if all_of_them else " OR ").join(f'"{number}"' for number in accounts)
    return f"scope : ({scope}) AND body : ({body})"


def merge(connection: Connection) -> bool:
    return _merge(connection, FEW_PAGES)


def rewrite(connection: Connection, first: bool) -> bool:
    return _merge(connection, -PAGES if first else PAGES)


def most_rewrites(connection: Connection) -> int:
    """The index is smaller than all of the database."""
    pages: int = connection.execute(_PAGE_COUNT).scalar_one()
    return 1 + pages // PAGES


def _merge(connection: Connection, pages: int) -> bool:
    """https://www.sqlite.org/fts5.html#the_merge_command"""
    sqlite = driver(connection)
    before = sqlite.total_changes
    sqlite.execute(_MERGE, (pages,))
    return sqlite.total_changes - before >= 2


def _run(connection: Connection, statement: TextClause, entries: Iterable[Entry]) -> None:
    rows = [
        {"id": id, "scope": " ".join(map(str, accounts)), "body": " ".join(words)} for id, accounts, words in entries
    ]
    if rows:
        connection.execute(statement, rows)
