"""Ids rise and are never reused (A6), whatever happens to the rows, the batches and the process."""

from pathlib import Path

import pytest

from component.store.api import ChangeRefused, Store, StoreError
from component.store.write import ids
from tests.support.store import REFUSED_OWNER, desk, execute, joined, message, opened, url

pytestmark = pytest.mark.usefixtures("each_storage")


async def test_a6_a_clean_restart_goes_on_with_the_next_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert [store.next_message_id() for _ in range(3)] == [1, 2, 3]
        assert [store.next_conversation_id() for _ in range(2)] == [1, 2]
    async with opened(tmp_path) as store:
        assert (store.next_message_id(), store.next_conversation_id()) == (4, 3)


async def test_a6_ids_of_deleted_messages_are_not_reused(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        newest = message(store, chat)
        await store.submit(chat, newest)
    execute(tmp_path, "DELETE FROM message", "DELETE FROM conversation")
    async with opened(tmp_path) as store:
        assert store.next_message_id() > newest.id
        assert store.next_conversation_id() > chat.id


async def test_a6_ids_of_a_failed_batch_are_not_reused(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        lost = message(store, chat, owner=REFUSED_OWNER)
        with pytest.raises(ChangeRefused):
            await store.submit(chat, lost)
    async with opened(tmp_path) as store:
        assert store.next_message_id() > lost.id
        assert store.next_conversation_id() > chat.id


async def test_a6_ids_given_out_before_a_crash_are_not_reused(tmp_path: Path) -> None:
    """The first store is left as a crash leaves it: without a word."""
    crashed = await Store.open(url(tmp_path))
    given_out = [crashed.next_message_id() for _ in range(1000)]
    async with opened(tmp_path) as store:
        assert store.next_message_id() > given_out[-1]
    await crashed.close()
    async with opened(tmp_path) as store:
        assert store.next_message_id() > given_out[-1] + 1


async def test_a6_blocks_of_ids_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "BLOCK", 10)
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        taken = []
        for _ in range(100):
            sent = message(store, chat)
            taken.append(sent.id)
            await store.submit(sent)
    assert taken == list(range(1, 101))


async def test_a6_ids_run_out_rather_than_repeat_and_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "BLOCK", 10)
    async with opened(tmp_path) as store:
        last = 0
        with pytest.raises(StoreError, match="no more ids"):
            while True:
                last = store.next_message_id()
        await store.submit()
        assert store.next_message_id() == last + 1


async def test_a6_a_message_that_comes_too_late_is_refused(tmp_path: Path) -> None:
    """Who has read up to the later id would never see it."""
    async with opened(tmp_path) as store:
        chat = desk(store)
        early, late = message(store, chat), message(store, chat)
        await store.submit(chat, late)
        for wrong in (early, late):
            with pytest.raises(ValueError, match="out of order"):
                store.submit(wrong)
        await store.submit(message(store, chat))


async def test_a6_an_id_of_ones_own_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = desk(store)
        invented = message(store, chat)
        invented.id = 1_000
        with pytest.raises(ValueError, match="out of order"):
            store.submit(chat, invented)


async def test_every_database_has_a_key_of_its_own_for_good(tmp_path: Path) -> None:
    keys = set()
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        for _ in range(2):
            async with opened(folder) as store:
                assert len(store.id_key) == 16
                keys.add(store.id_key)
    assert len(keys) == 2
