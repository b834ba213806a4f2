"""What a page costs does not depend on how many messages there are: neither by its plan nor counted in steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import log2
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.store.api import ArchiveView, DeliveredUpTo, EndConversation, Filters, Hold, Slice, Store, Withdraw
from component.store.archive import pages
from component.store.schema import metadata
from tests.support.store import ALICE, BOB, CAROL, MORNING, SECOND, desk, index_all, joined, opened, say

VIEWS = {
    "a chat in 9.9": ArchiveView(ALICE, True, 30, BOB),
    "a chat in 9.10": ArchiveView(ALICE, True, None, BOB),
    "everything in 9.9": ArchiveView(ALICE, True, 30),
    "everything in 9.10": ArchiveView(ALICE, True, None),
    "a chat between agents": ArchiveView(ALICE, True, 30, CAROL),
    "everything of a Work user": ArchiveView(BOB, False),
    "a chat of a Work user": ArchiveView(BOB, False, None, ALICE),
}


async def filled(store: Store, length: int) -> list[int]:
    """A chat and a conversation of so many messages; the ids of the chat."""
    chat, current = joined(store), desk(store)
    await store.submit(chat, current)
    sent = await say(store, chat, *("hello world" for _ in range(length)))
    await say(store, current, *("hello world" for _ in range(length)))
    await store.submit(Withdraw(sent[-7], MORNING), Withdraw(sent[9], MORNING))
    return sent


def queries(sent: list[int]) -> Iterator[tuple[Filters, Slice]]:
    """Most are about places near the end: there is as much to find there in a short chat as in a long one."""
    near = sent[-40]
    yield Filters(), Slice(20, backwards=True)
    yield Filters(), Slice(20, before=near, backwards=True)
    yield Filters(), Slice(20, after=near)
    yield Filters(), Slice(0)
    yield Filters(after=near), Slice(20)
    yield Filters(before=near, after=sent[-60]), Slice(20)
    yield Filters(start=MORNING + near * SECOND, end=MORNING + sent[-20] * SECOND), Slice(20)
    yield Filters(ids=tuple(sent[-50:])), Slice(20)


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of any database meanwhile."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


async def plans(store: Store, asked: list[tuple[str, Any]]) -> set[str]:
    def explain(connection: sa.Connection) -> set[str]:
        return {
            row.detail
            for statement, parameters in asked
            if statement.lstrip().startswith(("SELECT", "WITH", "DELETE", "INSERT"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        }

    return await store.engine.read(explain)


LOOK = 60
"""Steps of SQLite's machine to see when a message was sent."""

ALIASES = {"m", "n", "w", "c", "sender", "receiver"}


def scans(plan: set[str]) -> set[str]:
    """The tables that are read from end to end. There are few holds, so they may be."""
    tables = metadata.tables.keys() - {"hold"} | ALIASES
    return {step for step in plan if step.startswith("SCAN") and step.split()[1] in tables}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
async def test_no_page_scans_a_table(tmp_path: Path, view: ArchiveView) -> None:
    async with opened(tmp_path) as store:
        sent = await filled(store, 70)
        with statements() as asked:
            for filters, slice in queries(sent):
                await store.history(view, filters, slice)
            for _ in range(2):  # what is not indexed, then what is
                await store.history(view, Filters(text="hello"), Slice(20, backwards=True))
                await store.history(view, Filters(text="hello", ids=tuple(sent[:5])), Slice(20))
                await index_all(store)
            await store.history_ends(view)
        plan = await plans(store, asked)
    assert scans(plan) == set()


async def test_a_search_ends_with_its_page(tmp_path: Path) -> None:
    """The index of words gives messages in their order; nothing is sorted."""
    async with opened(tmp_path) as store:
        with statements() as asked:
            await filled(store, 70)
            await index_all(store)
            for backwards in (False, True):
                await store.history(VIEWS["everything in 9.9"], Filters(text="hello"), Slice(20, backwards=backwards))
        plan = await plans(store, [asked for asked in asked if "message_text AS picked" in asked[0]])
    assert plan and not [step for step in plan if "B-TREE" in step]


async def test_no_purge_scans_messages(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        sent = await filled(store, 70)
        (current,) = await store.open_conversations()
        await store.submit(DeliveredUpTo(sent[-1] + 70), EndConversation(current.id, MORNING, "ended"))
        await store.place_hold(Hold("acme", "lawsuit", "operator", MORNING, account=CAROL, end=MORNING + 100 * SECOND))
        with statements() as asked:
            purged = await store.purge("acme", MORNING + 1_000 * SECOND)
            assert [_ async for _ in store.export("acme")] and purged.held and purged.deleted
        plan = await plans(store, asked)
    assert scans(plan) == set()


async def steps(store: Store, view: ArchiveView, filters: Filters, slice: Slice) -> int:
    """How many steps SQLite's machine does for a page."""

    def query(connection: sa.Connection) -> int:
        done = 0

        def count() -> None:
            nonlocal done
            done += 1

        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.set_progress_handler(count, 1)  # type: ignore[attr-defined]
        pages.read_page(connection, view, filters, slice)
        driver.set_progress_handler(None, 0)  # type: ignore[attr-defined]
        return done

    return await store.engine.read(query)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
async def test_a_page_costs_the_same_in_a_long_chat(tmp_path: Path, view: ArchiveView) -> None:
    """A date is found by halving, so it costs some more looks at single messages."""
    costs = []
    for length in (70, 7_000):
        folder = tmp_path / str(length)
        folder.mkdir()
        async with opened(folder) as store:
            sent = await filled(store, length)
            costs.append([await steps(store, view, *query) for query in queries(sent)])
    looks = [LOOK * 2 * log2(100) if filters.start else 0 for filters, _ in queries(sent)]
    dearer = [after - before * 1.1 for before, after in zip(*costs, strict=True)]
    assert [more for more, allowed in zip(dearer, looks, strict=True) if more > allowed] == []


async def test_a_page_of_many_chats_costs_some_steps_for_each_of_them(tmp_path: Path) -> None:
    """The last page: windows are looked for in the chats alone whose messages may be on it."""
    costs = []
    for many in (60, 260):
        folder = tmp_path / str(many)
        folder.mkdir()
        async with opened(folder) as store:
            for number in range(many):
                chat = joined(store, work=f"work{number}@work.acme.test")
                await store.submit(chat)
                await say(store, chat, *("hello" for _ in range(40)))
            costs.append(await steps(store, ArchiveView(ALICE, True, 30), Filters(), Slice(20, backwards=True)))
    before, after = costs
    assert (after - before) / 200 < 120
