"""When something that the bridge needs is away, senders are told to try again; nothing is lost or made up (R3)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from component.model import EjabberdSettings
from tests.support.archived import bodies, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, hears_nothing, refused
from tests.support.storage import held

TRY_AGAIN = "wait/resource-constraint"
LONGER_THAN_THE_STORE_WAITS = 15.0


@pytest.fixture
async def no_api(bridge: BridgeProcess) -> AsyncIterator[None]:
    """A bridge that cannot reach ejabberd's HTTP API."""
    settings = bridge.settings
    bridge.settings = replace(settings, ejabberd=EjabberdSettings("http://127.0.0.1:9/api"))
    await restarted(bridge)
    yield
    bridge.settings = settings
    await restarted(bridge)


async def restarted(bridge: BridgeProcess) -> None:
    bridge.write_config()
    await bridge.stop()
    await bridge.restart()


async def test_who_cannot_be_asked_after(no_api: None, log_in: LogIn, alice: XmppClient) -> None:
    """M8: whether the invisible Bob is logged in is not known, so he is neither believed nor called a liar."""
    bob = await log_in("bob@work.acme.test", available=False)
    await refused(bob, await bob.say(ALICE, "Hello"), ALICE, TRY_AGAIN)
    erin = await log_in("erin@work.acme.test")
    await hears_nothing(alice, erin, ALICE)


async def test_a_database_that_cannot_be_written(bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
    """A5: what is not on disk is not delivered; the sender hears of it, and the next try works."""
    await bob.say(ALICE, "Before")
    await alice.expect(message(body="Before"))
    await ticked_off(bridge)
    with held(bridge.storage):
        id = await bob.say(ALICE, "Hello")
        await refused(bob, id, ALICE, TRY_AGAIN, LONGER_THAN_THE_STORE_WAITS)
    assert bodies(bridge, id) == []
    await bob.send(f"<message to='{ALICE}' id='{id}' type='chat'><body>Hello</body></message>")
    await alice.expect(message(sender=BOB, id=id, body="Hello"))
    await hears_nothing(alice, bob, ALICE)
    assert bodies(bridge, id) == ["Hello"]
