"""Presence when the bridge starts and stops, reloads, crashes, or loses ejabberd (P4 to P6, P8)."""

import asyncio
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from tests.support.archived import conversations
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.faces import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    LENA,
    SERVICE,
    anything_of,
    ask,
    face,
    gone,
    last_seen,
    shows,
    taken_out,
    watch,
)
from tests.support.log_ins import LogIn
from tests.support.matching import Matcher, message, presence
from tests.support.server import TestServer
from tests.support.wire import bridge_on_a_wire

GRACE = """
[[people]]
name = "Grace Gold"
agent = "grace"
groups = ["sales"]
"""


pytestmark = pytest.mark.usefixtures("empty_rosters")


class TestTheTruthAfter:
    """P6"""

    async def test_a_crash_of_the_bridge(self, bridge: BridgeProcess, login: LogIn) -> None:
        """While it is down Alice leaves, Dan comes, Carol changes, and Lena stays away."""
        bob, alice, carol = await login(BOB), await login(ALICE), await login(CAROL)
        lena = await login(LENA)
        await watch(bob, ALICE, CAROL, DAN, LENA)
        await watch(lena, DAN)
        await lena.logout()
        await bob.expect(gone(LENA))
        await bridge.kill()
        await alice.logout()
        await login(DAN, show="dnd")
        await carol.set_presence(show="away")
        await bridge.restart()
        await bob.expect(gone(ALICE))
        await bob.expect(shows(DAN))
        await bob.expect(shows(CAROL))
        assert not last_seen(bob, LENA)
        await lena.login()
        await lena.expect(shows(DAN, show="dnd", status="Busy"))

    async def test_a_crash_in_the_middle_of_conversations(self, bridge: BridgeProcess, login: LogIn) -> None:
        """V3: Carol's with Alice goes on; that with Dan, who left meanwhile, has ended."""
        alice, carol, dan = await login(ALICE), await login(CAROL), await login(DAN)
        for other in (alice, dan):
            await carol.say(face(other.account), "Hello")
            await other.expect(message(body="Hello"))
        await bridge.kill()
        await dan.logout()
        await bridge.restart()
        await carol.expect(message(sender=face(DAN), body="ⓘ Dan Diaz logged out. This chat has ended."))
        await alice.say(face(CAROL), "Where were we?")
        await carol.expect(message(body="Where were we?"))
        assert [why for _, _, why in conversations(bridge, CAROL, ALICE)] == [None]
        assert [why for _, _, why in conversations(bridge, CAROL, DAN)] == ["logged-out"]

    async def test_a_lost_connection(self, ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
        """As after a crash, but what did not change is not told as if it had."""
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            bob, alice, _ = await login(BOB), await login(ALICE), await login(CAROL)
            await watch(bob, ALICE, CAROL, DAN)
            wire.freeze()
            await alice.logout()
            await login(DAN)
            wire.cut()
            wire.thaw()
            await bridge.logged("ready after", times=2)
            await bob.expect(gone(ALICE))
            await bob.expect(shows(DAN))
            await bob.expect_nothing(gone(CAROL))
            assert last_seen(bob, CAROL)

    async def test_a_restart_of_ejabberd(self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn) -> None:
        """Alice comes back, Carol does not."""
        bob, alice, carol = await login(BOB), await login(ALICE), await login(CAROL)
        await watch(bob, ALICE, CAROL)
        await ejabberd.server.restart_async()
        await bridge.logged("ready after", times=2)
        for client in (bob, alice, carol):
            client.kill()
        bob.received.clear()
        await alice.login()
        await bob.login()
        await bob.expect(shows(ALICE))
        assert not last_seen(bob, CAROL)

    async def test_a_change_that_comes_while_it_finds_out(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn
    ) -> None:
        """Log-ins and log-outs all the time, in particular between the question and the end of the answers."""
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await ejabberd.client(ALICE)
        for _ in range(3):
            await bridge.kill()
            restarting = asyncio.create_task(bridge.restart())
            while not restarting.done():
                await alice.login()
                await alice.logout()
            await restarting
            await alice.login()
            await bob.expect(shows(ALICE))
            bob.forget()
            await alice.logout()
            await bob.expect(gone(ALICE))
            bob.forget()


class TestALostRight:
    """P5, D1"""

    async def test_a_reload_takes_the_right_away(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Carol leaves the group that she shares with Alice; Bob, whom it does not touch, sees on."""
        carol, bob, alice = await login(CAROL), await login(BOB), await login(ALICE)
        await watch(carol, ALICE)
        await watch(bob, ALICE)
        bridge.write_people("acme", PEOPLE.replace('["sales", "support"]', '["support"]'))
        await bridge.reload()
        await carol.expect(gone(ALICE))
        await carol.expect(taken_out(ALICE))
        await alice.set_presence(show="away")
        await carol.expect_nothing(anything_of(ALICE))
        assert last_seen(bob, ALICE)

    async def test_a_directory_changed_while_stopped_takes_it_away_too(
        self, bridge: BridgeProcess, login: LogIn
    ) -> None:
        carol, _ = await login(CAROL), await login(ALICE)
        await watch(carol, ALICE)
        await bridge.kill()
        bridge.write_people("acme", PEOPLE.replace('["sales", "support"]', '["support"]'))
        await bridge.restart()
        await carol.expect(gone(ALICE))
        await carol.expect(taken_out(ALICE))

    async def test_a_reload_during_an_outage_takes_it_away_afterwards(
        self, ejabberd: TestServer, tmp_path: Path, login: LogIn
    ) -> None:
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            carol, _ = await login(CAROL), await login(ALICE)
            await watch(carol, ALICE)
            wire.freeze()
            wire.cut()
            await bridge.logged("lost the connection")
            bridge.write_people("acme", PEOPLE.replace('["sales", "support"]', '["support"]'))
            await bridge.reload()
            await carol.expect_nothing(anything_of(ALICE))
            wire.thaw()
            await carol.expect(gone(ALICE))
            await carol.expect(taken_out(ALICE))


class TestACleanStop:
    """P8"""

    async def test_says_good_bye_for_every_face(self, bridge: BridgeProcess, login: LogIn) -> None:
        bob, alice, carol = await login(BOB), await login(ALICE), await login(CAROL)
        await watch(bob, ALICE, CAROL)
        await watch(alice, BOB, CAROL)
        await bridge.stop()
        for client, people in ((bob, (ALICE, CAROL)), (alice, (BOB, CAROL))):
            for who in people:
                await client.expect(gone(who))
            await client.expect(presence(sender=SERVICE, type="unavailable"))
        await carol.expect_nothing(anything_of(ALICE))


class TestTheServiceContact:
    """P4: how the bridge learns of log-ins and log-outs, whatever becomes of the contact."""

    async def test_is_in_every_roster(self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn) -> None:
        alice, bob = await login(ALICE), await login(BOB)
        for client in (alice, bob):
            await client.expect(presence(sender=SERVICE, type=None))
            item = (await client.roster())[SERVICE]
            assert (item.get("subscription"), item.get("name")) == ("both", "Acme")

    @pytest.mark.parametrize("seconds", [0, 2])
    async def test_is_put_there_at_log_in_if_it_is_missing(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn, seconds: int
    ) -> None:
        """First seen: ejabberd shows the bridge every log-in, but without the contact not every end.

        Alice's connection drops before or after she has got it; it is noticed in either case.
        """
        bob, alice = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        await alice.logout()
        await bob.expect(gone(ALICE))
        async with ejabberd.api() as api:
            await api.delete_contact(ALICE, SERVICE)
        await alice.login()
        await bob.expect(shows(ALICE))
        await asyncio.sleep(seconds)
        assert (SERVICE in await alice.roster()) == (seconds > 0)
        alice.kill()
        await bob.expect(gone(ALICE))

    async def test_is_put_there_when_the_bridge_starts(
        self, ejabberd: TestServer, tmp_path: Path, login: LogIn
    ) -> None:
        """The very first start, into a full house: nobody is taken to be logged out."""
        alice, bob = await login(ALICE, show="away"), await login(BOB)
        async with BridgeProcess(tmp_path, ejabberd.settings) as bridge:
            assert bridge.count("2 people are logged in") == 1
            await bob.say(face(ALICE), "First!")
            await alice.expect(message(body="First!"))

    async def test_of_a_person_who_is_new_in_the_directory(self, bridge: BridgeProcess, login: LogIn) -> None:
        """D1. Grace is logged in already when the directory learns of her."""
        bob, grace = await login(BOB), await login("grace@cc.acme.test")
        bridge.write_people("acme", PEOPLE + GRACE)
        await bridge.reload()
        await ask(bob, grace.account)
        await bob.expect(shows(grace.account))
        sent = await bob.say(face(grace.account), "Welcome!")
        await grace.expect(message(id=sent, body="Welcome!"))
        grace.kill()
        await bob.expect(gone(grace.account))

    async def test_comes_back_to_who_deletes_it(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn
    ) -> None:
        """Soon the first time, then later and later, so that a stubborn client makes no loop."""
        async with ejabberd.api() as api:
            while SERVICE not in await api.roster(ALICE):  # noqa: ASYNC110 - ejabberd does not say when
                await asyncio.sleep(0.05)
        alice, _ = await login(ALICE), await login(BOB)
        delete = f"<query xmlns='jabber:iq:roster'><item jid='{SERVICE}' subscription='remove'/></query>"
        for seconds in (1, 2):
            alice.forget()
            await alice.request(f"<iq type='set'>{delete}</iq>")
            await alice.expect(roster_push("remove"))
            await alice.expect_nothing(roster_push("both"), seconds=0.9 * seconds)
            await alice.expect(roster_push("both"))
        assert bridge.count("removed the service contact") == 2
        sent = await alice.say(face(BOB), "Still logged in")
        await alice.expect_nothing(message(id=sent, type="error"))


def roster_push(subscription: str) -> Matcher:
    """Of the service contact."""

    def pushes(stanza: Element) -> bool:
        items = [item for item in stanza.iter("{jabber:iq:roster}item") if item.get("jid") == SERVICE]
        return stanza.get("type") == "set" and any(item.get("subscription") == subscription for item in items)

    return pushes


class TestAMessageRightAfterLogIn:
    """M8: who has just become available is logged in, even if the bridge never saw them before."""

    @pytest.mark.parametrize("known", [True, False])
    async def test_is_delivered(self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn, known: bool) -> None:
        bob = await login(BOB)
        alice = await login(ALICE, available=False)
        if not known:
            async with ejabberd.api() as api:
                await api.delete_contact(ALICE, SERVICE)
        await alice.send(
            f"<presence/><message to='{face(BOB)}' type='chat' id='first'><body>Good morning</body></message>"
        )
        await bob.expect(message(id="first", body="Good morning"))

    async def test_waits_while_the_bridge_finds_out_who_is_there(self, bridge: BridgeProcess, login: LogIn) -> None:
        """P6: nobody is refused only because nobody has answered yet."""
        bob, alice = await login(BOB), await login(ALICE)
        await bridge.kill()
        await bridge.start(wait=False)
        await bridge.logged("connected to ejabberd", times=2)
        await bob.say(face(ALICE), "Quick")
        await alice.expect(message(body="Quick"))
        assert bridge.count("ready after") == 2
