"""R3: the stream comes back as soon as it can, and operators hear of one that ejabberd does not keep up with."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.stream import connection as stream
from component.bridge.stream.connection import Connection
from component.ejabberd.private_server import free_ports
from component.model import XmppSettings
from tests.support.matching import message
from tests.support.scripts import error_of, refused
from tests.support.server import TestServer
from tests.support.wire import Wire

SERVICE = "agents.acme.test"


@asynccontextmanager
async def running(
    settings: XmppSettings,
    receive: Callable[[Element], None] = lambda _: None,
    up: Callable[[], None] = lambda: None,
    may_send: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Connection]:
    """A link that keeps a stream."""
    link = Connection(settings, SERVICE, 524_288, may_send, up, lambda: None, BackgroundTasks())
    link.on_stanza = receive
    task = asyncio.create_task(link.run())
    yield link
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Door:
    """Counts who comes, and sends everybody away."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.came = 0
        self._news = asyncio.Event()

    async def __aenter__(self) -> "Door":
        self._server = await asyncio.start_server(self._turn_away, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def wait_for(self, visits: int) -> None:
        async with asyncio.timeout(90):
            while self.came < visits:
                self._news.clear()
                await self._news.wait()

    async def _turn_away(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        self._news.set()
        writer.close()


class TestConnecting:
    """The pauses last for hours here: nothing connects but for the reason in question."""

    @pytest.fixture(autouse=True)
    def hours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream, "FIRST_DELAY", 7200.0)
        monkeypatch.setattr(stream, "PROBE_SECONDS", 0.05)

    async def test_a_port_that_opens_is_tried_at_once(self, ejabberd: TestServer) -> None:
        """First a look whether somebody listens, then the stream."""
        (port,) = free_ports(1)
        async with running(replace(ejabberd.settings.xmpp, port=port)) as link:
            while not link.failures:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            async with Door(port) as door:
                await door.wait_for(2)

    async def test_who_turns_the_component_away_is_not_pestered(self, ejabberd: TestServer) -> None:
        (port,) = free_ports(1)
        async with Door(port) as door, running(replace(ejabberd.settings.xmpp, port=port)) as link:
            while not link.failures:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.sleep(10 * stream.PROBE_SECONDS)
            assert (door.came, link.failures) == (1, 1)


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
async def test_there_is_a_stream_only_while_it_may_be_used(ejabberd: TestServer, busy: bool) -> None:
    """H2: nothing is written after that, and the stream is there again when it may be."""
    allowed, up = True, asyncio.Event()
    async with (
        await ejabberd.client("bob@work.acme.test") as bob,
        running(ejabberd.settings.xmpp, up=up.set, may_send=lambda: allowed) as link,
        asyncio.timeout(90),
    ):
        await up.wait()
        await link.barrier()
        allowed = False
        if busy:
            link.send(f"<message to='{bob.jid}' from='{SERVICE}' id='too late'/>")
        while link.up:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        up.clear()
        allowed = True
        await up.wait()
        link.send(f"<message to='{bob.jid}' from='{SERVICE}' id='again'/>")
        await bob.expect(message(id="again"))
        assert [stanza.get("id") for stanza in bob.received if message()(stanza)] == ["again"]


async def test_what_ejabberd_does_not_route_is_told_until_it_does(
    ejabberd: TestServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream, "OVERDUE_SECONDS", 0.5)
    up = asyncio.Event()
    caplog.set_level(logging.INFO, stream.log.name)
    async with (
        Wire(ejabberd.settings.xmpp.port) as wire,
        running(replace(ejabberd.settings.xmpp, port=wire.port), up=up.set) as link,
    ):
        await up.wait()
        await link.barrier()
        assert link.missing() == []
        wire.hold_back()
        barrier = asyncio.ensure_future(link.barrier())
        await logged(caplog, "ejabberd is behind: it has not routed what it was sent")
        assert link.missing()
        wire.thaw()
        await barrier
        await logged(caplog, "ejabberd routes stanzas again")
        assert link.missing() == []


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(90):
        while text not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert caplog.text.count(text) == 1


async def test_a_stanza_that_cannot_be_handled_is_alone_in_that(
    ejabberd: TestServer, caplog: pytest.LogCaptureFixture
) -> None:
    """R2, R5: the log names who sent it, once, and a request is answered all the same."""
    up = asyncio.Event()

    def fail(stanza: Element) -> None:
        if stanza.get("from") == "bob@work.acme.test/test":
            raise ValueError("cannot be handled")

    async with running(ejabberd.settings.xmpp, fail, up.set) as link:
        await up.wait()
        async with await ejabberd.client("bob@work.acme.test") as bob:
            await bob.send(f"<presence to='{SERVICE}'/><message to='{SERVICE}'/>")
            said = await bob.say(SERVICE, "Hello")
            await refused(bob, said, SERVICE, "wait/resource-constraint")
            for _ in range(3):
                answer = await bob.request(f"<iq type='get' to='{SERVICE}'><query xmlns='of:nobody'/></iq>")
                assert (answer.get("from"), error_of(answer)) == (SERVICE, "wait/internal-server-error")
        assert link.up
    assert caplog.text.count("from bob@work.acme.test/test could not be handled") == 1
