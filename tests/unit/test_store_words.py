"""Words come into their index after their messages; nobody who searches notices (A7), and they go with them (A8)."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.store.api import ArchiveView, DeliveredUpTo, Filters, Slice, Store, StoreError, TranscriptQuery, Withdraw
from component.store.full_text import indexing, words
from component.store.full_text.indexing import Indexing
from tests.support.store import ALICE, BOB, CAROL, MORNING, SECOND, desk, ids, joined, message, older, opened, say

LATER = MORNING + 10**6 * SECOND
FEW = indexing.ENOUGH // 2


@pytest.fixture(autouse=True)
def never_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are not indexed because time goes by, unless a test says so."""
    monkeypatch.setattr(indexing, "QUIET", 1_000.0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def find(store: Store, text: str, viewer: str = ALICE) -> list[int]:
    return ids(await store.history(ArchiveView(viewer, viewer != BOB), Filters(text=text), Slice(5_000)))


async def behind(store: Store) -> int:
    return await store.engine.read(words.behind)


async def is_sound(store: Store) -> bool:
    """Does SQLite find its index of words in order? https://www.sqlite.org/fts5.html#the_integrity_check_command"""

    def check(connection: sa.Connection) -> None:
        connection.exec_driver_sql("INSERT INTO message_text (message_text) VALUES ('integrity-check')")

    await store.engine.change(check)
    return True


async def all_indexed(store: Store) -> None:
    """Wait for it."""
    async with asyncio.timeout(90):
        for pause in itertools.repeat(0.01):
            if await behind(store) == 0:
                return
            await asyncio.sleep(pause)


def full(*_: Any) -> int:
    raise sa.exc.OperationalError("", None, Exception("database or disk is full"))


async def test_a7_a_search_finds_what_was_written_just_before(store: Store) -> None:
    chat, agents = joined(store), desk(store)
    await store.submit(chat, agents)
    sent = await say(store, chat, *("needle" for _ in range(FEW)))
    assert await behind(store) == FEW
    assert await find(store, "needle") == await find(store, "needle", BOB) == sent
    assert await behind(store) == 0
    await say(store, agents, "needle in a haystack")
    assert await store.transcripts.with_words(TranscriptQuery("acme", text="haystack")) == [agents.id]


async def test_a7_enough_are_indexed_when_there_is_time_for_it(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, *("needle" for _ in range(3 * indexing.PORTION + FEW)))
    async with asyncio.timeout(90):
        while await behind(store) >= indexing.ENOUGH:
            await store.engine.change(lambda _: None)
    assert await find(store, "needle") == sent


async def test_words_are_never_in_the_way_of_messages() -> None:
    """However long something is always waiting to be written."""
    steps: list[int] = []
    idle = asyncio.Event()

    class Watched:
        async def read(self, *_: Any) -> Any:
            return 0

        async def change(self, step: Any, most: int) -> Any:
            steps.append(most)
            return most, False

    indexed = Indexing(Watched(), idle.wait)
    for _ in range(10):
        indexed.written(indexing.PORTION)
        await asyncio.sleep(0)
    assert steps == []
    idle.set()
    async with asyncio.timeout(90):
        while len(steps) < 10:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert steps == [indexing.PORTION] * 10
    await indexed.finish()


async def test_all_are_indexed_when_nothing_more_comes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "QUIET", 0.02)
    chat = joined(store)
    await store.submit(chat)
    await say(store, chat, *("needle" for _ in range(FEW)))
    await all_indexed(store)


async def test_all_are_indexed_at_the_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *("needle" for _ in range(FEW)))
    async with opened(tmp_path) as store:
        assert await behind(store) == 0
        assert await find(store, "needle") == sent


async def test_a7_what_a_crash_left_unindexed_is_found(tmp_path: Path) -> None:
    """The files as they are before the words are indexed: what a process leaves that is killed there."""
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *("needle" for _ in range(FEW)))
        for name in ("store.db", "store.db-wal"):
            shutil.copy(tmp_path / name, crashed)
    async with opened(crashed) as store:
        assert await behind(store) == FEW
        sent += await say(store, chat, "needle", sent_at=LATER)
        assert await find(store, "needle") == sent
        assert await is_sound(store)


async def test_a7_what_a_crash_left_is_indexed_without_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(words, "index", full)
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            await say(store, chat, *("needle" for _ in range(FEW)))
    monkeypatch.setattr(indexing, "QUIET", 0.02)
    async with opened(tmp_path) as store:
        await store.submit()
        await all_indexed(store)


async def test_a8_what_is_purged_before_it_is_indexed_never_comes_into_the_index(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        await say(store, chat, *(f"xyzzy{number}" for number in range(FEW)), sent_at=MORNING)
        kept = await say(store, chat, "plugh", sent_at=MORNING + SECOND)
        await store.submit(DeliveredUpTo(kept[-1]))
        assert await behind(store) == FEW + 1
        assert (await store.purge("acme", MORNING + SECOND)).deleted == FEW
        assert await find(store, "xyzzy3") == []
        assert await find(store, "plugh") == kept
        assert await is_sound(store)
    assert b"xyzzy" not in (tmp_path / "store.db").read_bytes()


async def test_a8_a_purge_of_what_is_indexed_in_part(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        await say(store, chat, *(f"xyzzy{number}" for number in range(FEW)))
        assert await find(store, "xyzzy1")
        late = await say(store, chat, *(f"xyzzy{number}" for number in range(5)))
        await store.submit(DeliveredUpTo(late[-1]))
        assert await behind(store) == 5
        assert (await store.purge("acme", LATER)).deleted == FEW + 5
        again = await say(store, chat, "plugh", sent_at=LATER)
        assert await find(store, "xyzzy1") == []
        assert await find(store, "plugh") == again
        assert await is_sound(store)
    assert b"xyzzy" not in (tmp_path / "store.db").read_bytes()


async def test_a8_what_was_withdrawn_before_it_was_indexed_is_not_found_and_can_be_purged(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *(f"xyzzy needle{number}" for number in range(5)))
        await store.submit(Withdraw(sent[2], MORNING), DeliveredUpTo(sent[-1]))
        assert await behind(store) == 5
        assert await find(store, "xyzzy") == sent[:2] + sent[3:]
        assert (await store.purge("acme", LATER)).deleted == 5
        assert await find(store, "xyzzy") == []
        assert await is_sound(store)
    assert b"xyzzy" not in (tmp_path / "store.db").read_bytes()


async def test_messages_without_text_are_passed_over(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    await store.submit(message(store, chat, body=None), message(store, chat, "needle"), message(store, chat, body=None))
    assert len(await find(store, "needle")) == 1
    assert await behind(store) == 0


async def test_a7_somebody_else_may_have_indexed_some(tmp_path: Path, store: Store) -> None:
    """`deskbridge transcripts list --text` while the bridge runs."""
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, *("needle" for _ in range(FEW)))
    async with opened(tmp_path) as other:
        assert await find(other, "needle") == sent
    for _ in range(3):
        sent += await say(store, chat, *("needle" for _ in range(FEW)))
    assert await find(store, "needle") == sent
    assert await is_sound(store)


async def test_messages_of_an_older_version_are_indexed_once(tmp_path: Path) -> None:
    older(
        tmp_path,
        "0007",
        f"INSERT INTO account (id, jid) VALUES (4, '{ALICE}'), (5, '{CAROL}')",
        "INSERT INTO conversation (id, tenant, kind, first_id, second_id, opened_at, length, visible)"
        " VALUES (1, 'acme', 'desk', 4, 5, 0, 1, 1)",
        "INSERT INTO message (id, conversation_id, seq, sent_at, sender, receiver, sender_id, receiver_id, type,"
        " body, payload) VALUES (7, 1, 1, 0, '', '', 4, 5, 'chat', 'good morning', '')",
        "INSERT INTO message_text (rowid, scope, body) VALUES (7, '4 5', 'good morning')",
        "UPDATE meta SET value = '8' WHERE key = 'next_message_id'",
    )
    async with opened(tmp_path) as store:
        assert await behind(store) == 0
        assert await find(store, "morning") == [7]
        await store.submit(DeliveredUpTo(7))
        assert (await store.purge("acme", LATER)).deleted == 1
        assert await find(store, "morning") == []
        assert await is_sound(store)
    assert b"morning" not in (tmp_path / "store.db").read_bytes()


async def test_a5_messages_do_not_fail_because_their_words_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = joined(store)
    await store.submit(chat)
    with monkeypatch.context() as patched:
        patched.setattr(words, "index", full)
        sent = await say(store, chat, *("needle" for _ in range(indexing.ENOUGH)))
        with pytest.raises(StoreError, match="full"):
            await find(store, "needle")
    assert await find(store, "needle") == sent


async def test_what_failed_is_not_tried_with_every_batch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def try_it(*_: Any) -> int:
        tries.append(1)
        return full()

    monkeypatch.setattr(words, "index", try_it)
    chat = joined(store)
    await store.submit(chat)
    for _ in range(4):
        await say(store, chat, *("needle" for _ in range(indexing.ENOUGH)))
    assert len(tries) <= 1


async def test_indexing_is_a_short_walk(store: Store) -> None:
    def explain(connection: sa.Connection) -> list[str]:
        asked = [(words._NEXT, (9, 9)), (words._INDEX, (9,))]
        return [
            row.detail
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]

    plan = await store.engine.read(explain)
    assert "SEARCH message USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plan
    assert not [step for step in plan if "SCAN message" in step or "B-TREE" in step]
