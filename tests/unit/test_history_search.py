"""Full text (A7, A10): every word, in the view and nowhere else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.folding import MOST_ASKED
from component.store.api import ArchiveView, Filters, Slice, Store, Withdraw
from component.store.archive import picked
from tests.support.store import ALICE, BOB, CAROL, MORNING, desk, ids, index_all, joined, opened, say

pytestmark = pytest.mark.usefixtures("each_storage")

EVERYTHING = ArchiveView(ALICE, True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def find(store: Store, text: str, view: ArchiveView = EVERYTHING) -> list[int]:
    """By reading what is not indexed, and then the same by the index."""
    found = []
    for _ in range(2):
        page = await store.history(view, Filters(text=text), Slice(100))
        assert page.complete and page.count == len(page.messages)
        found.append(ids(page))
        await index_all(store)
    assert found[0] == found[1]
    return found[0]


async def test_a7_all_words_in_any_order_and_case_with_or_without_accents(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    cafe, _, both = await say(store, chat, "Ein Café, bitte!", "a cup of TEA", "tea or café?")
    assert await find(store, "cafe") == [cafe, both]
    assert await find(store, "CAFÉ tea") == await find(store, "tea café") == [both]
    assert await find(store, "tea coffee") == []
    assert await find(store, "te") == []


@pytest.mark.parametrize(
    "text",
    [
        *('"', '""', "'", "*", "te*", "^tea", "NOT cup", "tea OR coffee", "tea AND", "NEAR(a cup)", "body:tea"),
        *("scope:1", "{body}:tea", "(", "tea)", "-tea", "tea + cup", "tea\0cup x", "\ud800", ";", "%", "a" * 100_000),
    ],
)
async def test_a7_what_is_searched_is_words_and_never_a_language(store: Store, text: str) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, "a cup of tea", "coffee")
    assert await find(store, text) in ([], sent[:1])


async def test_a7_punctuation_in_words_stands_for_their_order(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    mail, other = await say(store, chat, "send me an e-mail", "mail it to e")
    assert await find(store, "e-mail") == [mail]
    assert await find(store, "e mail") == [mail, other]
    assert await find(store, "mail !!!") == [mail, other]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("会议", [0]),
        ("会", [0, 3]),
        ("会 三点", [0]),
        ("议会", []),
        ("がっこう", [1]),
        ("ｶﾞｯｺｳ", []),
        ("タワー", [1]),
        ("ประชุม", [2]),
        ("PYTHON", [3]),
        ("会写", [3]),
        ("STRASSE", [4]),
        ("straße 12", [4]),
        ("uber", [4]),
        ("👍", [5, 6]),
        ("👍🏿", [5, 6]),
        ("👩‍💻", [6]),
        ("🇫🇷", [6]),
        ("🇪🇫", []),
        ("example.com", [7]),
        ("bob@example", [7]),
        ("1,000.50", [7]),
    ],
)
async def test_a10_texts_are_compared_folded(store: Store, text: str, expected: list[int]) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(
        store,
        chat,
        *("明天会议在三点", "あした、がっこうにいく。東京ﾀﾜｰ", "พรุ่งนี้มีประชุมตอนบ่าย", "你会写Ｐｙｔｈｏｎ吗"),
        *("ÜBER die Straße 12", "fine 👍🏽!", "👍 👩‍💻 🇩🇪🇫🇷", "https://www.Example.com/x bob@example.com: 1,000.50 €"),
    )
    assert await find(store, text) == [sent[number] for number in expected]


@pytest.mark.parametrize("text", ["", "  ", "\n", "!?", "... --- ...", '"'])
async def test_a7_a_search_without_words_finds_nothing(store: Store, text: str) -> None:
    chat = joined(store)
    await store.submit(chat)
    await say(store, chat, "hello", "... --- ...", "😀")
    assert await find(store, text) == []


async def test_a7_a_search_finds_what_the_view_shows(store: Store) -> None:
    chat, other, ended = joined(store), joined(store, agent=CAROL), desk(store)
    await store.submit(chat, other, ended)
    sent = await say(store, chat, *("needle" for _ in range(35)))
    await say(store, other, "needle")
    current = await say(store, ended, "needle")
    await store.submit(Withdraw(sent[-1], MORNING))
    assert await find(store, "needle") == sent[:-1] + current
    assert await find(store, "needle", ArchiveView(ALICE, True, 30)) == sent[4:-1] + current
    assert await find(store, "needle", ArchiveView(ALICE, True, 30, BOB)) == sent[4:-1]
    assert await find(store, "needle", ArchiveView(ALICE, True, None, CAROL)) == current
    assert await find(store, "needle", ArchiveView(BOB, False, None, ALICE)) == sent[:-1]


@pytest.mark.parametrize("indexed", [0, 1, 30])
async def test_a7_searches_are_paged_like_everything(store: Store, indexed: int) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, *("needle" if number % 3 == 0 else "hay" for number in range(indexed)))
    await index_all(store)
    sent += await say(store, chat, *("needle" if number % 3 == 0 else "hay" for number in range(indexed, 30)))
    view, filters = ArchiveView(ALICE, True, 20), Filters(text="needle", before=sent[27])
    last = await store.history(view, filters, Slice(2, backwards=True))
    assert (ids(last), last.count, last.complete) == ([sent[21], sent[24]], 5, False)
    rest = await store.history(view, filters, Slice(9, before=sent[21], backwards=True))
    assert (ids(rest), rest.count, rest.complete) == ([sent[12], sent[15], sent[18]], 5, True)
    among = await store.history(view, Filters(text="needle", ids=tuple(sent[:15])), Slice(9))
    assert (ids(among), among.count) == ([sent[12]], 1)


async def test_a7_what_would_cost_too_much_is_not_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picked, "MOST_COUNTED", 5)
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, *("needle" for _ in range(5)))
    await index_all(store)
    assert (await store.history(EVERYTHING, Filters(text="needle"), Slice(2))).count == 5
    await say(store, chat, "needle")
    await index_all(store)
    page = await store.history(EVERYTHING, Filters(text="needle"), Slice(2))
    assert (ids(page), page.count, page.complete) == (sent[:2], None, False)


async def test_a7_of_a_very_long_search_the_first_words_count(store: Store) -> None:
    chat = joined(store)
    await store.submit(chat)
    sent = await say(store, chat, "needle")
    assert await find(store, "needle " * MOST_ASKED + "hay") == sent
    assert await find(store, "hay " + "needle " * MOST_ASKED) == []
