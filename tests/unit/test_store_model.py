"""Random histories, compared with a model that keeps everything in lists (A1, A5, A6, V3)."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from component.store.api import (
    ChangeRefused,
    DeliveredUpTo,
    EndConversation,
    NewMessage,
    OpenConversation,
    Store,
    Withdraw,
)
from component.store.schema import account
from component.store.schema import message as messages
from tests.support.storage import shared_server, use_postgresql
from tests.support.store import MORNING, REFUSED_OWNER, desk, joined, message, new_database, numbers, url

T = TypeVar("T")

WINDOW = 3
AGENTS = [f"agent{number}@cc.acme.test" for number in range(3)]
WORK = [f"work{number}@work.acme.test" for number in range(3)]


@dataclass
class Chat:
    """The model of a conversation: its messages, and which of them were withdrawn."""

    opening: OpenConversation
    messages: list[NewMessage] = field(default_factory=list)
    withdrawn: set[int] = field(default_factory=set)
    ended: bool = False

    def visible(self) -> list[int]:
        """The numbers of the messages to be seen."""
        return [seq for seq, sent in enumerate(self.messages, 1) if sent.id not in self.withdrawn]


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.choose_storage(Path(self.folder.name))
        new_database(Path(self.folder.name))
        self.store = self.run(Store.open(url(Path(self.folder.name))))
        self.chats: list[Chat] = []
        self.delivered = 0
        self.highest_id = 0

    def choose_storage(self, folder: Path) -> None:
        """SQLite, if nothing else is said."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def submit(self, *submissions: tuple[Any, ...]) -> list[BaseException | None]:
        """All at once, so that they meet in a batch."""

        async def submit() -> list[BaseException | None]:
            futures = [self.store.submit(*changes) for changes in submissions]
            return await asyncio.gather(*futures, return_exceptions=True)

        return self.run(submit())

    def next_message(self, chat: Chat, **fields: Any) -> NewMessage:
        sent = message(self.store, chat.opening, **fields)
        assert sent.id > self.highest_id
        self.highest_id = sent.id
        return sent

    @rule(agent=st.sampled_from(AGENTS), work=st.sampled_from(WORK))
    def open_joined(self, agent: str, work: str) -> None:
        opening = joined(self.store, agent, work)
        known = any((chat.opening.first, chat.opening.second) == (agent, work) for chat in self.chats)
        (outcome,) = self.submit((opening,))
        assert isinstance(outcome, ChangeRefused) if known else outcome is None
        if not known:
            self.chats.append(Chat(opening))

    @rule(agents=st.lists(st.sampled_from(AGENTS), min_size=2, max_size=2, unique=True))
    def open_desk(self, agents: list[str]) -> None:
        chat = Chat(desk(self.store, *agents))
        first = self.next_message(chat)
        assert self.submit((chat.opening, first)) == [None]
        chat.messages.append(first)
        self.chats.append(chat)

    @precondition(lambda self: self.chats)
    @rule(data=st.data(), count=st.integers(1, 8))
    def send(self, data: st.DataObject, count: int) -> None:
        """Some of the messages cannot be stored; the others are."""
        sent: list[tuple[Chat, NewMessage]] = []
        for _ in range(count):
            chat = data.draw(st.sampled_from(self.chats))
            bad = data.draw(st.sampled_from([False, False, False, True]))
            sent.append((chat, self.next_message(chat, **({"owner": REFUSED_OWNER} if bad else {}))))
        outcomes = self.submit(*((new,) for _, new in sent))
        for (chat, new), outcome in zip(sent, outcomes, strict=True):
            if new.owner == REFUSED_OWNER:
                assert isinstance(outcome, ChangeRefused)
            else:
                assert outcome is None
                chat.messages.append(new)

    @precondition(lambda self: any(chat.messages for chat in self.chats))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        chat = data.draw(st.sampled_from([chat for chat in self.chats if chat.messages]))
        unlucky = data.draw(st.sampled_from(chat.messages))
        assert self.submit((Withdraw(unlucky.id, MORNING),)) == [None]
        chat.withdrawn.add(unlucky.id)

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        mark = data.draw(st.integers(0, self.highest_id))
        assert self.submit((DeliveredUpTo(mark),)) == [None]
        self.delivered = max(self.delivered, mark)

    @precondition(lambda self: any(chat.opening.kind == "desk" for chat in self.chats))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        chat = data.draw(st.sampled_from([chat for chat in self.chats if chat.opening.kind == "desk"]))
        assert self.submit((EndConversation(chat.opening.id, MORNING, "ended"),)) == [None]
        chat.ended = True

    @rule()
    def restart(self) -> None:
        self.run(self.store.close())
        self.store = self.run(Store.open(url(Path(self.folder.name))))

    @invariant()
    def every_message_has_its_number(self) -> None:
        for chat in self.chats:
            expected = [(sent.id, seq) for seq, sent in enumerate(chat.messages, 1)]
            assert self.run(numbers(self.store, chat.opening.id)) == expected

    @invariant()
    def conversations_count_their_messages(self) -> None:
        stored = self.run(self.store.open_conversations()) + self.run(self.store.find_joined_all())
        found = {chat.id: (chat.length, chat.visible) for chat in stored}
        assert found == {
            chat.opening.id: (len(chat.messages), len(chat.visible())) for chat in self.chats if not chat.ended
        }

    @invariant()
    def messages_of_an_agent_have_numbers_without_holes(self) -> None:
        def query(connection: sa.Connection) -> dict[str, list[int]]:
            found: dict[str, list[int]] = {}
            rows = sa.select(account.c.jid, messages.c.owner_seq).join(account, account.c.id == messages.c.owner_id)
            for agent, number in connection.execute(rows.order_by(messages.c.id)):
                found.setdefault(agent, []).append(number)
            return found

        expected: dict[str, int] = {}
        for chat in self.chats:
            if chat.opening.kind == "joined" and chat.messages:
                expected[chat.opening.first] = expected.get(chat.opening.first, 0) + len(chat.messages)
        numbers_of = {agent: [*range(1, count + 1)] for agent, count in expected.items()}
        assert self.run(self.store.engine.read(query)) == numbers_of

    @invariant()
    def windows_hold_the_last_visible_messages(self) -> None:
        for chat in self.chats:
            visible = chat.visible()
            start = visible[-WINDOW] if len(visible) >= WINDOW else 1
            assert self.run(self.store.window_start(chat.opening.id, WINDOW)) == start

    @invariant()
    def what_is_not_delivered_comes_again(self) -> None:
        assert self.store.delivered_up_to == self.delivered
        expected = sorted(
            sent.id
            for chat in self.chats
            for sent in chat.messages
            if sent.id > self.delivered and sent.id not in chat.withdrawn
        )
        again = self.run(self.store.undelivered(self.delivered, 1000))
        assert [found.id for found in again] == expected


class HistoriesInPostgresql(Histories):
    def choose_storage(self, folder: Path) -> None:
        use_postgresql(folder, shared_server().database_with_tables())


Histories.TestCase.settings = settings(max_examples=settings.default.max_examples // 4, stateful_step_count=25)
HistoriesInPostgresql.TestCase.settings = settings(
    Histories.TestCase.settings, max_examples=settings.default.max_examples // 10
)
TestHistories = Histories.TestCase
TestHistoriesInPostgresql = pytest.mark.server(HistoriesInPostgresql.TestCase)
