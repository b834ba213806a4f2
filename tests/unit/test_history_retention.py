"""What is past its time goes, unless somebody holds it (A8)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from component.store.api import (
    ArchiveView,
    DeliveredUpTo,
    EndConversation,
    Filters,
    Hold,
    OpenConversation,
    Purged,
    Slice,
    Store,
    StoredHold,
    StoreError,
    TenantStatistics,
    Withdraw,
)
from component.store.archive import archived_messages
from component.store.retention import purge
from tests.support.store import ALICE, BOB, CAROL, MORNING, ON_SQLITE, SECOND, desk, ids, joined, opened, say

pytestmark = pytest.mark.usefixtures("each_storage")

DAY = 86_400 * SECOND
TUESDAY, WEDNESDAY, THURSDAY = MORNING + DAY, MORNING + 2 * DAY, MORNING + 3 * DAY
LATER = MORNING + 100 * DAY


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def seen(store: Store, viewer: str = ALICE, text: str | None = None) -> list[int]:
    page = await store.history(ArchiveView(viewer, viewer != BOB), Filters(text=text), Slice(1_000))
    assert page.count == len(page.messages)
    return ids(page)


async def exported(store: Store, tenant: str = "acme", account: str | None = None) -> list[int]:
    return [message.id async for message in store.export(tenant, account)]


async def delivered(store: Store) -> None:
    await store.submit(DeliveredUpTo(store.next_message_id()))


async def two_days(store: Store, *chats: OpenConversation) -> tuple[list[int], list[int]]:
    """Two messages in each of the chats on Monday and on Tuesday."""
    monday = [id for chat in chats for id in await say(store, chat, "secret", "secret", sent_at=MORNING)]
    tuesday = [id for chat in chats for id in await say(store, chat, "secret", "hello", sent_at=TUESDAY)]
    await delivered(store)
    return monday, tuesday


async def test_a8_what_is_older_goes_and_counts_stay_right(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    _, tuesday = await two_days(store, chat)
    assert await store.purge("acme", TUESDAY) == Purged(deleted=2, held=0, conversations=0)
    assert await seen(store) == await seen(store, BOB) == await exported(store) == tuesday
    stored = await store.find_joined(ALICE, BOB)
    assert stored is not None and (stored.length, stored.visible) == (2, 2)
    assert await store.purge("acme", TUESDAY) == Purged(0, 0, 0)


async def test_a6_a8_ids_of_deleted_messages_are_known_and_not_used_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        monday, tuesday = await two_days(store, chat)
        newest = store.next_message_id()
        await store.purge("acme", LATER)
    async with opened(tmp_path) as store:
        assert await store.knows_message(monday[0])
        (sent,) = await say(store, chat, "hello", sent_at=LATER)
        assert sent > newest > tuesday[-1]
        found = await store.message(sent)
        assert found is not None and found.seq == 1, "of what went there is nothing left, not even how many"
        page = await store.history(ArchiveView(ALICE, True, 30), Filters(), Slice(9, after=monday[0]))
        assert (ids(page), page.count, page.complete) == ([sent], 1, True)


@ON_SQLITE
async def test_a8_words_and_text_leave_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat = joined(store)
        await store.submit(chat)
        for number in range(500):
            await say(store, chat, f"xyzzy{number}", sent_at=MORNING)
        kept = await say(store, chat, "plugh", sent_at=TUESDAY)
        await delivered(store)
        await store.purge("acme", TUESDAY)
        assert await seen(store, text="plugh") == kept
        assert await seen(store, text="xyzzy7") == []
    assert b"plugh" in (tmp_path / "store.db").read_bytes()
    assert b"xyzzy" not in (tmp_path / "store.db").read_bytes()


async def test_a8_between_the_slices_every_view_is_right(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "SLICE", 3)
    chats = [joined(store), desk(store), joined(store, work="dan@work.acme.test")]
    await store.submit(*chats)
    sent = [id for _ in range(7) for chat in chats for id in await say(store, chat, "hello", sent_at=MORNING)]
    await store.submit(Withdraw(sent[4], MORNING), Withdraw(sent[6], MORNING))
    await delivered(store)
    left = [len(await seen(store))]

    class Watched:
        """The store, looked at after each step."""

        read = store.engine.read

        async def change(self, step: Any, *args: Any, **kwargs: Any) -> Any:
            answer = await store.engine.change(step, *args, **kwargs)
            shown = await seen(store)
            page = await store.history(ArchiveView(ALICE, True), Filters(after=sent[2]), Slice(100))
            assert page.count == len(page.messages) == len([id for id in shown if id > sent[2]])
            left.append(len(shown))
            return answer

    await purge.purge(Watched(), "acme", TUESDAY)
    assert left == sorted(left, reverse=True)
    assert len(set(left)) == 8 and left[-1] == 0


async def test_a8_senders_do_not_wait_for_a_purge(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "SLICE", 3)
    chat = joined(store)
    await store.submit(chat)
    await say(store, chat, *("hello" for _ in range(60)), sent_at=MORNING)
    await delivered(store)
    purging = asyncio.create_task(store.purge("acme", TUESDAY))
    late = await say(store, chat, "late", sent_at=TUESDAY)
    assert not purging.done()
    await purging
    assert await seen(store) == late


async def test_a5_what_is_not_delivered_yet_stays_however_old(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, "one", "two", "three")
    await store.submit(DeliveredUpTo(sent[0]))
    assert await store.purge("acme", LATER) == Purged(1, 0, 0)
    assert [found.id for found in await store.undelivered(store.delivered_up_to, 9)] == sent[1:]


async def test_a8_each_tenant_has_a_retention_of_its_own(store: Store) -> None:
    chat = joined(store)
    other = replace(joined(store, "eve@cc.globex.test", "mal@work.globex.test"), tenant="globex")
    await store.submit(chat, other)
    sent = [id for _ in range(3) for id in await say(store, chat, "hello") + await say(store, other, "hello")]
    await delivered(store)
    await store.purge("globex", LATER)
    assert await exported(store) == await seen(store) == sent[::2]
    assert await exported(store, "globex") == []


async def test_a8_conversations_between_agents_go_with_their_last_message(store: Store) -> None:
    ended, going_on, chat = desk(store), desk(store, ALICE, "dan@cc.acme.test"), joined(store)
    await store.submit(ended, going_on, chat)
    await two_days(store, ended, going_on, chat)
    await store.submit(EndConversation(ended.id, TUESDAY, "ended"))
    assert await store.purge("acme", TUESDAY) == Purged(6, 0, conversations=0)
    assert await store.purge("acme", WEDNESDAY) == Purged(6, 0, conversations=1)
    assert [found.id for found in await store.open_conversations()] == [going_on.id]
    (late,) = await say(store, going_on, "hello", sent_at=WEDNESDAY)
    assert await seen(store) == [late]


async def test_a8_a_hold_keeps_messages_for_export_and_shows_nobody(store: Store) -> None:
    chat, other = joined(store), joined(store, agent=CAROL)
    await store.submit(chat, other)
    monday, tuesday = await two_days(store, chat, other)
    hold = Hold("acme", "lawsuit 7", "operator", WEDNESDAY, account=ALICE)
    id = await store.place_hold(hold)
    assert await store.purge("acme", WEDNESDAY) == Purged(deleted=4, held=4, conversations=0)
    assert await seen(store) == await seen(store, BOB) == await seen(store, text="secret") == []
    assert await exported(store) == await exported(store, account=ALICE) == monday[:2] + tuesday[:2]
    assert await exported(store, account=CAROL) == []
    assert await store.purge("acme", WEDNESDAY) == Purged(0, 0, 0)
    assert await store.holds("acme") == [StoredHold(id, hold, None, None)]


async def test_a8_what_a_hold_kept_goes_when_it_is_lifted(store: Store) -> None:
    chat = desk(store)
    await store.submit(chat, EndConversation(chat.id, MORNING, "ended"))
    await two_days(store, chat)
    hold = Hold("acme", "lawsuit 7", "operator", WEDNESDAY)
    id = await store.place_hold(hold)
    assert await store.purge("acme", WEDNESDAY) == Purged(0, held=4, conversations=0)
    assert not await store.lift_hold("globex", id, "judge", THURSDAY)
    assert await store.lift_hold("acme", id, "judge", THURSDAY)
    assert not await store.lift_hold("acme", id, "judge", THURSDAY)
    assert await store.holds("acme") == [StoredHold(id, hold, "judge", THURSDAY)]
    assert await store.purge("acme", WEDNESDAY) == Purged(4, 0, conversations=1)
    assert await exported(store) == []


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [(None, MORNING, [0]), (TUESDAY, None, [1, 2]), (TUESDAY, TUESDAY, [1]), (MORNING + 1, TUESDAY - 1, [])],
)
async def test_a8_a_hold_of_some_days(store: Store, start: int | None, end: int | None, days: list[int]) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = [id for day in (MORNING, TUESDAY, WEDNESDAY) for id in await say(store, chat, "hello", sent_at=day)]
    await delivered(store)
    await store.place_hold(Hold("acme", "lawsuit 7", "operator", WEDNESDAY, BOB, start, end))
    await store.purge("acme", THURSDAY)
    assert await exported(store) == [sent[day] for day in days]


async def test_a8_one_may_be_held_who_has_not_written_yet(store: Store) -> None:
    await store.place_hold(Hold("acme", "lawsuit 7", "operator", MORNING, account=CAROL))
    chat = joined(store, agent=CAROL)
    await store.submit(chat)
    await two_days(store, chat)
    assert await store.purge("acme", LATER) == Purged(0, held=4, conversations=0)


async def test_a8_the_export_has_everything_in_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held, withdrawn, of ended conversations; no more in memory than a few."""
    monkeypatch.setattr(archived_messages, "EXPORTED", 2)
    chat, ended = joined(store), desk(store)
    await store.submit(chat, ended)
    monday, tuesday = await two_days(store, chat)
    more = await say(store, ended, "one", "two", "three", sent_at=TUESDAY)
    await store.submit(Withdraw(more[1], MORNING), EndConversation(ended.id, TUESDAY, "ended"))
    await store.place_hold(Hold("acme", "lawsuit 7", "operator", TUESDAY))
    await store.purge("acme", TUESDAY)
    messages = [message async for message in store.export("acme")]
    assert [message.id for message in messages] == monday + tuesday + more
    assert [message.body for message in messages[:2]] == ["secret", "secret"]
    assert [message.withdrawn for message in messages[-3:]] == [False, True, False]


async def test_o5_statistics(store: Store) -> None:
    assert (await store.stats()).tenants == {}
    chat, current = joined(store), desk(store)
    await store.submit(chat, current)
    monday, _ = await two_days(store, chat, current)
    await store.submit(Withdraw(monday[0], MORNING))
    stats = await store.stats()
    assert stats.size > 50_000
    assert stats.tenants == {"acme": TenantStatistics(8, 0, 2, 3, MORNING, TUESDAY)}
    await store.place_hold(Hold("acme", "lawsuit 7", "operator", TUESDAY, account=BOB))
    await store.purge("acme", TUESDAY)
    assert (await store.stats()).tenants == {"acme": TenantStatistics(4, 2, 2, 3, TUESDAY, TUESDAY)}


async def test_a_step_that_fails_changes_nothing(store: Store) -> None:
    def fail(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DELETE FROM meta")
        connection.exec_driver_sql("SELECT * FROM nowhere")

    with pytest.raises(StoreError, match="nowhere"):
        await store.engine.change(fail)
    await store.submit(joined(store))


async def test_nothing_is_changed_after_the_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        pass
    with pytest.raises(StoreError, match="closed"):
        await store.purge("acme", LATER)
    with pytest.raises(StoreError, match="closed"):
        await store.place_hold(Hold("acme", "lawsuit 7", "operator", MORNING))
