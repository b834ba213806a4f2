"""What counts as logged in, on a real ejabberd: sessions that take the place of others, and what clients say to us
alone (P4, V2)."""

import asyncio

import pytest

from component.bridge.state.recent_ids import RECONNECT_US
from tests.support.archived import bodies, conversations
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, BOB, CAROL, SERVICE, face, gone, shows, watch
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.server import TestServer

GRACE_SECONDS = 30
"""Long, so that a slow machine does not log out whom these scripts want to be there."""

LOGGED_OUT = "ⓘ Alice Ames logged out. This chat has ended."

pytestmark = pytest.mark.usefixtures("empty_rosters", "patience")


@pytest.fixture
async def patience(bridge: BridgeProcess) -> None:
    """A long time in which a session may take the place of another."""
    bridge.write_config(limits={"logout_seconds": GRACE_SECONDS})
    await bridge.reload()


@pytest.fixture
async def carol(patience: None, login: LogIn) -> XmppClient:
    """Watches Alice, whom she may write to."""
    carol = await login(CAROL)
    await watch(carol, ALICE)
    return carol


async def begin_chat(carol: XmppClient, alice: XmppClient) -> None:
    said = await carol.say(face(ALICE), "Hello")
    await alice.expect(message(id=said))


async def goes_on(carol: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
    """Carol saw nothing of it, and the conversation is the same."""
    said = await carol.say(face(ALICE), "Still there?")
    await alice.expect(message(id=said))
    answered = await alice.say(face(CAROL), "I am")
    await carol.expect(message(id=answered))
    await carol.expect_nothing(gone(ALICE))
    await carol.expect_nothing(message(body=LOGGED_OUT), seconds=0)
    assert conversations(bridge, CAROL, ALICE)[-1][2] is None


class TestASessionInThePlaceOfAnother:
    """It is no log-out."""

    async def test_of_the_same_client(self, login: LogIn, carol: XmppClient, bridge: BridgeProcess) -> None:
        """The old connection lingers, and ejabberd ends it for the new one."""
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        for _ in range(5):
            alice = await login(ALICE)
            await goes_on(carol, alice, bridge)

    async def test_of_a_client_that_lost_its_network(
        self, login: LogIn, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        alice.kill()
        alice = await login(ALICE, "elsewhere")
        await goes_on(carol, alice, bridge)

    async def test_of_a_page_that_is_loaded_anew(self, login: LogIn, carol: XmppClient, bridge: BridgeProcess) -> None:
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        await alice.logout()
        await alice.login()
        await goes_on(carol, alice, bridge)

    async def test_what_is_said_in_between_arrives(self, login: LogIn, carol: XmppClient) -> None:
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        await alice.logout()
        said = [await carol.say(face(ALICE), text) for text in ("Are you", "there?")]
        await carol.expect_nothing(message(type="error"))
        await alice.login()
        for id in said:
            await alice.expect(message(id=id))

    async def test_what_was_under_way_to_the_old_session_arrives(
        self, login: LogIn, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        """ejabberd holds it for a client that has lost its network and may resume, and returns it when it does not."""
        alice = await login(ALICE, resumable=True)
        await begin_chat(carol, alice)
        alice.kill()
        said = await carol.say(face(ALICE), "Into the tunnel")
        await carol.expect_nothing(message(id=said))
        alice = await login(ALICE)
        await alice.expect(message(id=said))
        await carol.expect_nothing(message(type="error"))
        assert bodies(bridge, said) == ["Into the tunnel"]
        await goes_on(carol, alice, bridge)


class TestALogOut:
    async def test_ends_the_conversation_when_nobody_comes_back(
        self, login: LogIn, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        bridge.write_config(limits={"logout_seconds": 1})
        await bridge.reload()
        await alice.logout()
        said = await carol.say(face(ALICE), "Are you there?")
        await carol.expect(message(body=LOGGED_OUT))
        await carol.expect(gone(ALICE))
        await carol.expect(message(id=said, type="error", error="recipient-unavailable"))
        assert bodies(bridge, said) == []

    async def test_of_a_bridge_that_is_stopped_meanwhile(
        self, login: LogIn, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        """V3: the conversation is found open without Alice at the next start."""
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        await alice.logout()
        await bridge.kill()
        await bridge.restart()
        await carol.expect(message(body=LOGGED_OUT))


class TestWhatAClientSaysToTheServiceAlone:
    """ejabberd knows who is logged in."""

    async def test_unavailable(self, login: LogIn, carol: XmppClient, bridge: BridgeProcess) -> None:
        alice = await login(ALICE)
        await begin_chat(carol, alice)
        await alice.send(f"<presence type='unavailable' to='{SERVICE}'/>")
        await goes_on(carol, alice, bridge)
        bridge.write_config(limits={"logout_seconds": 1})
        await bridge.reload()
        alice.kill()
        await carol.expect(gone(ALICE))

    async def test_another_status(self, login: LogIn, carol: XmppClient) -> None:
        alice = await login(ALICE)
        await carol.expect(shows(ALICE, status="Available"))
        await alice.send(f"<presence to='{SERVICE}'><priority>-5</priority></presence>")
        await carol.expect_nothing(gone(ALICE))
        said = await carol.say(face(ALICE), "Are you there?")
        await alice.expect(message(id=said))

    async def test_available(self, login: LogIn, carol: XmppClient) -> None:
        """By a client that is available to nobody else, so that no message reaches it."""
        alice = await login(ALICE, available=False)
        await alice.send(f"<presence to='{SERVICE}'/>")
        await carol.expect(shows(ALICE))
        said = await carol.say(face(ALICE), "Are you there?")
        await carol.expect(message(id=said, type="error", error="recipient-unavailable"))
        await carol.expect(gone(ALICE))


class TestANegativePriority:
    """ejabberd delivers nothing to such a client, so for others nobody is there."""

    async def test_of_the_only_client(self, login: LogIn, carol: XmppClient, bridge: BridgeProcess) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, priority=-1)
        for other in (bob, carol):
            said = await other.say(face(ALICE), "Are you there?")
            await other.expect(message(id=said, type="error", error="recipient-unavailable"))
            await other.expect_nothing(shows(ALICE))
        await alice.set_presence(priority=0)
        await bob.expect(shows(ALICE))
        await carol.expect(shows(ALICE))
        said = await bob.say(face(ALICE), "And now?")
        await alice.expect(message(id=said))

    async def test_of_a_work_users_only_client(self, login: LogIn) -> None:
        """ejabberd keeps what is sent to them."""
        alice, bob = await login(ALICE), await login(BOB, priority=-1)
        await watch(alice, BOB)
        await alice.expect_nothing(shows(BOB))
        said = await alice.say(face(BOB), "Read this later")
        await bob.set_presence(priority=0)
        await alice.expect(shows(BOB))
        await bob.expect(message(id=said))


@pytest.mark.long
@pytest.mark.parametrize("account", [BOB, CAROL])
async def test_a_script_that_sends_no_presence_and_counts_from_one(
    bridge: BridgeProcess, login: LogIn, ejabberd: TestServer, account: str
) -> None:
    """A5: each of its runs says something new, once the time is over in which all may be second tries."""
    alice = await login(ALICE)
    await asyncio.sleep(RECONNECT_US / 1_000_000)
    for _ in range(3):
        script = await ejabberd.client(account, "script")
        await script.login(available=False)
        await script.send(f"<message to='{face(ALICE)}' type='chat' id='1'><body>Done</body></message>")
        await alice.expect(message(id="1", body="Done"))
        await script.close()
