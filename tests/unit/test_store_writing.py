"""Writing: what is acknowledged is on disk, whole, and in order (A5, V1 to V4)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from component.store import sqlite_connection
from component.store.api import (
    ChangeRefused,
    EndConversation,
    NewChatFace,
    StartWatch,
    Store,
    StoreBusy,
    StoreError,
    Subscribe,
    Unsubscribe,
    Withdraw,
)
from tests.support.store import (
    ALICE,
    BOB,
    CAROL,
    MORNING,
    ON_SQLITE,
    REFUSED_OWNER,
    SECOND,
    desk,
    execute,
    joined,
    message,
    numbers,
    opened,
    url,
)

pytestmark = pytest.mark.usefixtures("each_storage")

KEPT = (
    *("id", "conversation_id", "sent_at", "sender", "receiver", "sender_account", "receiver_account"),
    *("payload", "body", "client_id", "origin_id", "type"),
)
"""What was said of a message, but for its owner, who is one of the two accounts."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def test_s2_a_chat_face_and_a_watch_are_saved_once(store: Store) -> None:
    """What is there already stays as it is."""
    face = NewChatFace("chat-7k2q", "acme", ALICE, CAROL)
    start = StartWatch(watcher=BOB, scope="group", value="sales", tenant="acme", at=MORNING)
    for _ in range(2):
        await store.submit(face)
        await store.submit(start)
    assert await store.chat_faces() == [("chat-7k2q", "acme", ALICE, CAROL)]
    assert [(each.watcher, each.scope, each.value) for each in await store.watches()] == [(BOB, "group", "sales")]


async def test_a5_what_is_acknowledged_is_found_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        sent = message(store, chat, "good morning", origin_id="o-1", type="normal")
        await store.submit(chat, sent)
    async with opened(tmp_path) as store:
        found = await store.message(sent.id)
    assert found is not None
    for field in KEPT:
        assert getattr(found, field) == getattr(sent, field), field
    assert found.seq == 1
    assert not found.withdrawn


async def test_futures_are_done_in_the_order_of_submission(store: Store) -> None:
    chat = joined(store)
    order: list[int] = []
    futures = [store.submit(chat)]
    for number in range(100):
        future = store.submit(message(store, chat))
        future.add_done_callback(lambda _, number=number: order.append(number))
        futures.append(future)
    assert store.backlog == 101
    await asyncio.gather(*futures)
    assert order == list(range(100))
    assert store.backlog == 0


async def test_nothing_submitted_waits_for_all_before(store: Store) -> None:
    chat = joined(store)
    earlier = store.submit(chat, message(store, chat))
    await store.submit()
    assert earlier.done()


async def test_close_writes_what_is_queued_and_then_refuses_more(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    chat = joined(store)
    futures = [store.submit(chat), *(store.submit(message(store, chat)) for _ in range(50))]
    await store.close()
    assert all(future.done() and not future.exception() for future in futures)
    with pytest.raises(StoreError, match="closed"):
        store.submit()
    with pytest.raises(StoreError, match="closed"):
        await store.open_conversations()
    async with opened(tmp_path) as store:
        assert len(await numbers(store, chat.id)) == 50


async def test_a_submission_is_written_whole_or_not_at_all(store: Store) -> None:
    """V1: a conversation is there exactly if its first message is."""
    chat = desk(store)
    unstorable = message(store, chat, owner="somebody.else@cc.acme.test")
    with pytest.raises(ChangeRefused):
        await store.submit(chat, unstorable)
    assert await store.open_conversations() == []
    assert await store.message(unstorable.id) is None


POISON = {
    "sqlite": (
        "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.body = 'poison'"
        " BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
    ),
    "postgresql": ("ALTER TABLE message ADD CHECK (body <> 'poison')",),
}


async def test_only_the_culprit_of_a_batch_fails(tmp_path: Path, store: Store, each_storage: str) -> None:
    execute(tmp_path, *POISON[each_storage])
    chat = joined(store)
    bodies = ["one", "two", "poison", "three", "\ud800 is not text", "four"]
    futures = [store.submit(chat), *(store.submit(message(store, chat, body)) for body in bodies)]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        type(None),
        type(None),
        ChangeRefused,
        type(None),
        ChangeRefused,
        type(None),
    ]
    # Those refused leave no hole in the numbers that counts are made of.
    assert [seq for _, seq in await numbers(store, chat.id)] == [1, 2, 3, 4]
    found = await store.find_joined(ALICE, BOB)
    assert found is not None and (found.length, found.visible) == (4, 4)


async def test_an_account_new_in_a_refused_change_can_come_again_at_once(store: Store) -> None:
    stranger = "dan@cc.acme.test"
    chat, again = joined(store, agent=stranger), joined(store, agent=stranger)
    refused = store.submit(chat, message(store, chat, owner=REFUSED_OWNER))
    await store.submit(again, message(store, again))
    assert isinstance(refused.exception(), ChangeRefused)
    found = await store.find_joined(stranger, BOB)
    assert found is not None and found.id == again.id


@contextmanager
def disk_of(pages: int) -> Iterator[None]:
    """Connections made meanwhile find a disk that holds so many pages of 4 kB."""

    def limit(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(sa.Engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "connect", limit)


@ON_SQLITE
async def test_a5_a_full_disk_fails_what_it_must_and_is_survived(tmp_path: Path) -> None:
    text = "x" * 20_000
    with disk_of(pages=100):
        store = await Store.open(url(tmp_path))
        chat = joined(store)
        await store.submit(chat)
        kept = []
        with pytest.raises(StoreError, match="full") as full:
            for _ in range(100):
                sent = message(store, chat, text)
                await store.submit(sent)
                kept.append(sent.id)
        assert not isinstance(full.value, ChangeRefused)
        assert [id for id, _ in await numbers(store, chat.id)] == kept, "reading goes on"
        with pytest.raises(StoreError, match="full"):
            await store.submit(message(store, chat, text))
    late = message(store, chat, text)
    await store.submit(late)
    assert [id for id, _ in await numbers(store, chat.id)] == [*kept, late.id]
    await store.close()


@ON_SQLITE
async def test_a_locked_database_fails_a_batch_and_the_next_is_tried_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_TIMEOUT_MS", 50)
    async with opened(tmp_path) as store:
        chat = joined(store)
        with sa.create_engine(url(tmp_path)).connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                await store.submit(chat)
        await store.submit(chat)
        assert await store.find_joined(ALICE, BOB) is not None


@ON_SQLITE
async def test_r3_who_waits_behind_a_write_that_found_the_database_locked_has_waited_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many: else each batch would wait for the lock by itself."""
    monkeypatch.setattr(sqlite_connection, "BUSY_TIMEOUT_MS", 300)
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        transactions: list[tuple[int, int]] = []
        store.watch(lambda written, failed, seconds: transactions.append((written, failed)))
        with sa.create_engine(url(tmp_path)).connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
            futures = [store.submit(message(store, chat)) for _ in range(5_000)]
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreBusy] * len(futures)
        assert transactions == [(0, len(futures))]
        await store.submit(message(store, chat))
        assert [seq for _, seq in await numbers(store, chat.id)] == [1]


async def test_v2_v3_open_conversations_between_agents_are_those_not_ended(store: Store) -> None:
    first, second, other = desk(store), desk(store), desk(store, CAROL, "dan@cc.acme.test")
    await store.submit(first, other, joined(store))
    await store.submit(second, EndConversation(first.id, MORNING + SECOND, "ended"))
    await store.submit(EndConversation(first.id, MORNING + 2 * SECOND, "logged-out"))
    assert [found.id for found in await store.open_conversations()] == [second.id, other.id]


async def test_v2_ending_and_opening_anew_may_share_a_batch(store: Store) -> None:
    first, second = desk(store), desk(store)
    futures = [store.submit(first, EndConversation(first.id, MORNING, "ended")), store.submit(second)]
    await asyncio.gather(*futures)
    assert [found.id for found in await store.open_conversations()] == [second.id]


async def test_v2_two_agents_have_one_order(store: Store) -> None:
    chat = desk(store, CAROL, ALICE)
    await store.submit(chat)
    (found,) = await store.open_conversations()
    assert (found.first, found.second) == (ALICE, CAROL)
    assert (found.tenant, found.kind, found.opened_at, found.length) == ("acme", "desk", MORNING, 0)


async def test_v4_an_agent_and_a_work_user_have_one_conversation_which_never_ends(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    with pytest.raises(ChangeRefused):
        await store.submit(joined(store))
    with pytest.raises(ChangeRefused):
        await store.submit(EndConversation(chat.id, MORNING, "ended"))
    found = await store.find_joined(ALICE, BOB)
    assert found is not None and found.id == chat.id and found.ended_at is None
    assert await store.find_joined_all() == [found]
    assert await store.find_joined(BOB, ALICE) is None


async def test_withdrawing_counts_a_message_out_once(store: Store) -> None:
    chat = joined(store)
    messages = [message(store, chat) for _ in range(3)]
    await store.submit(chat, *messages)
    await store.submit(Withdraw(messages[1].id, MORNING), Withdraw(messages[1].id, MORNING))
    await store.submit(Withdraw(messages[1].id, MORNING + 1))
    found = await store.message(messages[1].id)
    assert found is not None and found.withdrawn_at == MORNING
    stored = await store.find_joined(ALICE, BOB)
    assert stored is not None and (stored.length, stored.visible) == (3, 2)


async def test_a_message_may_be_withdrawn_in_the_batch_that_writes_it(store: Store) -> None:
    chat = desk(store)
    sent = message(store, chat)
    await store.submit(chat, sent, Withdraw(sent.id, MORNING))
    (found,) = await store.open_conversations()
    assert (found.length, found.visible) == (1, 0)


async def test_the_last_change_of_a_subscription_counts(store: Store) -> None:
    face, other = "carol@agents.acme.test", "dan@agents.acme.test"
    await store.submit(Subscribe(ALICE, face), Subscribe(ALICE, face), Subscribe(BOB, face))
    store.submit(Unsubscribe(ALICE, face))
    store.submit(Subscribe(ALICE, other))
    store.submit(Unsubscribe(BOB, face))
    await store.submit(Subscribe(BOB, face))
    assert sorted(await store.subscriptions()) == [(ALICE, other), (BOB, face)]


async def test_time_stands_still_while_the_clock_is_set_back(store: Store) -> None:
    """A6: pages by date are pages by id, so later ids must not have earlier times."""
    chat = joined(store)
    await store.submit(chat)
    hour = 3600 * SECOND
    times = [MORNING, MORNING - SECOND, MORNING + 1, MORNING + 1 - hour // 2, MORNING - hour]
    stored = []
    for sent_at in times:
        sent = message(store, chat, sent_at=sent_at)
        await store.submit(sent)
        found = await store.message(sent.id)
        stored.append(found.sent_at if found else None)
    # Far back means that the clock was wrong before.
    assert stored == [MORNING, MORNING, MORNING + 1, MORNING + 1, MORNING - hour]
