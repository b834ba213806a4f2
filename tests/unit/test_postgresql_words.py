"""The words of messages in PostgreSQL (A7, A8, A10): the same steps as in SQLite, on its own index."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from component.folding import MOST_WORDS
from component.store.api import ArchiveView, Filters, Slice, TranscriptQuery
from component.store.archive import search
from component.store.full_text import tsvector, words
from component.store.full_text.indexing import index_some
from component.store.postgresql_connection import connect
from component.store.schema import account, conversation, message, meta, metadata
from tests.support.postgresql import PostgreSQLServer
from tests.support.store import ALICE, BOB, CAROL

TEXTS = [
    "明天会议在三点",
    "ÜBER die Straße",
    "fine 👍🏽!",
    "see https://www.example.com/x",
    "the e-mail",
    "mail it to e",
    "",
]


class Steps:
    """Runs steps, as an engine does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, step: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        async with self._engine.begin() as connection:
            return await connection.run_sync(step, *args, **kwargs)

    change = read


@pytest.fixture
async def database(postgresql: PostgreSQLServer) -> AsyncIterator[Steps]:
    url = postgresql.new_database()
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect(url, "test", 30.0))
    steps = Steps(engine)
    await steps.change(made)
    yield steps
    await engine.dispose()


def made(connection: sa.Connection) -> None:
    """Alice and Bob, who chat in conversation 1, and Carol with Alice in 2, where the same is said."""
    metadata.create_all(connection)
    values = {"indexed_up_to": "0", "folded_by": ""}
    connection.execute(meta.insert(), [{"key": key, "value": value} for key, value in values.items()])
    connection.execute(account.insert(), [{"id": id, "jid": jid} for id, jid in ((1, ALICE), (2, BOB), (11, CAROL))])
    common = {"tenant": "acme", "first_id": 1, "opened_at": 0, "length": len(TEXTS), "visible": len(TEXTS)}
    connection.execute(
        conversation.insert(),
        [{"id": 1, "kind": "joined", "second_id": 2, **common}, {"id": 2, "kind": "desk", "second_id": 11, **common}],
    )
    say(connection, TEXTS)


def say(connection: sa.Connection, texts: Sequence[str]) -> None:
    newest = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(message.c.id), 0)))
    rows = [
        {
            **{"id": newest + number, "conversation_id": chat, "seq": number, "sent_at": 0, "sender": "", "body": text},
            **{"receiver": "", "sender_id": 1, "receiver_id": other, "type": "chat", "payload": ""},
        }
        for number, (text, chat, other) in enumerate([(text, *to) for text in texts for to in ((1, 2), (2, 11))], 1)
    ]
    connection.execute(message.insert(), rows)


async def index_all(database: Steps) -> None:
    while await index_some(database):
        pass


async def find(database: Steps, text: str, viewer: str = BOB) -> list[int]:
    page = await search.find_page(database, ArchiveView(viewer, viewer != BOB), Filters(text=text), Slice(100))
    assert page.complete and page.count == len(page.messages)
    return [found.id // 2 for found in page.messages]


@pytest.mark.parametrize("indexed", [False, True])
async def test_a10_the_same_is_found_with_the_index_and_without(database: Steps, indexed: bool) -> None:
    if indexed:
        await index_all(database)
    assert await database.read(words.mark) == (2 * len(TEXTS) if indexed else 0)
    assert await find(database, "会议") == await find(database, "会") == await find(database, "天会议 点") == [0]
    assert await find(database, "议会") == []
    assert await find(database, "STRASSE uber") == [1]
    assert await find(database, "👍") == [2]
    assert await find(database, "example.com") == [3]
    assert await find(database, "mail") == [4, 5]
    assert await find(database, "e-mail") == [4]
    assert await find(database, "1") == await find(database, "@2") == [], "accounts are no words"
    wanted = TranscriptQuery("acme", text="会议")
    assert await search.find_conversations(database, wanted) == [2]
    wanted = TranscriptQuery("acme", (BOB,), text="会议")
    assert await search.find_conversations(database, wanted) == ([] if indexed else [2]), "others are left out later"


async def test_a7_the_index_is_used(database: Steps) -> None:
    """In the order of messages, and only for the chats of the two."""
    await database.change(say, ["needle"] * 40 + ["hay"] * 400)
    await index_all(database)

    def explain(connection: sa.Connection) -> str:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        query = "SELECT id FROM message_text WHERE words @@ CAST($1 AS tsquery)"
        values = (tsvector.expression([words_of("needle")], [1, 2], all_of_them=True),)
        return "\n".join(connection.exec_driver_sql(f"EXPLAIN {query}", values).scalars())

    def words_of(text: str) -> Any:
        return search.phrases(text)[0]

    assert "message_text_words" in await database.read(explain)


async def test_a8_words_go_with_their_messages(database: Steps) -> None:
    await index_all(database)
    await database.change(words.forget, [1, 2])

    def left(connection: sa.Connection) -> list[int]:
        return list(connection.exec_driver_sql("SELECT id FROM message_text ORDER BY id").scalars())

    assert await database.read(left) == list(range(3, 2 * len(TEXTS) - 1))


async def test_a_long_text_is_indexed_as_far_as_the_database_takes_it(database: Steps) -> None:
    await database.change(
        say,
        [
            "start " + "".join(chr(0x4E00 + number % 20_000) for number in range(MOST_WORDS)) + " end",
            "begin " + " ".join(f"{number:0100}" for number in range(MOST_WORDS)),
            "的" * 2 * MOST_WORDS,
        ],
    )
    await index_all(database)
    assert await find(database, "start 一丁") == await find(database, "丁丂") == [len(TEXTS)]
    assert await find(database, "begin") == [len(TEXTS) + 1]
    assert await find(database, "的的的的") == [len(TEXTS) + 2]


async def test_a10_words_that_were_cut_by_an_older_version_are_cut_anew(
    database: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(words, "FOLDING", "0")
        older.setattr(words, "words", lambda text: ["other"])
        await index_all(database)
    assert await find(database, "会议") == [0]
    await index_all(database)
    assert await find(database, "会议") == [0]
