"""The words of messages in PostgreSQL (A7): what is its own there. What both databases do is in test_store_words."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from component.folding import MOST_WORDS, phrases
from component.store.api import ArchiveView, Filters, Slice, Store
from component.store.full_text import tsvector
from tests.support.postgresql import PostgreSQLServer
from tests.support.store import ALICE, BOB, ids, index_all, joined, say


@pytest.fixture
async def store(postgresql: PostgreSQLServer) -> AsyncIterator[Store]:
    store = await Store.open(postgresql.database_with_tables())
    try:
        yield store
    finally:
        await store.close()


async def find(store: Store, text: str) -> list[int]:
    return ids(await store.history(ArchiveView(ALICE, True, None, BOB), Filters(text=text), Slice(100)))


async def test_a7_the_index_has_words_and_accounts(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    await say(store, chat, *["needle"] * 40, *["hay"] * 400)
    await index_all(store)

    def explain(connection: sa.Connection) -> str:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        query = f"EXPLAIN SELECT id FROM {tsvector.SOURCE.format(order='DESC')} AS picked ORDER BY id DESC LIMIT 1"
        asked = tsvector.expression(phrases("needle"), [1, 2], all_of_them=True)
        return "\n".join(connection.scalars(sa.text(query), {"words": asked}))

    assert "message_text_words" in await store.engine.read(explain)
    assert await find(store, "1") == await find(store, "@2") == [], "accounts are no words"


async def test_a_long_text_is_indexed_as_far_as_the_database_takes_it(store: Store) -> None:
    """Of each word PostgreSQL keeps 255 places, of a text 16,383, and 1 MB of words."""
    chat = joined(store)
    await store.submit(chat)
    chinese = "".join(chr(0x4E00 + number % 20_000) for number in range(MOST_WORDS))
    long_words = " ".join(f"{number:0100}" for number in range(MOST_WORDS))
    sent = await say(store, chat, f"start {chinese} end", f"begin {long_words}", "的" * 2 * MOST_WORDS)
    await index_all(store)
    assert await find(store, "start 一丁") == await find(store, "丁丂七") == [sent[0]]
    assert await find(store, "begin") == [sent[1]]
    assert await find(store, "的的的的") == [sent[2]]
