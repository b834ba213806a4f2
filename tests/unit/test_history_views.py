"""Who sees what of the archive (A1, A2, A3), and whoever asks for nobody's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.store.api import ArchiveView, EndConversation, Filters, Page, Slice, Store, Withdraw
from tests.support.store import ALICE, BOB, CAROL, MORNING, desk, ids, joined, opened, say

pytestmark = pytest.mark.usefixtures("each_storage")

DAN = "dan@work.acme.test"
ALL = Slice(1_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def seen(store: Store, viewer: str, window: int | None = None, other: str | None = None) -> list[int]:
    """The ids of everything in view, which the count agrees with."""
    page = await store.history(ArchiveView(viewer, viewer.endswith("@cc.acme.test"), window, other), Filters(), ALL)
    assert page.complete and page.count == len(page.messages)
    return ids(page)


async def test_a1_the_window_is_the_last_30_messages_of_both_sides(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = [
        *await say(store, chat, *(f"question {number}" for number in range(20)), sender_account=BOB),
        *await say(store, chat, *(f"answer {number}" for number in range(15))),
    ]
    assert await seen(store, ALICE, 30) == sent[-30:]
    assert await seen(store, ALICE, None) == sent


async def test_a1_each_chat_has_a_window_of_its_own(store: Store) -> None:
    with_bob, with_dan = joined(store), joined(store, work=DAN)
    await store.submit(with_bob, with_dan)
    old = await say(store, with_dan, "one", "two")
    new = await say(store, with_bob, *("hello" for _ in range(35)))
    assert await seen(store, ALICE, 30) == old + new[5:]
    assert await seen(store, ALICE, 30, other=DAN) == old
    assert await seen(store, ALICE, 30, other=BOB) == new[5:]


async def test_a1_changing_the_version_changes_the_view_at_once_both_ways(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, *("hello" for _ in range(35)))
    for _ in range(2):
        assert await seen(store, ALICE, 30) == sent[5:]
        assert await seen(store, ALICE, None) == sent


async def test_a1_a_withdrawn_message_makes_room_for_an_older_one(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, *("hello" for _ in range(35)))
    await store.submit(Withdraw(sent[20], MORNING), Withdraw(sent[1], MORNING))
    assert await seen(store, ALICE, 30) == [*sent[4:20], *sent[21:]]
    assert await seen(store, ALICE, None) == [sent[0], *sent[2:20], *sent[21:]]


async def test_a2_agents_see_the_current_conversation_and_nothing_once_it_ended(store: Store) -> None:
    first = desk(store)
    await store.submit(first)
    sent = await say(store, first, *("hello" for _ in range(35)))
    assert await seen(store, ALICE, 30) == await seen(store, CAROL, 30, other=ALICE) == sent
    await store.submit(EndConversation(first.id, MORNING, "ended"))
    assert await seen(store, ALICE, 30) == await seen(store, CAROL, other=ALICE) == []
    second = desk(store, CAROL, ALICE)
    await store.submit(second)
    again = await say(store, second, "and another thing")
    assert await seen(store, ALICE, None, other=CAROL) == await seen(store, CAROL, 30) == again


async def test_a2_conversations_of_others_are_not_seen(store: Store) -> None:
    chat = desk(store, CAROL, "dan@cc.acme.test")
    await store.submit(chat)
    await say(store, chat, "hello")
    assert await seen(store, ALICE) == await seen(store, ALICE, other=CAROL) == []


async def test_a3_a_work_user_sees_everything(store: Store) -> None:
    with_alice, with_carol = joined(store), joined(store, agent=CAROL)
    await store.submit(with_alice, with_carol)
    sent = []
    for chat in (with_alice, with_carol, with_alice):
        sent += await say(store, chat, *("hello" for _ in range(20)))
    assert await seen(store, BOB, window=30) == sent
    assert await seen(store, BOB, other=CAROL) == sent[20:40]
    assert await seen(store, DAN) == []


async def test_everything_together_comes_in_one_order(store: Store) -> None:
    chats = [joined(store), desk(store), joined(store, work=DAN), desk(store, ALICE, "dan@cc.acme.test")]
    await store.submit(*chats)
    sent = [id for _ in range(5) for chat in chats for id in await say(store, chat, "hello")]
    assert await seen(store, ALICE) == await seen(store, ALICE, 30) == sent
    assert await seen(store, ALICE, 2) == [*(id for id in sent[:12] if id in sent[1::2]), *sent[12:]]


@pytest.mark.parametrize(
    "view",
    [
        ArchiveView("nobody@cc.acme.test", True),
        ArchiveView("nobody@work.acme.test", False),
        ArchiveView(ALICE, True, 30, other="nobody@work.acme.test"),
        ArchiveView(ALICE, True, 30, other=ALICE),
        ArchiveView(BOB, False, other=DAN),
    ],
)
async def test_a_chat_that_there_never_was_is_empty(store: Store, view: ArchiveView) -> None:
    chat = joined(store)
    await store.submit(chat, joined(store, agent=CAROL, work=DAN))
    await say(store, chat, "hello")
    assert await store.history(view, Filters(), ALL) == Page((), 0, complete=True)
    assert await store.history_ends(view) == (None, None)


async def test_a6_the_ends_are_those_of_the_view(store: Store) -> None:
    chat, current = joined(store), desk(store)
    await store.submit(chat, current)
    sent = await say(store, chat, *("hello" for _ in range(35)))
    await store.submit(Withdraw(sent[-1], MORNING))
    oldest, newest = await store.history_ends(ArchiveView(ALICE, True, 30))
    assert oldest and newest and (oldest.id, newest.id) == (sent[4], sent[-2])
    (latest,) = await say(store, current, "hello")
    oldest, newest = await store.history_ends(ArchiveView(ALICE, True, None))
    assert oldest and newest and (oldest.id, newest.id) == (sent[0], latest)
