"""Pages, their counts and when they are complete (A6), in the view that cuts: 9.9's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.store.api import ArchiveView, EndConversation, Filters, OpenConversation, Page, Slice, Store, Withdraw
from tests.support.store import ALICE, BOB, MORNING, SECOND, desk, ids, joined, opened, say

pytestmark = pytest.mark.usefixtures("each_storage")

IN_9_9, IN_9_10 = ArchiveView(ALICE, True, 30, BOB), ArchiveView(ALICE, True, None, BOB)

NO_FILTERS = Filters()


class Chat:
    """35 messages of Alice and Bob, of which 9.9 shows the last 30."""

    def __init__(self, store: Store, opening: OpenConversation, sent: list[int]) -> None:
        self.store = store
        self.opening = opening
        self.sent = sent

    async def page(
        self, slice: Slice, filters: Filters = NO_FILTERS, view: ArchiveView = IN_9_9
    ) -> tuple[list[int], int | None, bool]:
        """The messages as places in the chat, the count, and whether it is complete."""
        page = await self.store.history(view, filters, slice)
        return [self.sent.index(id) for id in ids(page)], page.count, page.complete


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with opened(tmp_path) as store:
        opening, other = joined(store), joined(store, work="dan@work.acme.test")
        await store.submit(opening, other)
        sent = []
        for _ in range(35):
            sent += await say(store, opening, "hello")
            await say(store, other, "hello")
        yield Chat(store, opening, sent)


async def test_a6_forwards_to_the_end(chat: Chat) -> None:
    assert await chat.page(Slice(20)) == ([*range(5, 25)], 30, False)
    assert await chat.page(Slice(20, after=chat.sent[24])) == ([*range(25, 35)], 30, True)


async def test_a6_backwards_to_the_edge_of_the_window(chat: Chat) -> None:
    assert await chat.page(Slice(20, backwards=True)) == ([*range(15, 35)], 30, False)
    assert await chat.page(Slice(20, before=chat.sent[15], backwards=True)) == ([*range(5, 15)], 30, True)
    assert await chat.page(Slice(20, before=chat.sent[5], backwards=True)) == ([], 30, True)


async def test_a6_a_page_that_just_fits_is_complete(chat: Chat) -> None:
    assert await chat.page(Slice(30, backwards=True)) == ([*range(5, 35)], 30, True)
    assert await chat.page(Slice(30)) == ([*range(5, 35)], 30, True)
    assert await chat.page(Slice(29)) == ([*range(5, 34)], 30, False)


async def test_a6_a_hidden_id_is_an_anchor(chat: Chat) -> None:
    """Outside the window, withdrawn, or of somebody else's chat: a number to compare with."""
    outside, elsewhere = chat.sent[2], chat.sent[20] + 1
    assert await chat.page(Slice(3, after=outside)) == ([5, 6, 7], 30, False)
    assert await chat.page(Slice(3, before=outside, backwards=True)) == ([], 30, True)
    assert await chat.page(Slice(3, after=elsewhere)) == ([21, 22, 23], 30, False)
    assert await chat.page(Slice(3, before=elsewhere, backwards=True)) == ([18, 19, 20], 30, False)
    await chat.store.submit(Withdraw(chat.sent[20], MORNING))
    assert await chat.page(Slice(3, after=chat.sent[20])) == ([21, 22, 23], 30, False)
    assert await chat.page(Slice(3, before=chat.sent[20], backwards=True)) == ([17, 18, 19], 30, False)


async def test_a6_a_conversation_that_ends_between_two_pages(chat: Chat) -> None:
    store, current = chat.store, desk(chat.store)
    await store.submit(current)
    sent = await say(store, current, *("hello" for _ in range(10)))
    view = ArchiveView(ALICE, True, 30, current.second)
    first = await store.history(view, NO_FILTERS, Slice(5))
    assert (ids(first), first.count, first.complete) == (sent[:5], 10, False)
    await store.submit(EndConversation(current.id, MORNING, "ended"))
    for slice in (Slice(5, after=sent[4]), Slice(5, before=sent[4], backwards=True)):
        assert await store.history(view, NO_FILTERS, slice) == Page((), 0, complete=True)


async def test_a6_messages_that_arrive_between_two_pages_come_last(chat: Chat) -> None:
    first = await chat.store.history(IN_9_10, NO_FILTERS, Slice(20))
    late = await say(chat.store, chat.opening, "late")
    rest = await chat.store.history(IN_9_10, NO_FILTERS, Slice(20, after=first.messages[-1].id))
    assert (ids(rest), rest.count, rest.complete) == (chat.sent[20:] + late, 36, True)


async def test_a6_max_0_asks_for_the_count_alone(chat: Chat) -> None:
    assert await chat.page(Slice(0)) == ([], 30, True)
    assert await chat.page(Slice(0), view=IN_9_10) == ([], 35, True)


async def test_a6_filters_count_what_they_leave(chat: Chat) -> None:
    sent = chat.sent
    after, before = Filters(after=sent[9]), Filters(before=sent[9])
    assert await chat.page(Slice(3), after) == ([10, 11, 12], 25, False)
    assert await chat.page(Slice(3), before) == ([5, 6, 7], 4, False)
    assert await chat.page(Slice(3, after=sent[6]), before) == ([7, 8], 4, True)
    assert await chat.page(Slice(3), Filters(after=sent[7], before=sent[9])) == ([8], 1, True)
    assert await chat.page(Slice(3), Filters(after=sent[9], before=sent[7])) == ([], 0, True)


async def test_a6_dates_are_inclusive(chat: Chat) -> None:
    start, end = MORNING + chat.sent[7] * SECOND, MORNING + chat.sent[9] * SECOND
    assert await chat.page(Slice(9), Filters(start=start, end=end)) == ([7, 8, 9], 3, True)
    assert await chat.page(Slice(9), Filters(start=start + 1, end=end - 1)) == ([8], 1, True)
    assert await chat.page(Slice(9), Filters(end=end, after=chat.sent[7])) == ([8, 9], 2, True)
    assert await chat.page(Slice(9), Filters(start=MORNING + 10**6 * SECOND)) == ([], 0, True)
    assert await chat.page(Slice(9), Filters(end=MORNING)) == ([], 0, True)


async def test_a6_of_ids_those_in_view_are_found(chat: Chat) -> None:
    """Not outside the window, nor withdrawn, nor somebody else's, nor from the future."""
    sent = chat.sent
    await chat.store.submit(Withdraw(sent[20], MORNING))
    wanted = (sent[30], sent[2], sent[20], sent[10], sent[10], sent[11] + 1, 10**9)
    assert await chat.page(Slice(9), Filters(ids=wanted)) == ([10, 30], 2, True)
    assert await chat.page(Slice(9), Filters(ids=wanted), IN_9_10) == ([2, 10, 30], 3, True)
    assert await chat.page(Slice(1, backwards=True), Filters(ids=wanted)) == ([30], 2, False)
    assert await chat.page(Slice(9), Filters(ids=())) == ([], 0, True)


@pytest.mark.parametrize("anchor", [0, -1, 2**63 - 1, 2**63, 2**64])
async def test_a6_numbers_beyond_all_messages_are_anchors_too(chat: Chat, anchor: int) -> None:
    below = anchor <= 0
    assert await chat.page(Slice(40, after=anchor)) == ([*range(5, 35)] if below else [], 30, True)
    assert await chat.page(Slice(40, before=anchor)) == ([] if below else [*range(5, 35)], 30, True)


async def test_a6_known_is_every_number_that_was_given_out(chat: Chat) -> None:
    newest = chat.store.next_message_id()
    known = [await chat.store.knows_message(number) for number in (-1, 0, 1, newest, newest + 1, 2**64)]
    assert known == [False, False, True, True, False, False]


async def test_a6_a_page_belongs_to_one_moment(chat: Chat) -> None:
    """While others write, the page and its count agree."""

    async def write() -> None:
        for _ in range(100):
            await say(chat.store, chat.opening, "hello")

    writing = asyncio.create_task(write())
    while not writing.done():
        page = await chat.store.history(IN_9_10, NO_FILTERS, Slice(1_000))
        assert page.count == len(page.messages)
    await writing
