"""A database that the version before wrote: made by its code, kept as SQL, with what that version answered."""

import itertools
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.store.api import ArchiveView, Filters, OpenConversation, Slice, Store, StoreError, Supersede
from component.store.migrations import upgrade
from tests.support.store import ALICE, BOB, MORNING, SECOND, message, numbers, opened, url

DATABASES = Path(__file__).with_name("databases")
ANSWERS: dict[str, Any] = json.loads((DATABASES / "schema_0011.json").read_text())
FIRST_CHAT = 1


def written_before(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "store.db")) as database:
        database.executescript((DATABASES / "schema_0011.sql").read_text())
        database.commit()


@asynccontextmanager
async def migrated(folder: Path) -> AsyncIterator[Store]:
    written_before(folder)
    async with opened(folder) as store:
        yield store


async def answers(store: Store) -> dict[str, Any]:
    """The same questions as then."""
    pages = []
    for view, filters, backwards, *_ in ANSWERS["pages"]:
        wanted = Filters(**{key: tuple(value) if key == "ids" else value for key, value in filters.items()})
        page = await store.history(ArchiveView(*view), wanted, Slice(7, backwards=backwards))
        pages.append([view, filters, backwards, [found.id for found in page.messages], page.count, page.complete])
    references, own = [], []
    for chat, name, _ in ANSWERS["references"]:
        found = await store.find_by_reference(chat, name)
        references.append([chat, name, found and [found.id, found.sender_account, found.named]])
    for chat, name, sender, _ in ANSWERS["own"]:
        own.append([chat, name, sender, await store.find_own(chat, name, sender, 10**6)])
    stored = await store.open_conversations() + await store.find_joined_all()
    tenants = (await store.stats()).tenants.items()
    return {
        "pages": pages,
        "references": references,
        "own": own,
        "conversations": [[chat.id, chat.visible] for chat in stored],
        "statistics": {
            name: [of.messages, of.held, of.conversations, of.accounts, of.oldest, of.newest] for name, of in tenants
        },
        "undelivered": [found.id for found in await store.undelivered(store.delivered_up_to, 99)],
        "export": [found.id async for found in store.export("acme")],
        "recent": [
            [found.sender_account, found.client_id, found.sent_at]
            for found in await store.recent_client_ids(MORNING + 55 * SECOND)
        ],
    }


async def test_everything_is_answered_as_the_version_before_did(tmp_path: Path) -> None:
    async with migrated(tmp_path) as store:
        assert await answers(store) == ANSWERS
        assert store.next_message_id() > ANSWERS["undelivered"][-1]


async def test_numbers_go_on_and_corrections_find_what_they_mean(tmp_path: Path) -> None:
    async with migrated(tmp_path) as store:
        last = (await numbers(store, FIRST_CHAT))[-1][1]
        chat = OpenConversation(FIRST_CHAT, "acme", "joined", ALICE, BOB, MORNING)
        sent = message(store, chat, client_id="again", sent_at=MORNING + 100 * SECOND)
        await store.submit(sent, Supersede(FIRST_CHAT, ALICE, "client-33", sent.id, MORNING, is_version=True))
        assert (await numbers(store, FIRST_CHAT))[-1] == (sent.id, last + 1)

        def version(connection: sa.Connection) -> int | None:
            return connection.exec_driver_sql(f"SELECT version_of FROM message WHERE id = {sent.id}").scalar()

        assert await store.engine.read(version) == 33
        found = await store.find_by_reference(FIRST_CHAT, "again")
        assert found is not None and found.id == sent.id
    async with opened(tmp_path) as store:
        assert (await numbers(store, FIRST_CHAT))[-1] == (sent.id, last + 1)


@contextmanager
def broken_off(after: int) -> Iterator[None]:
    """After so many statements, as if the process had been killed there."""
    left = after

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise sqlite3.OperationalError("killed")

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)


def progress(folder: Path) -> tuple[str, int]:
    """The schema that was reached, and the last message whose digest is there."""
    with closing(sqlite3.connect(folder / "store.db")) as database:
        (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        mark = database.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'digests_up_to'").fetchone()
        return schema, mark[0] if mark else 0


@pytest.mark.parametrize("more", [2, 3, 5])
async def test_a_migration_that_is_broken_off_goes_on_at_the_next_start(
    tmp_path: Path, more: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each start is broken off a little later than the one before; what was reached is not lost."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(upgrade, "SLICE", 10)
    monkeypatch.setattr(upgrade, "SAY_SECONDS", 0.0)
    written_before(tmp_path)
    reached = [progress(tmp_path)]
    for statements in itertools.count(0, more):
        try:
            with broken_off(statements):
                store = await Store.open(url(tmp_path))
            break
        except StoreError:
            reached.append(progress(tmp_path))
    await store.close()
    assert reached == sorted(reached)
    assert len({mark for _, mark in reached}) >= 3 and len({schema for schema, _ in reached}) > 3
    assert "migration 0014 of the database" in caplog.text and "% is done" in caplog.text
    async with opened(tmp_path) as store:
        assert await answers(store) == ANSWERS
