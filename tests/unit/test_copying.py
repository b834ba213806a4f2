"""`deskbridge archive copy`: everything, from one kind of database to the other, also if it is broken off (H5)."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from component.store import copying
from component.store.api import (
    ArchiveView,
    Audit,
    Filters,
    Hold,
    NewLink,
    NoteContacts,
    Slice,
    StartWatch,
    Store,
    StoreError,
    StoreInUse,
    Subscribe,
    Withdraw,
    copy_database,
    store_lease,
)
from tests.support.postgresql import PostgreSQLServer
from tests.support.store import ALICE, BOB, MORNING, SECOND, desk, joined, message, opened, say, url

VIEW = ArchiveView(ALICE, True)


@pytest.fixture(params=["to PostgreSQL", "to SQLite"])
def urls(request: pytest.FixtureRequest, tmp_path: Path, postgresql: PostgreSQLServer) -> Sequence[str]:
    """Of the original, and of a new database of the other kind."""
    both = [url(tmp_path), postgresql.new_database()]
    return both if request.param == "to PostgreSQL" else both[::-1]


async def filled(source: str, messages: int = 20) -> bytes:
    """Something of all kinds; the key of its ids."""
    store = await Store.open(source)
    try:
        chat, talk = joined(store), desk(store)
        await store.submit(chat, talk)
        first, *_ = await say(store, chat, *(f"text {number}" for number in range(messages)))
        with_all = message(
            store, talk, "one\x0btwo 👍 ß", sent_payload="<body>x</body>", seen_id="a", client_id="m@x", origin_id="o"
        )
        await store.submit(with_all)
        await store.submit(Withdraw(first, MORNING + SECOND))
        await store.submit(NewLink("token", "acme", "page", MORNING, MORNING + SECOND, "title", "<p>", first))
        await store.submit(NewLink("gone", "acme", "page", MORNING, MORNING + 1, "title", "<p>", first))
        await store.submit(Audit(MORNING, "acme", "operator root", "link.revoked", "link 1"))
        await store.submit(Subscribe(ALICE, "bob@directory.acme.test"), NoteContacts(BOB, "{}"))
        await store.submit(StartWatch(BOB, "acme", "all", "", MORNING))
        await store.place_hold(Hold("acme", "a lawsuit", "operator root", MORNING, account=ALICE))
        await store.links.remove_expired(MORNING + 2)
        return store.id_key
    finally:
        await store.close()


async def pages(of: str) -> object:
    store = await Store.open(of)
    try:
        return await store.history(VIEW, Filters(), Slice(1_000))
    finally:
        await store.close()


async def test_everything_is_in_the_copy(urls: Sequence[str]) -> None:
    """Compared row by row at the end; ids stay what they were, and are numbered on behind all that were given out."""
    source, target = urls
    key = await filled(source)
    rows = await copy_database(source, target, "a test", lambda table, done: None)
    assert rows["message"] == 21
    assert await pages(target) == await pages(source)
    copy, original = await Store.open(target), await Store.open(source)
    try:
        assert copy.id_key == key
        assert copy.next_message_id() > original.next_message_id()
        assert copy.next_conversation_id() > original.next_conversation_id()
        await copy.submit(NewLink("new", "acme", "page", MORNING, MORNING + SECOND, "title", "<p>", 1))
        found = await copy.links.find("new")
        assert found is not None and found.link.id > 2  # that of a link that is gone is not used again
        await copy.submit(Audit(MORNING, "acme", "operator root", "link.revoked", "link 2"))
    finally:
        await copy.close()
        await original.close()


async def test_goes_on_where_it_was_broken_off(urls: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody serves from what is not complete."""
    source, target = urls
    await filled(source)
    monkeypatch.setattr(copying, "PORTION", 6)

    def break_off(table: str, rows: int) -> None:
        if table == "message" and rows > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy_database(source, target, "a test", break_off)
    with pytest.raises(StoreError, match="broken off"):
        await Store.open(target)
    told: list[tuple[str, int]] = []
    rows = await copy_database(source, target, "a test", lambda table, done: told.append((table, done)))
    assert [done for table, done in told if table == "message"] == [18, 21]
    assert rows["message"] == 21
    assert await pages(target) == await pages(source)


async def test_only_into_a_new_database(urls: Sequence[str]) -> None:
    source, target = urls
    await filled(source)
    await filled(target, 1)
    with pytest.raises(StoreError, match="something in it"):
        await copy_database(source, target, "a test", lambda table, done: None)


async def test_not_while_deskbridge_runs(urls: Sequence[str], tmp_path: Path) -> None:
    """H2: on either of them."""
    source, target = urls
    await filled(source)
    for used in urls:
        lease = store_lease(used, "the bridge")
        await lease.acquire()
        try:
            with pytest.raises(StoreInUse):
                await copy_database(source, target, "a test", lambda table, done: None)
        finally:
            await lease.release()


async def test_what_differs_is_found(urls: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = urls
    await filled(source)
    write = copying._write

    def lose_one(*arguments: object) -> None:
        connection, table, rows, progress = arguments
        write(connection, table, rows[:-1] if str(table) == "message" else rows, progress)  # type: ignore[index, arg-type]

    monkeypatch.setattr(copying, "_write", lose_one)
    with pytest.raises(StoreError, match="differ in the table message"):
        await copy_database(source, target, "a test", lambda table, done: None)


async def test_of_a_new_database(urls: Sequence[str], tmp_path: Path) -> None:
    source, target = urls
    async with opened(tmp_path):
        pass
    assert await copy_database(source, target, "a test", lambda table, done: None) == {}
