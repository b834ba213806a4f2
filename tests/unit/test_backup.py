"""Backups while others write, and putting them back: no id is issued again (H6, A6)."""

import asyncio
import itertools
import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from component.store.api import (
    ArchiveView,
    Filters,
    OpenConversation,
    Slice,
    Store,
    StoreError,
    back_up,
    restore_backup,
)
from component.store.write import ids as numbering
from tests.support.store import ALICE, MORNING, desk, execute, ids, joined, message, opened, say, url

VIEW = ArchiveView(ALICE, True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


async def chatted(folder: Path, name: str, *texts: str) -> list[int]:
    """Alice said this to a Work user of that name, in one run of deskbridge."""
    async with opened(folder) as store:
        chat = joined(store, work=f"{name}@work.acme.test")
        await store.submit(chat)
        return await say(store, chat, *texts, sent_at=MORNING)


async def read(folder: Path, after: int | None = None) -> list[int]:
    async with opened(folder) as store:
        return ids(await store.history(VIEW, Filters(), Slice(10_000, after=after)))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestBackup:
    async def test_while_others_write(self, tmp_path: Path, copy: Path) -> None:
        """All that was on disk when it began, and everything as of one moment."""
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            before = await say(store, chat, *("before" for _ in range(3_000)))
            writing = asyncio.create_task(write_on(store, chat))
            await asyncio.to_thread(back_up, url(tmp_path), copy)
            writing.cancel()
        found = copied(copy)
        assert found[: len(before)] == before
        assert found == list(range(1, len(found) + 1))

    async def test_is_one_file_for_nobody_else_to_read(self, tmp_path: Path, copy: Path) -> None:
        """By an operator whose files are everybody's to read otherwise."""
        old = os.umask(0o022)
        try:
            async with opened(tmp_path) as store:
                await store.submit(joined(store))
                back_up(url(tmp_path), copy)
        finally:
            os.umask(old)
        assert files(tmp_path) == {"store.db", "copy.db"}
        assert mode(copy) == 0o600

    async def test_leaves_what_is_there_alone(self, tmp_path: Path, copy: Path) -> None:
        await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        before = copied(copy)
        with pytest.raises(StoreError, match="there already"):
            back_up(url(tmp_path), copy)
        assert copied(copy) == before

    async def test_after_one_that_was_broken_off(self, tmp_path: Path, copy: Path) -> None:
        sent = await chatted(tmp_path, "bob", "one")
        (tmp_path / "copy.db.partial").write_bytes(b"half of it")
        back_up(url(tmp_path), copy)
        assert copied(copy) == sent and files(tmp_path) == {"store.db", "copy.db"}

    async def test_of_what_is_damaged_is_none(self, tmp_path: Path, copy: Path) -> None:
        await chatted(tmp_path, "bob", *("x" * 1_000 for _ in range(200)))
        damage(tmp_path / "store.db")
        with pytest.raises(StoreError, match=r"damaged|malformed"):
            back_up(url(tmp_path), copy)
        assert files(tmp_path) == {"store.db"}


async def write_on(store: Store, chat: OpenConversation) -> None:
    while True:
        await store.submit(message(store, chat), message(store, chat))


def copied(path: Path) -> list[int]:
    """The messages in a file, which is not opened as deskbridge does."""
    with closing(sqlite3.connect(path)) as database:
        return [id for (id,) in database.execute("SELECT id FROM message ORDER BY id")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owner(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def scribble(path: Path) -> None:
    path.write_text("no database at all\n" * 1_000)


def damage(path: Path) -> None:
    """From the fourth page on."""
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 40))


class TestRestore:
    async def test_brings_back_what_was_there(self, tmp_path: Path, copy: Path) -> None:
        kept = await chatted(tmp_path, "bob", "one", "two")
        back_up(url(tmp_path), copy)
        await chatted(tmp_path, "erin", "three")
        replaced = await restore_backup(url(tmp_path), copy)
        assert await read(tmp_path) == kept
        assert replaced and copied(replaced) == [*kept, 3]
        assert files(tmp_path) == {"store.db", "copy.db", replaced.name}

    async def test_no_id_is_issued_again(self, tmp_path: Path, copy: Path) -> None:
        """However often the same backup is put back."""
        issued = await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        for name in ("first", "second", "third"):
            issued += await chatted(tmp_path, name, "lost", "lost too")
            await restore_backup(url(tmp_path), copy)
        issued += await chatted(tmp_path, "erin", "four")
        assert issued == sorted(set(issued))
        assert await read(tmp_path) == [issued[0], issued[-1]]

    async def test_no_conversation_is_taken_for_another(self, tmp_path: Path, copy: Path) -> None:
        """Ids of stanzas about conversations are made of their numbers."""
        await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        async with opened(tmp_path) as store:
            lost = desk(store).id
        await restore_backup(url(tmp_path), copy)
        async with opened(tmp_path) as store:
            assert desk(store).id > lost

    async def test_no_id_is_issued_again_by_a_copy_that_was_put_there_by_hand(
        self, tmp_path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Eras are told apart by seconds."""
        now = itertools.count(int(time.time()))
        monkeypatch.setattr(numbering.time, "time", lambda: next(now))
        issued = await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        for name in ("first", "second"):
            issued += await chatted(tmp_path, name, "lost")
            (tmp_path / "store.db").unlink()
            shutil.copy(copy, tmp_path / "store.db")
        issued += await chatted(tmp_path, "erin", "two")
        assert issued == sorted(set(issued))

    async def test_clients_find_their_way_from_what_is_lost(self, tmp_path: Path, copy: Path) -> None:
        """A6: its id was issued, so it is an anchor: after it comes what was said since the restore, before it all that
        is left."""
        kept = await chatted(tmp_path, "bob", "one", "two")
        back_up(url(tmp_path), copy)
        lost = await chatted(tmp_path, "erin", "three", "four")
        await restore_backup(url(tmp_path), copy)
        new = await chatted(tmp_path, "fred", "five")
        async with opened(tmp_path) as store:
            for number in lost:
                assert await store.knows_message(number)
            assert ids(await store.history(VIEW, Filters(), Slice(9, after=lost[0]))) == new
            assert ids(await store.history(VIEW, Filters(), Slice(9, before=lost[0], backwards=True))) == kept

    async def test_nothing_is_delivered_again(self, tmp_path: Path, copy: Path) -> None:
        """What was on its way when the backup was made was delivered by the process that went on."""
        async with opened(tmp_path) as store:
            chat = joined(store)
            await store.submit(chat)
            (sent,) = await say(store, chat, "on its way")
            back_up(url(tmp_path), copy)
        await restore_backup(url(tmp_path), copy)
        async with opened(tmp_path) as store:
            assert store.delivered_up_to == await store.settled_up_to() == sent
            assert await store.undelivered(store.delivered_up_to, 9) == []

    async def test_where_there_is_no_database(self, tmp_path: Path, copy: Path) -> None:
        """On another machine."""
        kept = await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        other = tmp_path / "other"
        other.mkdir()
        assert await restore_backup(url(other), copy) is None
        assert await read(other) == kept
        assert mode(other / "store.db") == 0o600

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    async def test_by_root_for_the_user_who_had_the_database(self, tmp_path: Path, copy: Path) -> None:
        await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        os.chown(tmp_path / "store.db", 65534, 65533)
        await restore_backup(url(tmp_path), copy)
        assert owner(tmp_path / "store.db") == (65534, 65533)
        assert mode(tmp_path / "store.db") == 0o600

    async def test_in_the_place_of_one_that_is_damaged(self, tmp_path: Path, copy: Path) -> None:
        kept = await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        for name in ("store.db", "store.db-wal", "store.db-shm"):
            (tmp_path / name).write_bytes(os.urandom(100_000))
        replaced = await restore_backup(url(tmp_path), copy)
        assert replaced and replaced.stat().st_size == 100_000
        assert await read(tmp_path) == kept

    async def test_of_a_copy_that_was_made_otherwise(self, tmp_path: Path, copy: Path) -> None:
        """By sqlite3, or with the file alone."""
        kept = await chatted(tmp_path, "bob", "one")
        shutil.copy(tmp_path / "store.db", copy)
        lost = await chatted(tmp_path, "erin", "two")
        await restore_backup(url(tmp_path), copy)
        new = await chatted(tmp_path, "fred", "three")
        assert new > lost and await read(tmp_path) == [*kept, *new]

    @pytest.mark.usefixtures("each_storage")
    async def test_of_a_copy_that_is_in_place_already(self, tmp_path: Path) -> None:
        """By pg_restore, or with the whole disk."""
        issued = await chatted(tmp_path, "bob", "one")
        before = time.time()
        async with opened(tmp_path) as store:
            await store.note_restore()
        issued += await chatted(tmp_path, "erin", "two")
        assert await read(tmp_path) == issued
        assert issued[1] >> numbering.ERA_BITS >= int(before) - numbering.BEGINNING
        async with opened(tmp_path) as store:
            assert store.delivered_up_to == issued[0]
            assert store.next_message_id() == issued[1] + 1, "once"

    @pytest.mark.parametrize("kind", ["text", "other", "damaged", "newer"])
    async def test_what_cannot_be_restored_changes_nothing(self, tmp_path: Path, copy: Path, kind: str) -> None:
        kept = await chatted(tmp_path, "bob", *("x" * 1_000 for _ in range(200)))
        match kind:
            case "text":
                scribble(copy)
            case "other":
                with closing(sqlite3.connect(copy)) as other:
                    other.execute("CREATE TABLE recipe (text)")
            case "damaged":
                back_up(url(tmp_path), copy)
                damage(copy)
            case "newer":
                back_up(url(tmp_path), copy)
                (tmp_path / "newer").mkdir()
                shutil.move(copy, tmp_path / "newer" / "store.db")
                execute(tmp_path / "newer", "UPDATE alembic_version SET version_num = '9999'")
                copy = tmp_path / "newer" / "store.db"
        before = (tmp_path / "store.db").read_bytes()
        with pytest.raises(StoreError, match=r"not a database|no database of deskbridge's|damaged|malformed|9999"):
            await restore_backup(url(tmp_path), copy)
        assert (tmp_path / "store.db").read_bytes() == before
        assert files(tmp_path) <= {"store.db", "copy.db", "newer"}
        assert await read(tmp_path) == kept

    async def test_beside_a_process_that_uses_the_database(self, tmp_path: Path, copy: Path) -> None:
        """A command; the bridge is kept out by its lease."""
        kept = await chatted(tmp_path, "bob", "one")
        back_up(url(tmp_path), copy)
        await chatted(tmp_path, "erin", "two")
        with closing(sqlite3.connect(tmp_path / "store.db")) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM message").fetchone()
            async with opened(tmp_path) as store:
                await store.submit(joined(store, work="fred@work.acme.test"))
            with pytest.raises(StoreError, match="another process uses"):
                await restore_backup(url(tmp_path), copy)
        await restore_backup(url(tmp_path), copy)
        assert await read(tmp_path) == kept
