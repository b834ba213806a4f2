"""What happens when things break: the bridge, ejabberd, the network, the disk, and clients that mean no good.

(R1 to R4, A5.) A message is *accepted* if it is in the archive and was not withdrawn.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
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


class Chatter:
    """Somebody who sends numbered messages to a face, one after the other, whatever happens."""

    def __init__(self, client: XmppClient, to: str) -> None:
        self.client = client
        self.to = to
        self.sent: list[str] = []

    async def chat(self, texts: Iterable[int], pause: float = 0.002) -> None:
        for number in texts:
            try:
                self.sent.append(await self.client.say(face(self.to), str(number)))
            except (StreamClosed, OSError):
                return
            await asyncio.sleep(pause)

    def refused(self) -> set[str]:
        """The ids that came back."""
        return {got.get("id", "") for got in self.client.received if message(type="error")(got)} & set(self.sent)

    def arrived(self, client: XmppClient) -> list[tuple[str, str]]:
        """What of it came to the other side: ``(id, archive id)``, as often as it came."""
        mine = set(self.sent)
        got = [each for each in client.received if message(type="chat")(each) and each.get("id") in mine]
        return [(each.get("id", ""), archive_id(each)) for each in got]

    def accepted(self, bridge: BridgeProcess) -> list[str]:
        """The ids of what is in the archive, in its order."""
        kept = query(bridge, "SELECT client_id FROM message WHERE withdrawn_at IS NULL ORDER BY id")
        return [id for id in kept if id in set(self.sent)]


def archive_id(stanza: Element) -> str:
    """The one that the bridge gave it; a Work user's own archive adds another."""
    ids = {part.get("by", ""): part.get("id", "") for part in stanza.iter("{urn:xmpp:sid:0}stanza-id")}
    return next((id for by, id in ids.items() if not by.endswith("@work.acme.test")), "")


async def heard(number: int, *chatters: Chatter) -> None:
    """Wait until each of them has heard so much of the others."""
    while min(len(chatter.client.received) for chatter in chatters) < number:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def settled(*chatters: Chatter) -> None:
    """Wait until nothing more comes to anybody."""
    before = -1
    while before != (now := sum(len(chatter.client.received) for chatter in chatters)):
        before = now
        await asyncio.sleep(0.7)


def assert_kept_promises(chatter: Chatter, other: XmppClient, bridge: BridgeProcess) -> None:
    """A5: what was accepted arrived, what was refused did not, in order, and nothing twice that cannot be told."""
    accepted, arrived = chatter.accepted(bridge), chatter.arrived(other)
    ids = [id for id, _ in arrived]
    lost = [id for id in accepted if id not in set(ids)]
    assert not lost, "accepted, but lost"
    assert not set(ids) - set(accepted), "delivered, but not in the archive"
    assert not set(ids) & chatter.refused(), "delivered, but refused"
    assert len({archive for _, archive in arrived}) == len(set(ids)), "one message under two archive ids"
    assert list(dict.fromkeys(ids)) == accepted, "out of order"
    assert [id for id in chatter.sent if id in set(accepted)] == accepted, "archived out of order"


class TestThousandMessages:
    """Both ways at once, and something breaks in the middle."""

    @pytest.fixture
    async def chat(self, bridge: BridgeProcess, login: Login) -> tuple[Chatter, Chatter]:
        bob, alice = await login(BOB), await login(ALICE)
        return Chatter(bob, ALICE), Chatter(alice, BOB)

    async def test_the_bridge_is_killed(self, bridge: BridgeProcess, chat: tuple[Chatter, Chatter]) -> None:
        bob, alice = chat
        chatting = [asyncio.create_task(chatter.chat(range(500))) for chatter in chat]
        await heard(150, *chat)
        await bridge.kill()
        await asyncio.sleep(0.2)
        await bridge.restart()
        await asyncio.gather(*chatting)
        await settled(*chat)
        assert_kept_promises(bob, alice.client, bridge)
        assert_kept_promises(alice, bob.client, bridge)
        for chatter in chat:
            assert len(chatter.accepted(bridge)) > 150
            assert chatter.refused(), "ejabberd refuses for a bridge that is away"

    async def test_the_bridge_is_stopped(self, bridge: BridgeProcess, chat: tuple[Chatter, Chatter]) -> None:
        """A clean stop leaves nothing to deliver a second time."""
        bob, alice = chat
        chatting = [asyncio.create_task(chatter.chat(range(500))) for chatter in chat]
        await heard(150, *chat)
        await bridge.stop()
        await bridge.restart()
        await asyncio.gather(*chatting)
        await settled(*chat)
        for chatter, other in ((bob, alice), (alice, bob)):
            assert_kept_promises(chatter, other.client, bridge)
            assert max(Counter(chatter.arrived(other.client)).values()) == 1

    async def test_the_connection_is_lost(self, ejabberd: TestServer, tmp_path: Path, login: Login) -> None:
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            bob, alice = Chatter(await login(BOB), ALICE), Chatter(await login(ALICE), BOB)
            chatting = [asyncio.create_task(chatter.chat(range(500))) for chatter in (bob, alice)]
            for received in (100, 200, 300):
                await heard(received, bob, alice)
                ready = bridge.count(READY)
                wire.cut()
                await bridge.logged(READY, times=ready + 1)
            await asyncio.gather(*chatting)
            await settled(bob, alice)
            assert_kept_promises(bob, alice.client, bridge)
            assert_kept_promises(alice, bob.client, bridge)

    async def test_ejabberd_is_restarted(
        self, ejabberd: TestServer, bridge: BridgeProcess, chat: tuple[Chatter, Chatter]
    ) -> None:
        """Both are thrown out, come back, and go on."""
        bob, alice = chat
        chatting = [asyncio.create_task(chatter.chat(range(500))) for chatter in chat]
        await heard(150, *chat)
        await ejabberd.server.restart_async()
        await asyncio.gather(*chatting)
        await bridge.logged(READY, times=2)
        for chatter in chat:
            chatter.client.kill()
            await chatter.client.login()
        await asyncio.gather(*(chatter.chat(range(500, 600)) for chatter in chat))
        await settled(*chat)
        assert_kept_promises(bob, alice.client, bridge)
        assert_kept_promises(alice, bob.client, bridge)
