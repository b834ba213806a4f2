"""Links when things break: they come with their message, and go with it (A5, A8, C5)."""

import asyncio
from pathlib import Path

from component.bridge.clock import now_us
from component.store.api import Store
from tests.support.archived import query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, face
from tests.support.links import all_tokens, opens, token
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import send
from tests.support.server import TestServer
from tests.support.wire import bridge_on_a_wire

URL = "https://up.test/1/photo.jpg"
FILE = f"<body>Look</body><x xmlns='jabber:x:oob'><url>{URL}</url></x>"


async def test_a_crash_between_archive_and_delivery(ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
    """A5: the message is delivered after the restart, with the link that was written with it."""
    async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
        bob, alice = await login(BOB), await login(ALICE)
        wire.hold_back()
        id = await send(bob, face(ALICE), FILE)
        await until_archived(bridge, id)
        await bridge.kill()
        wire.thaw()
        await alice.expect_nothing(message(id=id), seconds=0)
        await bridge.restart()
        text = (await alice.expect(message(id=id))).findtext("{*}body")
        assert [token(text)] == all_tokens(bridge)
        assert opens(bridge, token(text)) == ("file", URL)


async def test_a_message_that_comes_back(bridge: BridgeProcess, login: LogIn) -> None:
    """M1: it is withdrawn, and its link opens nothing."""
    bob, alice = await login(BOB), await login(ALICE, resumable=True, resume_seconds=1)
    alice.kill()
    id = await send(bob, face(ALICE), FILE)
    await bob.expect(message(id=id, error="recipient-unavailable"))
    (kept,) = all_tokens(bridge)
    assert opens(bridge, kept) is None


async def test_retention(bridge: BridgeProcess, login: LogIn) -> None:
    """A8: what deletes the message deletes the link."""
    bob, alice = await login(BOB), await login(ALICE)
    id = await send(bob, face(ALICE), FILE)
    await alice.expect(message(id=id))
    await ticked_off(bridge)
    (kept,) = all_tokens(bridge)
    assert opens(bridge, kept)
    await bridge.stop()
    store = await Store.open(bridge.storage)
    await store.purge("acme", now_us())
    await store.close()
    assert query(bridge, "SELECT count(*) FROM message") == [0]
    assert all_tokens(bridge) == []


async def until_archived(bridge: BridgeProcess, id: str) -> None:
    async with asyncio.timeout(90):
        while not query(bridge, "SELECT 1 FROM message WHERE client_id = ?", id):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
