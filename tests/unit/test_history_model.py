"""Every page of every view, compared with a model that keeps everything in lists (A1 to A3, A6 to A8).

Histories are random: agents and Work users write, conversations between agents open and end, messages are withdrawn,
old ones go, and words come into their index, some messages at a time. Queries are random too: either version, one chat
or all, all filters, paging both ways from any number.
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from component.store.api import (
    ArchiveView,
    DeliveredUpTo,
    EndConversation,
    Filters,
    Hold,
    OpenConversation,
    Page,
    Slice,
    Store,
    Withdraw,
)
from component.store.archive import archived_messages, search
from component.store.full_text import fts5, tsvector
from component.store.full_text.indexing import index_some
from component.store.retention import purge
from tests.support.archive_model import Chat, Model, page
from tests.support.postgresql import PostgreSQLServer
from tests.support.store import MORNING, SECOND, desk, joined, message, new_database, url

T = TypeVar("T")

TENANTS = ["acme", "globex"]
AGENTS = [f"agent{number}@cc.acme.test" for number in range(3)]
WORK = [f"work{number}@work.acme.test" for number in range(3)]
STRANGER = "stranger@work.acme.test"
WORDS = ["tea", "Käse", "e-mail", "don't", "10%", "会议"]


accounts = st.sampled_from([*AGENTS, *WORK])
others = st.none() | st.sampled_from([*AGENTS, *WORK]) | st.just(STRANGER)
texts = st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)


@st.composite
def views(draw: st.DrawFn) -> ArchiveView:
    viewer = draw(accounts)
    return ArchiveView(
        viewer, viewer in AGENTS, window=draw(st.none() | st.sampled_from([1, 2, 3, 30])), other=draw(others)
    )


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
        new_database(Path(self.folder.name))
        self.store = self.run(Store.open(self.new_database()))
        self.model = Model()
        self.newest = 0
        self.small = [patch.object(of, "PORTION", 4) for of in (fts5, tsvector, search)]
        for portion in self.small:
            portion.start()

    def new_database(self) -> str:
        return url(Path(self.folder.name))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        for portion in self.small:
            portion.stop()
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
            tenant = "globex" if agent == AGENTS[2] else "acme"
            self.open(replace(joined(self.store, agent, work), tenant=tenant))
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
            sent.sent_at = sent_at(sent.id)
            self.submit(sent)
            chat.messages.append(sent)
            self.newest = sent.id

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

    @rule(data=st.data(), tenant=st.sampled_from(TENANTS))
    def purge(self, data: st.DataObject, tenant: str) -> None:
        """With new holds and without old ones."""
        for _ in range(data.draw(st.integers(0, 2))):
            self.place_hold(data, tenant)
        if self.model.holds and data.draw(st.booleans()):
            self.lift_hold(data)
        self.model.delivered = max(self.model.delivered, data.draw(st.integers(self.newest // 2, self.newest)))
        self.submit(DeliveredUpTo(self.model.delivered))
        older_than = sent_at(data.draw(st.integers(0, self.newest)))
        with patch.object(purge, "SLICE", 3), patch.object(archived_messages, "EXPORTED", 3):
            assert self.run(self.store.purge(tenant, older_than)) == self.model.purge(tenant, older_than)
            self.look_at_everything()

    def place_hold(self, data: st.DataObject, tenant: str) -> None:
        times = st.none() | st.integers(0, self.newest).map(sent_at)
        account = data.draw(st.none() | accounts)
        hold = Hold(tenant, "lawsuit", "operator", MORNING, account, data.draw(times), data.draw(times))
        self.model.holds[self.run(self.store.place_hold(hold))] = hold

    def lift_hold(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.model.holds)))
        assert self.run(self.store.lift_hold(self.model.holds.pop(id).tenant, id, "operator", MORNING))

    def look_at_everything(self) -> None:
        for viewer in AGENTS + WORK:
            for window in (None, 2):
                view, slice = ArchiveView(viewer, viewer in AGENTS, window), Slice(100)
                found = self.run(self.store.history(view, Filters(), slice))
                assert summary(found) == page(self.model.result(view, Filters()), slice)
        for tenant in TENANTS:
            for account in (None, *AGENTS[1:], *WORK[1:]):
                assert self.run(self.exported(tenant, account)) == self.model.export(tenant, account)
        assert self.run(self.store.stats()).tenants == self.model.stats()

    async def exported(self, tenant: str, account: str | None) -> list[int]:
        return [row.id async for row in self.store.export(tenant, account)]

    @rule(portions=st.integers(1, 5))
    def index(self, portions: int) -> None:
        for _ in range(portions):
            self.run(index_some(self.store.engine))

    @rule(data=st.data(), view=views())
    def ask_for_more_than_is_worth_counting(self, data: st.DataObject, view: ArchiveView) -> None:
        """What is not indexed is read as far as the page goes; then there is no count, or the right one."""
        slice, filters = data.draw(slices(self.newest)), replace(data.draw(filters_of(self.newest)), text="tea")
        with patch.object(search, "MOST_COUNTED", 0):
            found = self.run(self.store.history(view, filters, slice))
        numbers, count, complete = page(self.model.result(view, filters), slice)
        assert summary(found) in ((numbers, count, complete), (numbers, None, complete))

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        for _ in range(10):
            view, filters = data.draw(views()), data.draw(filters_of(self.newest))
            slice = data.draw(slices(self.newest))
            found = self.run(self.store.history(view, filters, slice))
            assert summary(found) == page(self.model.result(view, filters), slice)
            assert [row.body for row in found.messages] == [self.model.sent(row.id).body for row in found.messages]

    @rule(view=views(), data=st.data(), backwards=st.booleans(), max=st.integers(1, 4))
    def page_through(self, view: ArchiveView, data: st.DataObject, backwards: bool, max: int) -> None:
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
    def ends(self, view: ArchiveView) -> None:
        shown = [sent.id for sent in self.model.view(view)]
        found = self.run(self.store.history_ends(view))
        assert [row and row.id for row in found] == ([shown[0], shown[-1]] if shown else [None, None])


def summary(found: Page) -> tuple[list[int], int | None, bool]:
    return [row.id for row in found.messages], found.count, found.complete


SOME = settings(max_examples=settings.default.max_examples // 4, stateful_step_count=15)


# Finding the shortest history that fails takes its time.
@pytest.mark.timeout(1800)
def test_histories_on_sqlite() -> None:
    run_state_machine_as_test(Histories, settings=SOME)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_histories_on_postgresql(postgresql: PostgreSQLServer) -> None:
    class OnPostgreSQL(Histories):
        def new_database(self) -> str:
            return postgresql.database_with_tables()

    run_state_machine_as_test(OnPostgreSQL, settings=SOME)
