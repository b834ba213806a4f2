"""Reading: what the bridge asks the store, and that it never waits for the writer."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.store.api import DeliveredUpTo, Store, StoreError, Withdraw
from component.store.archive import archived_messages as archive
from component.store.archive import stored_conversations as conversations
from tests.support.store import ALICE, BOB, CAROL, MORNING, ON_SQLITE, SECOND, desk, joined, message, opened, say, url

pytestmark = pytest.mark.usefixtures("each_storage")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def test_a5_undelivered_messages_come_in_the_order_of_their_ids(store: Store) -> None:
    work, agents = joined(store), desk(store)
    messages = [message(store, chat) for chat in (work, agents, work, work, agents)]
    await store.submit(work, agents, *messages)
    ids = [sent.id for sent in messages]
    await store.submit(DeliveredUpTo(ids[1]), Withdraw(ids[3], MORNING))
    assert store.delivered_up_to == ids[1]
    first = await store.undelivered(store.delivered_up_to, 1)
    rest = await store.undelivered(first[-1].id, 10)
    assert [found.id for found in first + rest] == [ids[2], ids[4]]
    assert (rest[0].sender_account, rest[0].receiver_account) == (ALICE, CAROL)


async def test_a5_the_mark_of_what_is_delivered_only_rises_and_survives(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert store.delivered_up_to == 0
        await asyncio.gather(*(store.submit(DeliveredUpTo(id)) for id in (9, 100, 20)))
        await store.submit(DeliveredUpTo(30))
        assert store.delivered_up_to == 100
    async with opened(tmp_path) as store:
        assert store.delivered_up_to == 100


async def test_a5_recent_ids_tell_a_second_try(store: Store) -> None:
    """What was withdrawn may be tried again, and what has no id cannot be told apart."""
    chat = joined(store)
    old, plain, both, withdrawn = (
        message(store, chat, sent_at=MORNING),
        message(store, chat, sent_at=MORNING + SECOND, client_id=None),
        message(store, chat, sent_at=MORNING + 2 * SECOND, client_id=None, origin_id="o"),
        message(store, chat, sent_at=MORNING + 3 * SECOND),
    )
    await store.submit(chat, old, plain, both, withdrawn, Withdraw(withdrawn.id, MORNING))
    assert [found.client_id for found in await store.recent_client_ids(MORNING)] == [old.client_id, None]
    (found,) = await store.recent_client_ids(MORNING + 1)
    assert found == archive.RecentMessage(ALICE, BOB, None, "o", both.payload, both.sent_at)


async def test_c14_a_message_is_found_by_any_of_its_ids(store: Store) -> None:
    chat, other = joined(store), desk(store)
    by_client = message(store, chat, client_id="c", origin_id="c")
    by_origin = message(store, chat, client_id="x", origin_id="o")
    only_origin = message(store, chat, client_id=None, origin_id="only", sender_account=BOB)
    elsewhere = message(store, other, client_id="e")
    await store.submit(chat, other, by_client, by_origin, only_origin, elsewhere)

    async def find(reference: str, id: int | None = None) -> int | None:
        found = await store.find_by_reference(chat.id, reference, id)
        return found.id if found else None

    assert await find("c") == by_client.id
    assert await find("o") == by_origin.id
    assert await find("only") == only_origin.id
    assert await find("ours", by_client.id) == by_client.id
    assert await find("e") is None
    assert await find("ours", elsewhere.id) is None
    found = await store.find_by_reference(chat.id, "only")
    assert found == archive.Reference(only_origin.id, 3, BOB, "only")


@pytest.mark.parametrize("field", ["client_id", "origin_id", "seen_id", "seen_origin_id"])
async def test_a11_ids_may_be_long(store: Store, field: str) -> None:
    """Longer than what PostgreSQL takes into an index, also when it has made it shorter."""
    chat = joined(store)
    await store.submit(chat)
    long = random.Random(field).randbytes(2_000).hex()[:3_000]
    (sent, _) = await say(store, chat, "one", "two", **{field: long})
    found = await store.find_by_reference(chat.id, long)
    assert found is not None and found.id == sent + 1
    assert await store.find_by_reference(chat.id, long[:-1]) is None


async def test_c14_a_reference_used_twice_means_the_newest(store: Store) -> None:
    """A client that got an error sends the same message again; so do clients that count from one."""
    chat = joined(store)
    bounced = message(store, chat, client_id="1")
    await store.submit(chat, bounced, Withdraw(bounced.id, MORNING))
    assert await store.find_by_reference(chat.id, "1") is None
    again = message(store, chat, client_id="2", origin_id="1")
    await store.submit(again)
    found = await store.find_by_reference(chat.id, "1")
    assert found is not None and found.id == again.id


async def test_a11_a_message_is_found_by_the_ids_that_others_see(store: Store) -> None:
    """And named by those that its own client gave it. What others see is nothing that its sender knows."""
    chat = joined(store)
    sent = message(store, chat, client_id="m@pc", origin_id="o@pc", seen_id="seen-m", seen_origin_id="seen-o")
    await store.submit(chat, sent)
    named = {"m@pc": "m@pc", "o@pc": "o@pc", "seen-m": "m@pc", "seen-o": "o@pc"}
    for reference, name in named.items():
        assert await store.find_by_reference(chat.id, reference) == archive.Reference(sent.id, 1, ALICE, name)
    assert await store.find_by_reference(chat.id, "an archive id", sent.id) == archive.Reference(
        sent.id, 1, ALICE, "o@pc"
    )
    later = sent.id + 1
    assert [await store.find_own(chat.id, reference, ALICE, later) for reference in named] == [sent.id] * 2 + [None] * 2


async def test_a1_the_window_holds_the_last_visible_messages(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    assert await store.window_start(chat.id, 30) == 1
    messages = [message(store, chat) for _ in range(35)]
    await store.submit(*messages[:30])
    assert await store.window_start(chat.id, 30) == 1
    await store.submit(*messages[30:])
    assert await store.window_start(chat.id, 30) == 6
    await store.submit(Withdraw(messages[20].id, MORNING), Withdraw(messages[0].id, MORNING))
    assert await store.window_start(chat.id, 30) == 5


@ON_SQLITE
async def test_reading_does_not_wait_for_whoever_writes(tmp_path: Path, store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    with sa.create_engine(url(tmp_path)).connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        waiting = store.submit(message(store, chat))
        async with asyncio.timeout(1):
            assert await store.find_joined(ALICE, BOB) is not None
        assert not waiting.done()
        other.rollback()
    await waiting


@ON_SQLITE
async def test_writing_does_not_wait_for_whoever_reads(tmp_path: Path, store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    with sa.create_engine(url(tmp_path)).connect() as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT * FROM conversation").all()
        async with asyncio.timeout(1):
            await store.submit(message(store, chat))


async def test_a_question_cannot_change_anything(store: Store) -> None:
    def vandalise(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DELETE FROM meta")

    with pytest.raises(StoreError, match=r"readonly|no writes"):
        await store.engine.read(vandalise)


async def _plan(store: Store, statement: Any) -> str:
    def query(connection: sa.Connection) -> str:
        compiled = statement.compile(connection)
        names = compiled.positiontup or ()
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(1 for _ in names))
        return "; ".join(row.detail for row in rows)

    return await store.engine.read(query)


@ON_SQLITE
@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (archive._ONE, "PRIMARY KEY (rowid=?)"),
        (archive._UNDELIVERED, "PRIMARY KEY (rowid>?)"),
        (archive._RECENT, "PRIMARY KEY (rowid>?)"),
        (archive._BY_ANY_ID[0], "message_in_conversation (conversation_id=? AND withdrawn_at=?)"),
        (archive._BY_ANY_ID[1], "message_by_origin_id (conversation_id=? AND origin_id=?)"),
        (archive._BY_ANY_ID[2], "message_by_seen_id (conversation_id=? AND seen_id=?)"),
        (archive._BY_ANY_ID[3], "message_by_seen_origin_id (conversation_id=? AND seen_origin_id=?)"),
        (archive._BY_NUMBER, "PRIMARY KEY (rowid=?)"),
        (archive._OWN[0], "message_in_conversation (conversation_id=? AND withdrawn_at=? AND id<?)"),
        (archive._OWN[1], "message_by_origin_id (conversation_id=? AND origin_id=? AND rowid<?)"),
        (archive._WINDOW_START, "message_in_conversation (conversation_id=? AND withdrawn_at=?)"),
        (conversations._JOINED, "conversation_joined (first_id=? AND second_id=?)"),
        (conversations._OPEN_DESK, "conversation_open_desk"),
    ],
)
async def test_every_question_is_a_short_walk_along_an_index(store: Store, statement: Any, index: str) -> None:
    plan = await _plan(store, statement)
    assert index in plan
    assert "SCAN message" not in plan and "B-TREE" not in plan
