"""Every page of every view, compared with a model that keeps everything in lists (A1 to A3, A6 to A8).

Histories are random: agents and Work users write, conversations between agents open and end, messages are withdrawn,
old ones go. Queries are random too: either version, one chat or all, all filters, paging both ways from any number.
"""

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from component.store.changes import EndConversation, NewMessage, OpenConversation, Withdraw
from component.store.history import Filters, Page, Slice, View
from component.store.store import Store
from tests.support.store import MORNING, SECOND, desk, joined, message, url

T = TypeVar("T")

AGENTS = [f"agent{number}@cc.acme.test" for number in range(3)]
WORK = [f"work{number}@work.acme.test" for number in range(3)]
STRANGER = "stranger@work.acme.test"
WORDS = ["tea", "Käse", "e-mail", "don't", "10%"]


@dataclass
class Chat:
    opening: OpenConversation
    ended: bool = False
    messages: list[NewMessage] = field(default_factory=list)


@dataclass
class Model:
    """What the store should answer, in the plainest words."""

    chats: list[Chat] = field(default_factory=list)
    withdrawn: set[int] = field(default_factory=set)

    def visible(self, chat: Chat) -> list[NewMessage]:
        return [sent for sent in chat.messages if sent.id not in self.withdrawn]

    def view(self, view: View) -> list[NewMessage]:
        shown: list[NewMessage] = []
        for chat in self.chats:
            pair = {chat.opening.first, chat.opening.second}
            if view.viewer not in pair or (view.other is not None and pair != {view.viewer, view.other}):
                continue
            visible = self.visible(chat)
            if chat.opening.kind == "desk":
                shown += [] if chat.ended else visible
            else:
                shown += visible[-view.window :] if view.is_agent and view.window else visible
        return sorted(shown, key=lambda sent: sent.id)

    def sent(self, id: int) -> NewMessage:
        return next(sent for chat in self.chats for sent in chat.messages if sent.id == id)

    def result(self, view: View, filters: Filters) -> list[int]:
        return [sent.id for sent in self.view(view) if matches(sent, filters)]


def matches(sent: NewMessage, filters: Filters) -> bool:
    """Is ``sent`` in the result?"""
    tests = (
        filters.start is None or sent.sent_at >= filters.start,
        filters.end is None or sent.sent_at <= filters.end,
        filters.after is None or sent.id > filters.after,
        filters.before is None or sent.id < filters.before,
        filters.ids is None or sent.id in filters.ids,
        filters.text is None or has_words(sent.body, filters.text),
    )
    return all(tests)


def has_words(body: str | None, text: str) -> bool:
    """Bodies and searches are made of `WORDS` alone."""
    return bool(text) and body is not None and set(text.split()) <= set(body.split())


def page(result: Sequence[int], slice: Slice) -> tuple[list[int], int, bool]:
    """The ids, the count and whether it is complete."""
    part = [
        id for id in result if (slice.after is None or id > slice.after) and (slice.before is None or id < slice.before)
    ]
    shown = (part[-slice.max :] if slice.backwards else part[: slice.max]) if slice.max else []
    return shown, len(result), not shown or len(shown) == len(part)


accounts = st.sampled_from([*AGENTS, *WORK])
others = st.none() | st.sampled_from([*AGENTS, *WORK, STRANGER])
texts = st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)


@st.composite
def views(draw: st.DrawFn) -> View:
    viewer = draw(accounts)
    return View(viewer, viewer in AGENTS, window=draw(st.sampled_from([None, 1, 2, 3, 30])), other=draw(others))


@st.composite
def filters_of(draw: st.DrawFn, newest: int) -> Filters:
    """Seldom many at once, which would leave nothing over."""
    numbers = st.integers(0, newest + 2)
    times = numbers.map(sent_at)
    values = {
        "start": times,
        "end": times,
        "after": numbers,
        "before": numbers,
        "ids": st.sets(numbers, max_size=newest + 2).map(tuple),
        "text": texts,
    }
    names = draw(st.lists(st.sampled_from(list(values)), max_size=3, unique=True))
    return Filters(**{name: draw(values[name]) for name in names})


@st.composite
def slices(draw: st.DrawFn, newest: int) -> Slice:
    anchors = st.none() | st.integers(0, newest + 2)
    return Slice(draw(st.integers(0, 5)), draw(anchors), draw(anchors), backwards=draw(st.booleans()))


def sent_at(id: int) -> int:
    """Some are sent at the same time."""
    return MORNING + id // 3 * SECOND


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.run(Store.open(url(Path(self.folder.name))))
        self.model = Model()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def submit(self, *changes: Any) -> None:
        async def submit() -> None:
            await self.store.submit(*changes)

        self.run(submit())

    def open(self, opening: OpenConversation) -> None:
        self.submit(opening)
        self.model.chats.append(Chat(opening))

    @initialize(data=st.data(), pairs=st.sets(st.tuples(st.sampled_from(AGENTS), st.sampled_from(WORK)), min_size=2))
    def begin(self, data: st.DataObject, pairs: set[tuple[str, str]]) -> None:
        for agent, work in sorted(pairs):
            self.open(joined(self.store, agent, work))
        self.open(desk(self.store, *AGENTS[:2]))
        self.write(data, 20)
        self.withdraw(data, 3)

    @rule(data=st.data(), many=st.integers(1, 10))
    def write(self, data: st.DataObject, many: int) -> None:
        open = [chat for chat in self.model.chats if not chat.ended]
        for _ in range(many):
            chat = data.draw(st.sampled_from(open))
            sender = data.draw(st.sampled_from([chat.opening.first, chat.opening.second]))
            sent = message(self.store, chat.opening, data.draw(texts | st.none()), sender_account=sender)
            sent = replace(sent, sent_at=sent_at(sent.id))
            self.submit(sent)
            chat.messages.append(sent)

    @rule(data=st.data(), many=st.integers(1, 3))
    def withdraw(self, data: st.DataObject, many: int) -> None:
        for _ in range(many):
            unlucky = data.draw(st.integers(1, self.newest))
            self.submit(Withdraw(unlucky, MORNING))
            self.model.withdrawn.add(unlucky)

    @rule(agents=st.permutations(AGENTS), data=st.data())
    def open_or_end_desk(self, agents: list[str], data: st.DataObject) -> None:
        """Two agents have one conversation at a time (V2)."""
        opening = desk(self.store, *agents[:2])
        pair = {opening.first, opening.second}
        for chat in self.model.chats:
            if {chat.opening.first, chat.opening.second} == pair and not chat.ended:
                self.submit(EndConversation(chat.opening.id, MORNING, "ended"))
                chat.ended = True
                return
        self.open(opening)

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        for _ in range(10):
            view, filters = data.draw(views()), data.draw(filters_of(self.newest))
            slice = data.draw(slices(self.newest))
            found = self.run(self.store.history(view, filters, slice))
            assert summary(found) == page(self.model.result(view, filters), slice)
            assert [row.body for row in found.messages] == [self.model.sent(row.id).body for row in found.messages]

    @rule(view=views(), data=st.data(), backwards=st.booleans(), max=st.integers(1, 4))
    def page_through(self, view: View, data: st.DataObject, backwards: bool, max: int) -> None:
        """Every message once, in order."""
        filters = data.draw(filters_of(self.newest))
        expected = self.model.result(view, filters)
        visited: list[int] = []
        anchor = None
        for _ in range(len(expected) + 1):
            slice = Slice(max, **{"before" if backwards else "after": anchor}, backwards=backwards)
            found = self.run(self.store.history(view, filters, slice))
            ids = [row.id for row in found.messages]
            visited = ids + visited if backwards else visited + ids
            if found.complete:
                break
            anchor = ids[0 if backwards else -1]
        assert found.complete
        assert visited == expected

    @rule(view=views())
    def ends(self, view: View) -> None:
        shown = [sent.id for sent in self.model.view(view)]
        found = self.run(self.store.history_ends(view))
        assert [row and row.id for row in found] == ([shown[0], shown[-1]] if shown else [None, None])

    @property
    def newest(self) -> int:
        return max((sent.id for chat in self.model.chats for sent in chat.messages), default=0)


def summary(found: Page) -> tuple[list[int], int | None, bool]:
    return [row.id for row in found.messages], found.count, found.complete


Histories.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestHistories = Histories.TestCase
