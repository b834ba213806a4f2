"""Files of the database that somebody deletes or replaces while they are in use (R3)."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from component.store.api import Store, StoreError
from tests.support.store import joined, message, numbers, opened, url


def read(path: Path) -> list[int]:
    """The messages that another process finds."""
    with closing(sqlite3.connect(path)) as database:
        return [id for (id,) in database.execute("SELECT id FROM message ORDER BY id")]


def the_saved(folder: Path) -> Path:
    (saved,) = folder.glob("store.db.saved-*")
    return saved


@pytest.mark.parametrize("gone", [("-wal",), ("-shm",), ("-wal", "-shm"), ("",), ("", "-wal", "-shm")])
async def test_what_was_written_is_in_new_files_with_what_comes_next(tmp_path: Path, gone: tuple[str, ...]) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        sent = [message(store, chat) for _ in range(3)]
        await store.submit(chat, sent[0])
        assert await store.message(sent[0].id), "somebody reads, too"
        for suffix in gone:
            (tmp_path / f"store.db{suffix}").unlink()
        assert store.missing()
        for each in sent[1:]:
            await store.submit(each)
        assert store.missing() == []
        assert read(tmp_path / "store.db") == [each.id for each in sent]
        assert [id for id, _ in await numbers(store, chat.id)] == [each.id for each in sent]
        assert (tmp_path / "store.db").stat().st_mode & 0o777 == 0o600


async def test_it_is_noticed_while_nothing_is_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        sent = message(store, chat)
        await store.submit(chat, sent)
        (tmp_path / "store.db-wal").unlink()
        looking = asyncio.create_task(store.look_after())
        async with asyncio.timeout(60):
            while store.missing():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        looking.cancel()
        assert read(tmp_path / "store.db") == [sent.id]


async def test_a_database_that_is_replaced_is_left_alone_and_the_old_one_saved(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    chat = joined(store)
    sent = message(store, chat)
    await store.submit(chat, sent)
    other = tmp_path / "other.db"
    other.write_bytes(b"a backup, perhaps")
    other.rename(tmp_path / "store.db")
    for _ in range(2):
        with pytest.raises(StoreError, match="was replaced while deskbridge runs"):
            await store.submit(message(store, chat))
    saved = the_saved(tmp_path)
    assert saved.stat().st_mode & 0o777 == 0o600
    assert read(saved) == [sent.id]
    (told,) = store.missing()
    assert str(saved) in told
    with suppress(StoreError):
        await store.close()
    assert (tmp_path / "store.db").read_bytes() == b"a backup, perhaps"


async def test_a_database_that_is_full_or_locked_is_not_taken_for_another(tmp_path: Path) -> None:
    """A connection that was let go leaves files that SQLite deletes by itself."""
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        with closing(sqlite3.connect(tmp_path / "store.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                await store.submit(message(store, chat))
        await store.submit(message(store, chat))
        assert store.missing() == []
