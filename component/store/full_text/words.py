"""The words of messages (A7): put into their index a little after the messages, taken out of it with them (A8).

A mark in the database tells up to which message the words are in the index. What comes after it must not be taken out:
the index has no text of its own, believes what it is told, and would be wrong from then on.
"""

import json
from collections.abc import Collection

from sqlalchemy import Connection, text

from ..prepared import driver
from ..records import meta

PAGES = 250
"""Of 4 kB, which `merge` writes at a time after a purge."""

FEW_PAGES = 64
"""The same in between."""

_END = 2**63 - 1

_MARK = f"(SELECT CAST(value AS INTEGER) FROM meta WHERE key = '{meta.INDEXED_UP_TO}')"
_NEXT = f"SELECT count(*), max(id) FROM (SELECT id FROM message WHERE id > {_MARK} AND id <= ? ORDER BY id LIMIT ?)"
_INDEX = f"""
INSERT INTO message_text (rowid, scope, body)
SELECT id, sender_id || ' ' || receiver_id, body FROM message
WHERE id > {_MARK} AND id <= ? AND body IS NOT NULL ORDER BY id
"""
_RAISE_MARK = f"UPDATE meta SET value = CAST(? AS TEXT) WHERE key = '{meta.INDEXED_UP_TO}'"
_MERGE = "INSERT INTO message_text (message_text, rank) VALUES ('merge', ?)"
_UNINDEXED = text(f"SELECT max(id), {_MARK} FROM message")
_BEHIND = text(f"SELECT count(*) FROM message WHERE id > {_MARK}")
_FORGET = text(f"""
INSERT INTO message_text (message_text, rowid, scope, body)
SELECT 'delete', m.id, m.sender_id || ' ' || m.receiver_id, m.body FROM message AS m
WHERE m.id IN (SELECT value FROM json_each(:ids)) AND m.id <= {_MARK} AND m.body IS NOT NULL
""")
_PAGE_COUNT = text("SELECT page_count FROM pragma_page_count()")


def newest_unindexed(connection: Connection) -> int | None:
    """The newest message, if its words are not in the index yet."""
    newest, mark = connection.execute(_UNINDEXED).one()
    return newest if newest is not None and newest > mark else None


def behind(connection: Connection) -> int:
    """How many messages there are whose words are not in the index yet."""
    number: int = connection.execute(_BEHIND).scalar_one()
    return number


def index(connection: Connection, most: int, up_to: int = _END) -> int:
    """Put the words of the next messages into the index, ``most`` of them, none after the id ``up_to``; how many
    messages these were."""
    sqlite = driver(connection)
    count, last = sqlite.execute(_NEXT, (up_to, most)).fetchone()
    if count:
        sqlite.execute(_INDEX, (last,))
        sqlite.execute(_RAISE_MARK, (last,))
    return int(count)


def forget(connection: Connection, ids: Collection[int]) -> None:
    """Take the words of these messages out of the index, as far as they are in it; the messages go afterwards."""
    connection.execute(_FORGET, {"ids": json.dumps(list(ids))})


def merge(connection: Connection, pages: int = FEW_PAGES) -> bool:
    """Make fewer parts of the index, each of which a search has to look into. Is there more to do?

    https://www.sqlite.org/fts5.html#the_merge_command
    """
    sqlite = driver(connection)
    before = sqlite.total_changes
    sqlite.execute(_MERGE, (pages,))
    return sqlite.total_changes - before >= 2


def rewrite(connection: Connection, first: bool) -> bool:
    """Rewrite some of the index without what was removed, which it only marked; begin with ``first``. Is there more to
    do?"""
    return merge(connection, -PAGES if first else PAGES)


def most_rewrites(connection: Connection) -> int:
    """How often `rewrite` need be called at most: the index is smaller than all of the database."""
    pages: int = connection.execute(_PAGE_COUNT).scalar_one()
    return 1 + pages // PAGES
