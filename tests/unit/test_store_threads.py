"""Threads of the store: each ends with it, or with what failed, as a process waits for them at its end (R3)."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.store import sqlite, sqlite_connection
from component.store.api import Store, StoreError
from tests.support.store import ALICE, BOB, execute, joined, message, opened, url


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()


async def _not_a_database(folder: Path) -> None:
    (folder / "store.db").write_bytes(os.urandom(4096))
    await Store.open(url(folder))


async def _too_new(folder: Path) -> None:
    async with opened(folder):
        pass
    execute(folder, "UPDATE alembic_version SET version_num = '9999'")
    await Store.open(url(folder))


async def _locked(folder: Path) -> None:
    with sa.create_engine(url(folder)).connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        await Store.open(url(folder))


async def _no_folder(folder: Path) -> None:
    await Store.open(url(folder / "missing"))


@pytest.mark.parametrize("fail", [_not_a_database, _too_new, _locked, _no_folder])
async def test_a_database_that_cannot_be_opened_leaves_none(
    tmp_path: Path, fail: Callable[[Path], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_TIMEOUT_MS", 50)
    with pytest.raises(StoreError):
        await fail(tmp_path)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13])
async def test_being_stopped_while_it_opens_leaves_none(tmp_path: Path, steps: int) -> None:
    opening = asyncio.create_task(Store.open(url(tmp_path)))
    for _ in range(steps):
        await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening


async def test_whoever_reads_or_writes_and_is_stopped_is_followed_by_others(tmp_path: Path) -> None:
    """What was begun ends in its thread; nobody gets another's answer."""
    async with opened(tmp_path) as store:
        chat = joined(store)
        sent = message(store, chat)
        await store.submit(chat, sent)
        for begin in (store.engine.read, store.engine.change):
            asked = [asyncio.create_task(begin(lambda _, n=number: n)) for number in range(20)]  # type: ignore[misc]
            for number, one in enumerate(asked):
                if number % 3 == 0:
                    await asyncio.sleep(0)
                    one.cancel()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            told = {number: answer for number, answer in enumerate(answers) if isinstance(answer, int)}
            assert len(told) >= 13
            assert all(number == answer for number, answer in told.items())
        assert await store.message(sent.id)
        assert await store.find_joined(ALICE, BOB)


async def test_no_more_connections_read_than_wanted(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        before = len(threading.enumerate())
        at_work = [store.engine.read(lambda connection: connection.exec_driver_sql("SELECT 1")) for _ in range(50)]
        await asyncio.gather(*at_work)
        assert len(threading.enumerate()) - before <= sqlite.READERS
