"""R2, R4, R5: what becomes of a request that takes time, fails, or has too large an answer. No server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.iq import iq_handler as module
from component.bridge.iq.iq_answers import weight
from component.bridge.iq.iq_handler import BOUNDS, IqHandler
from component.bridge.stream.connection import Disconnected
from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Limits, Party
from component.services.command_framework import CommandRun, Done
from component.store.api import StoreError
from component.xml import parse
from tests.support.matching import condition_of
from tests.support.people import ACME, ALICE, BOB

SERVICE = ACME.service
COMMANDS = "http://jabber.org/protocol/commands"


class Link:
    """Takes stanzas of ``largest`` characters, and routes them when ``routes`` is set."""

    def __init__(self, largest: int) -> None:
        self.up = True
        self.sent: list[Element] = []
        self.largest = largest
        self.came = asyncio.Event()
        self.routes = asyncio.Event()
        self.routes.set()

    def send(self, text: str) -> None:
        self.try_send(text)

    def try_send(self, text: str) -> bool:
        if len(text) > self.largest:
            return False
        self.sent.append(parse(text))
        self.came.set()
        return True

    async def barrier(self) -> None:
        await self.routes.wait()
        if not self.up:
            raise Disconnected("lost")


class Work:
    """A command that does what a test wants."""

    node = name = "work"

    def __init__(self, do: Callable[[], Awaitable[str]]) -> None:
        self._do = do

    def may_run(self, party: Party) -> bool:
        return True

    async def step(self, run: CommandRun) -> Done:
        return Done(await self._do())


class Desk:
    """The requests of one tenant, of which one command is ``do``."""

    def __init__(self, do: Callable[[], Awaitable[str]], largest: int = 5_000) -> None:
        world = World.of([(ACME, make_directory([ALICE.person, BOB.person]))])
        state: Any = SimpleNamespace(world=world, limits=Limits())
        chats: Any = SimpleNamespace(seen_by=lambda viewer, address: None)
        self.link: Any = Link(largest)
        archives: Any = None
        self.requests = IqHandler(state, [Work(do)], archives, chats, self.link, BackgroundTasks())
        self.requests.stream_began()

    def ask(self, id: str, account: str = ALICE.account) -> None:
        self._receive("set", id, account, f"<command xmlns='{COMMANDS}' node='work'/>")

    def ping(self, id: str, account: str = ALICE.account) -> None:
        self._receive("get", id, account, "<ping xmlns='urn:xmpp:ping'/>")

    def _receive(self, type: str, id: str, account: str, payload: str) -> None:
        self.requests.receive_iq(parse(f"<iq type='{type}' id='{id}' from='{account}/x' to='{SERVICE}'>{payload}</iq>"))

    async def answers(self, count: int = 1) -> dict[str | None, str | None]:
        """Id -> the condition of an error, or None."""
        async with asyncio.timeout(60):
            while len(self.link.sent) < count:
                self.link.came.clear()
                await self.link.came.wait()
        return {answer.get("id"): condition_of(answer) for answer in self.link.sent}


async def done() -> str:
    return "done"


async def test_the_quick_do_not_wait_for_the_slow() -> None:
    go_on = asyncio.Event()

    async def slowly() -> str:
        await go_on.wait()
        return "done"

    desk = Desk(slowly)
    for number in range(BOUNDS.at_once_each + 1):
        desk.ask(f"slow {number}")
    desk.ping("behind them")
    desk.ping("another", BOB.account)
    assert await desk.answers() == {"another": None}
    go_on.set()
    assert len(await desk.answers(BOUNDS.at_once_each + 3)) == BOUNDS.at_once_each + 3


@pytest.mark.parametrize("problem", [StoreError("broken"), RuntimeError("a bug")])
async def test_a_failure_is_said_without_its_words(problem: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """R4: the operator reads more than the user."""

    async def fail() -> str:
        raise problem

    desk = Desk(fail)
    with caplog.at_level(logging.ERROR):
        desk.ask("a")
        assert await desk.answers() == {"a": "internal-server-error"}
    assert str(problem) in caplog.text
    assert "broken" not in str(desk.link.sent)


async def test_it_ends_at_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)

    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    desk = Desk(never)
    desk.ask("a")
    assert await desk.answers() == {"a": "internal-server-error"}


async def test_an_answer_that_is_too_large() -> None:
    async def much() -> str:
        return "x" * 10_000

    desk = Desk(much)
    desk.ask("a")
    assert await desk.answers() == {"a": "policy-violation"}


async def test_what_waits_is_bounded() -> None:
    desk = Desk(done)
    desk.requests.stream_lost()
    for number in range(BOUNDS.longest + 1):
        desk.ping(f"{number}")
    assert await desk.answers() == {f"{BOUNDS.longest}": "resource-constraint"}
    desk.ping("another", BOB.account)
    desk.requests.stream_began()
    assert len(await desk.answers(BOUNDS.longest + 2)) == BOUNDS.longest + 2


async def test_answers_lost_with_the_stream() -> None:
    """What was answered and not confirmed is answered once more; what waits is answered then."""
    desk = Desk(done)
    desk.link.routes.clear()
    desk.ping("lost")
    await desk.answers()
    desk.requests.stream_lost()
    desk.link.up = False
    desk.link.routes.set()
    desk.ping("waits")
    desk.link.sent.clear()
    desk.link.up = True
    desk.requests.stream_began()
    answers = await desk.answers(2)
    assert (answers["lost"], answers["waits"]) == ("internal-server-error", None)


async def test_the_end() -> None:
    """What takes too long is refused, and so is all that waits and that still comes."""

    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    desk = Desk(never)
    for number in range(10):
        desk.ask(f"{number}")
    await asyncio.sleep(0)
    await desk.requests.finish(0)
    desk.ping("late")
    assert set((await desk.answers(11)).values()) == {"internal-server-error"}
    assert len(desk.link.sent) == 11


def test_many_small_elements_weigh_more_than_their_text() -> None:
    assert weight(parse(f"<iq>{'<a/>' * 10_000}</iq>")) > 2_000_000
    assert weight(parse(f"<iq><a>{'x' * 10_000}</a></iq>")) < 12_000
