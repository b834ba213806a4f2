"""Retention: what of a tenant is older than so many days goes, in slices that keep no sender waiting (A8).

Messages go from the old end of a tenant's archive. Of every sequence of numbers only the beginning goes then, so that
counts go on being differences. What a hold keeps leaves every view nevertheless, and so its sequence: it is put aside,
where only the export looks. A hold that could be seen would warn those it is about.
"""

import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, text

from ..archive.id_range import first_from
from ..engine import Database
from ..full_text import words
from ..records import meta
from ..schema import held_message
from .dead_links import remove_of_messages
from .retention_holds import IS_HELD

SLICE = 200
"""Rows that are found or removed at a time: some milliseconds."""

_SOME = "m.id IN (SELECT value FROM json_each(:ids))"

_DUE = text("""
SELECT m.id FROM message AS m CROSS JOIN conversation AS c
WHERE c.id = m.conversation_id AND m.id > :after AND m.id < :before AND c.tenant = :tenant
ORDER BY m.id LIMIT :most
""")
_RELEASED = text(f"""
SELECT m.id FROM held_message AS m CROSS JOIN conversation AS c
WHERE c.id = m.conversation_id AND m.id > :after AND c.tenant = :tenant AND NOT {IS_HELD}
ORDER BY m.id LIMIT :most
""")
_IS_EMPTY = """
NOT EXISTS (SELECT 1 FROM message AS m WHERE m.conversation_id = c.id)
AND NOT EXISTS (SELECT 1 FROM held_message AS m WHERE m.conversation_id = c.id)
"""
_EMPTY = text(f"""
SELECT c.id FROM conversation AS c
WHERE c.id > :after AND c.tenant = :tenant AND c.ended_at < :ended_before AND {_IS_EMPTY}
ORDER BY c.id LIMIT :most
""")

_names = ", ".join(column.name for column in held_message.c)
_PUT_ASIDE = text(f"INSERT INTO held_message ({_names}) SELECT {_names} FROM message AS m WHERE {_SOME} AND {IS_HELD}")
_REMOVE = text(f"DELETE FROM message AS m WHERE {_SOME}")
_REMOVE_RELEASED = text(f"DELETE FROM held_message AS m WHERE {_SOME} AND NOT {IS_HELD}")
_REMOVE_EMPTY = text(f"DELETE FROM conversation AS c WHERE c.id IN (SELECT value FROM json_each(:ids)) AND {_IS_EMPTY}")


@dataclass(frozen=True, slots=True)
class Purged:
    """``deleted`` messages and ``conversations`` are gone; ``held`` messages were taken out of all views, but kept."""

    deleted: int
    held: int
    conversations: int


async def purge(database: Database, tenant: str, older_than: int) -> Purged:
    """Delete the tenant's messages sent before the time ``older_than``, in us, and delivered, as far as no hold keeps
    them; those that a hold kept until now too. Conversations between agents go after their last message.

    It can be broken off at any time, and begun anew.

    :raises StoreError: the database cannot do it now; some may be deleted
    """
    before = await database.read(first_kept, older_than)
    removed = held = deleted = conversations = 0
    async for ids in _slices(database, partial(due, tenant=tenant, before=before)):
        some, some_held = await database.change(remove, tenant, ids)
        removed, held = removed + some, held + some_held
    async for ids in _slices(database, partial(released, tenant=tenant)):
        deleted += await database.change(remove_released, tenant, ids)
    async for ids in _slices(database, partial(empty, tenant=tenant, ended_before=older_than)):
        conversations += await database.change(remove_empty, ids)
    if removed:
        await _rewrite_words(database)
    return Purged(removed - held + deleted, held, conversations)


async def _slices(database: Database, due: Callable[[Connection, int], Sequence[int]]) -> AsyncIterator[Sequence[int]]:
    """What is ``due`` after a number, again and again."""
    last = 0
    while ids := await database.read(due, last):
        yield ids
        last = ids[-1]


async def _rewrite_words(database: Database) -> None:
    """All of the index once. What is written meanwhile could be merged for ever."""
    for turn in range(await database.read(words.most_rewrites)):
        if not await database.change(words.rewrite, first=turn == 0):
            break


def first_kept(connection: Connection, older_than: int) -> int:
    """The number before which messages were sent before that time and delivered.

    What was not delivered yet is not lost, however old it is (A5).
    """
    undelivered = meta.get_number(connection, meta.DELIVERED_UP_TO) + 1
    return min(first_from(connection, older_than), undelivered)


def due(connection: Connection, after: int, *, before: int, tenant: str) -> Sequence[int]:
    """Some of the tenant's messages between the two numbers, the oldest. What other tenants keep is passed over."""
    return connection.scalars(_DUE, {"tenant": tenant, "before": before, "after": after, "most": SLICE}).all()


def released(connection: Connection, after: int, *, tenant: str) -> Sequence[int]:
    """Some of the messages after that number which were put aside, and which no hold keeps any more."""
    return connection.scalars(_RELEASED, {"tenant": tenant, "after": after, "most": SLICE}).all()


def empty(connection: Connection, after: int, *, ended_before: int, tenant: str) -> Sequence[int]:
    """Some of the conversations after that number which ended before that time, and whose messages are all gone."""
    values = {"tenant": tenant, "ended_before": ended_before, "after": after, "most": SLICE}
    return connection.scalars(_EMPTY, values).all()


def remove(connection: Connection, tenant: str, ids: Collection[int]) -> tuple[int, int]:
    """Remove these messages, which are the oldest of the tenant, their words and their links.

    How many there were, and how many of them were put aside for a hold.
    """
    some = {"ids": json.dumps(list(ids)), "tenant": tenant}
    held = connection.execute(_PUT_ASIDE, some).rowcount
    words.forget(connection, ids)
    removed = connection.execute(_REMOVE, some).rowcount
    remove_of_messages(connection, ids)
    return removed, held


def remove_released(connection: Connection, tenant: str, ids: Collection[int]) -> int:
    """Remove those of these messages that no hold keeps; how many."""
    removed = connection.execute(_REMOVE_RELEASED, {"ids": json.dumps(list(ids)), "tenant": tenant}).rowcount
    remove_of_messages(connection, ids)
    return removed


def remove_empty(connection: Connection, ids: Collection[int]) -> int:
    """Remove those of these conversations that have no messages; how many."""
    return connection.execute(_REMOVE_EMPTY, {"ids": json.dumps(list(ids))}).rowcount
