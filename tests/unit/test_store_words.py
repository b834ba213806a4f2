"""Words come into their index when there is time; nobody who searches notices (A7), and they go with messages (A8)."""

import asyncio
import itertools
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.folding import Phrase
from component.store.api import ArchiveView, DeliveredUpTo, Filters, Slice, Store, TranscriptQuery, Withdraw
from component.store.archive import search
from component.store.full_text import fts5, indexing, words
from component.store.full_text.indexing import Indexing, index_some
from component.store.full_text.words import word_index
from tests.support.store import (
    ALICE,
    BOB,
    CAROL,
    MORNING,
    ON_SQLITE,
    SECOND,
    behind,
    desk,
    ids,
    index_all,
    joined,
    message,
    older,
    opened,
    say,
)

pytestmark = pytest.mark.usefixtures("each_storage")

LATER = MORNING + 10**6 * SECOND
FEW = 16


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def find(store: Store, text: str, viewer: str = ALICE) -> list[int]:
    return ids(await store.history(ArchiveView(viewer, viewer != BOB), Filters(text=text), Slice(5_000)))


async def is_sound(store: Store) -> bool:
    """Does SQLite find its index of words in order? https://www.sqlite.org/fts5.html#the_integrity_check_command"""

    def check(connection: sa.Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("INSERT INTO message_text (message_text) VALUES ('integrity-check')")

    await store.engine.change(check)
    return True


def is_nowhere(text: str, folder: Path) -> bool:
    """In no page of the closed file. What PostgreSQL does with its own is not ours."""
    file = folder / "store.db"
    return not file.exists() or text.encode() not in file.read_bytes()


async def indexed(store: Store, word: str) -> list[int]:
    """What the index itself has."""

    def query(connection: sa.Connection) -> list[int]:
        index = word_index(connection)
        source = index.SOURCE.format(order="ASC")
        statement = f"SELECT {index.NUMBER} FROM {source} AS picked WHERE {index.MATCHES} ORDER BY {index.NUMBER}"
        asked = index.expression([Phrase((word,))], None, all_of_them=True)
        return list(connection.scalars(sa.text(statement), {"words": asked}))

    return await store.engine.read(query)


class TestSearching:
    async def test_a7_what_is_not_indexed_is_found(self, store: Store) -> None:
        chat, agents = joined(store), desk(store)
        await store.submit(chat, agents)
        sent = await say(store, chat, *("needle" for _ in range(FEW)))
        await say(store, agents, "needle in a haystack", "hay")
        assert await find(store, "needle", BOB) == sent
        assert await find(store, "haystack") == await find(store, "haystack", CAROL) == [sent[-1] + 1]
        assert await store.transcripts.with_words(TranscriptQuery("acme", text="haystack")) == [agents.id]
        assert await store.transcripts.with_words(TranscriptQuery("globex", text="haystack")) == []
        assert await behind(store) == FEW + 2, "a search indexes nothing"

    async def test_a7_what_is_indexed_and_what_is_not_are_one_result(self, store: Store) -> None:
        chat, first, second = joined(store), desk(store), desk(store)
        await store.submit(chat, first, second)
        sent = await say(store, chat, *("needle" for _ in range(FEW)))
        await say(store, first, "needle")
        await index_all(store)
        sent += await say(store, chat, *("needle" for _ in range(FEW)))
        await say(store, second, "needle")
        assert await find(store, "needle", BOB) == sent
        wanted = TranscriptQuery("acme", text="needle")
        assert await store.transcripts.with_words(wanted) == [first.id, second.id]
        await index_all(store)
        assert await find(store, "needle", BOB) == sent
        assert await store.transcripts.with_words(wanted) == [first.id, second.id]

    async def test_a7_however_much_is_not_indexed_pages_are_right(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search, "MOST_COUNTED", 10)
        monkeypatch.setattr(search, "PORTION", 4)
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *("needle" if number % 3 == 0 else "hay" for number in range(15)))
        await index_all(store)
        sent += await say(store, chat, *("needle" if number % 3 == 0 else "hay" for number in range(60)))
        view, filters = ArchiveView(ALICE, True, None, BOB), Filters(text="needle")
        for backwards in (False, True):
            found: list[int] = []
            anchor = None
            for _ in range(20):
                slice = Slice(3, **{"before" if backwards else "after": anchor}, backwards=backwards)
                page = await store.history(view, filters, slice)
                found += ids(page)[:: -1 if backwards else 1]
                assert page.count is None, "it would be dear"
                if page.complete:
                    break
                anchor = found[-1]
            assert sorted(found) == sent[::3] and len(set(found)) == len(found)

    async def test_a7_a_search_for_a_page_does_not_read_all(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search, "MOST_COUNTED", 10)
        monkeypatch.setattr(search, "PORTION", 10)
        read: list[int] = []
        with_all = search._with_all
        monkeypatch.setattr(search, "_with_all", lambda texts, wanted: read.append(1) or with_all(texts, wanted))
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *("needle" for _ in range(100)))
        page = await store.history(ArchiveView(ALICE, True), Filters(text="needle"), Slice(5, backwards=True))
        assert (ids(page), page.complete, len(read)) == (sent[-5:], False, 1)

    async def test_a7_words_of_others_cost_nothing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[str] = []
        has_all = search.has_all
        monkeypatch.setattr(search, "has_all", lambda text, wanted: read.append(text) or has_all(text, wanted))
        chat, other = joined(store), joined(store, agent=CAROL, work="erin@work.acme.test")
        await store.submit(chat, other)
        await say(store, other, *("needle" for _ in range(FEW)))
        sent = await say(store, chat, "a needle")
        assert await find(store, "needle") == sent
        assert read == ["a needle"]


class TestWhenThereIsTime:
    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(indexing, "LOOK", 0.01)
        monkeypatch.setattr(indexing, "AGAIN", 0.01)

    @pytest.fixture
    async def running(self, store: Store) -> AsyncIterator[None]:
        task = asyncio.create_task(store.index_words())
        yield
        task.cancel()
        await asyncio.wait([task])

    async def all_indexed(self, store: Store) -> None:
        """Wait for it."""
        async with asyncio.timeout(90):
            for pause in itertools.repeat(0.01):
                if await behind(store) == 0:
                    return
                await asyncio.sleep(pause)

    async def test_all_are_indexed(self, store: Store, running: None) -> None:
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *("needle" for _ in range(3 * fts5.PORTION)))
        await self.all_indexed(store)
        sent += await say(store, chat, "needle")
        await self.all_indexed(store)
        assert await indexed(store, "needle") == sent
        assert await is_sound(store)

    async def test_nothing_while_the_process_is_busy(
        self, store: Store, running: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks, enough = itertools.count(), asyncio.Event()

        def process_time() -> float:
            look = next(looks)
            if look == 50:
                enough.set()
            return 1e9 + look

        chat = joined(store)
        await store.submit(chat)
        with monkeypatch.context() as busy:
            busy.setattr(indexing.time, "process_time", process_time)
            await say(store, chat, *("needle" for _ in range(100)))
            await enough.wait()
            assert await behind(store) == 100
        await self.all_indexed(store)

    async def test_an_operator_is_told_when_much_is_left_from_before(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, indexing.__name__)
        monkeypatch.setattr(indexing, "WORK", 0)
        chat = joined(store)
        await store.submit(chat)
        await say(store, chat, *("needle" for _ in range(2 * fts5.PORTION)))
        indexing_words = Indexing(store.engine, lambda: store.last_message_id, lambda: False)
        for expected in (1, 2, 2):
            while indexing_words._all_up_to < store.last_message_id:
                await indexing_words._some()
                if expected == 1:
                    break
            assert len(caplog.records) == expected
        assert "take longer until" in caplog.messages[0] and "all messages are indexed" in caplog.messages[1]
        await say(store, chat, *("needle" for _ in range(2 * fts5.PORTION)))
        await indexing_words._some()
        assert len(caplog.records) == 2

    async def test_nothing_while_others_write(self) -> None:
        indexed = Indexing(None, lambda: 100, lambda: True)  # type: ignore[arg-type]
        await indexed._some()

    async def test_few_wait_for_others(self) -> None:
        newest = 0
        indexed = Indexing(None, lambda: newest, lambda: False)  # type: ignore[arg-type]
        indexed._all_up_to = 0
        found = []
        for submitted in (0, 1, 2, 2, 3, 3, 40):
            newest = submitted
            found.append(indexed._is_worth_it())
        assert found == [False, False, False, True, False, True, True]

    async def test_a5_messages_do_not_fail_because_their_words_do(
        self, store: Store, running: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        tries, enough = itertools.count(), asyncio.Event()
        caplog.set_level(logging.INFO)

        def full(*_: Any) -> int:
            if next(tries) == 3:
                enough.set()
            raise sa.exc.OperationalError("", None, Exception("database or disk is full"))

        chat = joined(store)
        await store.submit(chat)
        with monkeypatch.context() as patched:
            patched.setattr(words, "index", full)
            sent = await say(store, chat, "needle")
            await enough.wait()
            assert await find(store, "needle") == sent
        await self.all_indexed(store)
        assert await find(store, "needle") == sent
        about = [record.message for record in caplog.records if "words" in record.message]
        assert len(about) == 2 and "disk is full" in about[0], "it is said once, and when it is over"


class TestIndexing:
    async def test_messages_without_text_are_passed_over(self, store: Store) -> None:
        chat = joined(store)
        await store.submit(chat)
        await store.submit(*(message(store, chat, body=body) for body in (None, "needle", None)))
        await index_all(store)
        assert len(await find(store, "needle")) == 1
        assert await behind(store) == 0

    async def test_a_portion_is_short_in_characters_too(self, store: Store) -> None:
        chat = joined(store)
        await store.submit(chat)
        await say(store, chat, *("a " * words.MOST_CHARACTERS for _ in range(3)))
        await index_some(store.engine)
        assert await behind(store) == 2

    async def test_a7_somebody_else_may_have_indexed_some(self, store: Store) -> None:
        chat = joined(store)
        await store.submit(chat)
        sent = await say(store, chat, *("needle" for _ in range(FEW)))
        portion = await store.engine.read(words.next_texts)
        assert portion
        for _ in range(2):
            await store.engine.change(words.index, words.folded(portion))
        assert await indexed(store, "needle") == sent
        assert await is_sound(store)

    @ON_SQLITE
    async def test_a7_what_a_crash_left_unindexed_is_found_and_indexed(self, tmp_path: Path) -> None:
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
            await index_all(store)
            assert await find(store, "needle") == await indexed(store, "needle") == sent

    async def test_a10_words_that_were_cut_by_an_older_version_are_cut_anew(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chat = joined(store)
        await store.submit(chat)
        with monkeypatch.context() as older:
            older.setattr(words, "FOLDING", "0")
            older.setattr(words, "words", lambda text: [text[1:]])
            sent = await say(store, chat, "needle", "xyzzy")
            await index_all(store)
            assert await indexed(store, "eedle") == sent[:1]
        assert await behind(store) == 2
        assert await find(store, "needle") == sent[:1]
        sent += await say(store, chat, "needle")
        assert await find(store, "needle") == [sent[0], sent[2]]
        await index_all(store)
        assert await find(store, "needle") == await indexed(store, "needle") == [sent[0], sent[2]]
        assert await indexed(store, "eedle") == []
        assert await is_sound(store)

    @ON_SQLITE
    async def test_indexing_is_a_short_walk(self, store: Store) -> None:
        def explain(connection: sa.Connection) -> list[str]:
            asked = [(words._NEXT, {"after": 1, "most": 9}), (words._THERE, {"after": 1, "last": 9})]
            return [
                row.detail
                for statement, values in asked
                for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {statement.text}"), values)
            ]

        plan = await store.engine.read(explain)
        assert len(plan) == 2 and all("SEARCH message USING INTEGER PRIMARY KEY" in step for step in plan)


class TestPurging:
    async def test_a8_what_is_purged_before_it_is_indexed_never_comes_into_the_index(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            await say(store, chat, *(f"xyzzy{number}" for number in range(FEW)), sent_at=MORNING)
            kept = await say(store, chat, "plugh", sent_at=MORNING + SECOND)
            await store.submit(DeliveredUpTo(kept[-1]))
            portion = await store.engine.read(words.next_texts)
            assert portion and len(portion.entries) == FEW + 1
            assert (await store.purge("acme", MORNING + SECOND)).deleted == FEW
            await store.engine.change(words.index, words.folded(portion))
            assert await behind(store) == 0
            assert await find(store, "xyzzy3") == await indexed(store, "xyzzy3") == []
            assert await find(store, "plugh") == await indexed(store, "plugh") == kept
            assert await is_sound(store)
        assert is_nowhere("xyzzy", tmp_path)

    async def test_a8_a_purge_of_what_is_indexed_in_part(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            await say(store, chat, *(f"xyzzy{number} 明天会议" for number in range(FEW)))
            await index_all(store)
            late = await say(store, chat, *(f"xyzzy{number}" for number in range(5)))
            await store.submit(DeliveredUpTo(late[-1]))
            assert await behind(store) == 5
            assert (await store.purge("acme", LATER)).deleted == FEW + 5
            again = await say(store, chat, "plugh", sent_at=LATER)
            assert await find(store, "xyzzy1") == await indexed(store, "会议") == []
            assert await find(store, "plugh") == again
            assert await is_sound(store)
        assert is_nowhere("xyzzy", tmp_path) and is_nowhere("会议", tmp_path)

    async def test_a8_messages_without_words_go_without_any(self, store: Store) -> None:
        chat = joined(store)
        await store.submit(chat)
        for body in ("", None, "...", "needle"):
            await store.submit(message(store, chat, body=body))
        await index_all(store)
        kept = await say(store, chat, "needle", sent_at=LATER)
        await store.submit(DeliveredUpTo(kept[0]))
        assert (await store.purge("acme", LATER)).deleted == 4
        assert await is_sound(store)
        await index_all(store)
        assert await find(store, "needle") == await indexed(store, "needle") == kept

    async def test_a8_what_was_withdrawn_is_not_found_and_can_be_purged(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            sent = await say(store, chat, *(f"xyzzy needle{number}" for number in range(5)))
            await store.submit(Withdraw(sent[2], MORNING), DeliveredUpTo(sent[-1]))
            shown = sent[:2] + sent[3:]
            assert await find(store, "xyzzy") == shown
            await index_all(store)
            assert await find(store, "xyzzy") == shown
            assert (await store.purge("acme", LATER)).deleted == 5
            assert await find(store, "xyzzy") == await indexed(store, "xyzzy") == []
            assert await is_sound(store)
        assert is_nowhere("xyzzy", tmp_path)

    async def test_a8_words_that_were_cut_by_an_older_version_go_with_their_messages(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            with monkeypatch.context() as older_version:
                older_version.setattr(words, "FOLDING", "0")
                older_version.setattr(words, "words", lambda text: [text[1:]])
                sent = await say(store, chat, "xyzzy", "plugh", sent_at=MORNING)
                await index_all(store)
            await store.submit(DeliveredUpTo(sent[0]))
            assert (await store.purge("acme", LATER)).deleted == 1
            assert await find(store, "plugh") == sent[1:]
            await index_all(store)
            assert await find(store, "plugh") == sent[1:]
            assert await is_sound(store)
        assert is_nowhere("yzzy", tmp_path)


@ON_SQLITE
async def test_messages_of_an_older_version_are_found_and_indexed_anew(tmp_path: Path) -> None:
    older(
        tmp_path,
        "0011",
        f"INSERT INTO account (id, jid) VALUES (4, '{ALICE}'), (5, '{CAROL}')",
        "INSERT INTO conversation (id, tenant, kind, first_id, second_id, opened_at, length, visible)"
        " VALUES (1, 'acme', 'desk', 4, 5, 0, 1, 1)",
        "INSERT INTO message (id, conversation_id, seq, sent_at, sender, receiver, sender_id, receiver_id, type,"
        " body, payload) VALUES (7, 1, 1, 0, '', '', 4, 5, 'chat', '明天会议', '')",
        "INSERT INTO message_text (rowid, scope, body) VALUES (7, '4 5', '明天会议')",
        "UPDATE meta SET value = '8' WHERE key = 'next_message_id'",
        "UPDATE meta SET value = '7' WHERE key = 'indexed_up_to'",
    )
    async with opened(tmp_path) as store:
        assert await find(store, "会议") == [7]
        await index_all(store)
        assert await find(store, "会议") == await indexed(store, "会议") == [7]
        await store.submit(DeliveredUpTo(7))
        assert (await store.purge("acme", LATER)).deleted == 1
        assert await find(store, "会议") == []
        assert await is_sound(store)
    assert is_nowhere("会议", tmp_path)
