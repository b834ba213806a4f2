"""What happens when things break: the bridge, ejabberd, the network, the disk, and clients that mean no good.

(R1 to R4, A5.) A message is *accepted* if it is in the archive and was not withdrawn.
"""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import Login
from tests.support.archived import query
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, BOB, face
from tests.support.matching import message
from tests.support.server import TestServer
from tests.support.stream import StreamClosed
from tests.support.wire import bridge_on_a_wire

LOST, CONNECTED, READY = "lost the connection", "connected to ejabberd", "ready after"

PAUSE = 0.006
"""Between two messages of one side. Bob's session archives each of both, and falls behind with many more."""


class Side:
    """One of two who chat, and all that became of what this one said."""

    def __init__(self, client: XmppClient, to: str) -> None:
        self.client = client
        self.sent: list[str] = []
        self._to = face(to)

    async def chat(self) -> None:
        """Send numbered messages, one after the other, whatever happens, until cancelled or thrown out."""
        with contextlib.suppress(StreamClosed, OSError):
            while True:
                self.sent.append(await self.client.say(self._to, str(len(self.sent))))
                await asyncio.sleep(PAUSE)

    def refused(self) -> set[str]:
        """The ids that came back."""
        return {got.get("id", "") for got in self.client.received if message(type="error")(got)} & set(self.sent)

    def accepted(self, bridge: BridgeProcess) -> list[str]:
        """The ids of what is in the archive, in its order."""
        mine = set(self.sent)
        kept = query(bridge, "SELECT client_id FROM message WHERE withdrawn_at IS NULL ORDER BY id")
        return [id for id in kept if id in mine]


class Chat:
    """Bob and Alice chat both ways at once, while things break."""

    def __init__(self, bob: XmppClient, alice: XmppClient) -> None:
        self.bob, self.alice = self.sides = Side(bob, ALICE), Side(alice, BOB)
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(side.chat()) for side in self.sides]

    async def end(self) -> None:
        """Stop, and wait until nothing more comes to anybody."""
        for task in self._tasks:
            task.cancel()
        before = -1
        while before != (now := sum(len(side.client.received) for side in self.sides)):
            before = now
            await asyncio.sleep(0.7)

    def arrived(self, side: Side) -> list[tuple[str, str]]:
        """What this side said and the other got, as often as that got it: the ids given by client and archive."""
        other = self.alice if side is self.bob else self.bob
        mine = set(side.sent)
        return [(got.get("id", ""), archive_id(got)) for got in other.client.received if got.get("id") in mine]

    async def heard(self, more: int = 100) -> None:
        """Wait until each of the two has got so many more messages of the other."""
        enough = {side: len(self.arrived(side)) + more for side in self.sides}
        async with asyncio.timeout(30):
            while any(len(self.arrived(side)) < enough[side] for side in self.sides):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def assert_promises_kept(self, bridge: BridgeProcess) -> None:
        """A5: what was accepted arrived, what was refused did not, in order, and nothing twice under other ids."""
        for side in self.sides:
            accepted, arrived = side.accepted(bridge), self.arrived(side)
            ids = list(dict.fromkeys(id for id, _ in arrived))
            assert ids == accepted
            assert accepted == [id for id in side.sent if id in set(accepted)]
            assert not set(ids) & side.refused()
            assert len({archived for _, archived in arrived}) == len(ids)


def archive_id(stanza: Element) -> str:
    """The one that the bridge gave it; a Work user's own archive adds another."""
    ids = {part.get("by", ""): part.get("id", "") for part in stanza.iter("{urn:xmpp:sid:0}stanza-id")}
    return next((id for by, id in ids.items() if not by.endswith("@work.acme.test")), "")


class TestInTheMiddleOfAThousandMessages:
    @pytest.fixture
    async def chat(self, bridge: BridgeProcess, login: Login) -> Chat:
        return Chat(await login(BOB), await login(ALICE))

    async def test_the_bridge_is_killed(self, bridge: BridgeProcess, chat: Chat) -> None:
        chat.begin()
        await chat.heard(250)
        await bridge.kill()
        await asyncio.sleep(0.2)
        await bridge.restart()
        await chat.heard(250)
        await chat.end()
        chat.assert_promises_kept(bridge)
        assert chat.bob.refused(), "ejabberd refuses for a bridge that is away"

    async def test_the_bridge_is_stopped(self, bridge: BridgeProcess, chat: Chat) -> None:
        """A clean stop leaves nothing to deliver a second time."""
        chat.begin()
        await chat.heard()
        await bridge.stop()
        await bridge.restart()
        await chat.heard()
        await chat.end()
        chat.assert_promises_kept(bridge)
        for side in chat.sides:
            assert max(Counter(chat.arrived(side)).values()) == 1

    async def test_the_connection_is_lost(self, ejabberd: TestServer, tmp_path: Path, login: Login) -> None:
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            chat = Chat(await login(BOB), await login(ALICE))
            chat.begin()
            for times in (2, 3, 4):
                await chat.heard()
                wire.cut()
                await bridge.logged(READY, times)
            await chat.heard()
            await chat.end()
            chat.assert_promises_kept(bridge)

    async def test_ejabberd_is_restarted(self, ejabberd: TestServer, bridge: BridgeProcess, chat: Chat) -> None:
        """Both are thrown out, come back, and go on."""
        chat.begin()
        await chat.heard()
        await ejabberd.server.restart_async()
        await bridge.logged(READY, times=2)
        for side in chat.sides:
            side.client.kill()
            await side.client.login()
        chat.begin()
        await chat.heard()
        await chat.end()
        chat.assert_promises_kept(bridge)

    async def test_the_directory_is_reloaded(self, bridge: BridgeProcess, chat: Chat) -> None:
        """D1"""
        chat.begin()
        for _ in range(5):
            await chat.heard(20)
            await bridge.reload()
        await chat.end()
        chat.assert_promises_kept(bridge)
        assert not chat.bob.refused() | chat.alice.refused()
        assert bridge.count("process: reloaded") == 5
