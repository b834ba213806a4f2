"""Presence on a real ejabberd: who sees what of whom, and when (P1 to P8)."""

import asyncio
from itertools import product
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import pytest

from tests.conftest import Login
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.matching import Matcher, iq, message, presence
from tests.support.server import TestServer
from tests.support.wire import bridge_on_a_wire

ALICE, CAROL, DAN, SUE, LENA = (f"{name}@cc.acme.test" for name in ("alice", "carol", "dan", "sue", "lena"))
BOB, ERIN = "bob@work.acme.test", "erin@work.acme.test"
SERVICE = "agents.acme.test"

GRACE = """
[[people]]
name = "Grace Gold"
agent = "grace"
groups = ["sales"]
"""

TALKATIVE = """
<presence>
  <show>away</show><status>At the dentist</status><priority>7</priority>
  <idle xmlns='urn:xmpp:idle:1' since='2026-01-01T00:00:00Z'/>
  <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:client' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/>
  <x xmlns='vcard-temp:x:update'><photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x>
  <nick xmlns='http://jabber.org/protocol/nick'>Ally</nick>
  <x xmlns='jabber:x:signed'>c2lnbmVk</x>
</presence>
"""


LAST = "<query xmlns='jabber:iq:last'/>"
VERSION = "<query xmlns='jabber:iq:version'/>"
TIME = "<time xmlns='urn:xmpp:time'/>"
CAPABILITIES = "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:client#q07IKJEyjvHSyhy//CH0CxmKi8w='/>"
ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>"
AVATAR = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub>"
QUERIES = (LAST, VERSION, TIME, CAPABILITIES, ITEMS, AVATAR)
MAY_BE_ANSWERED = (VERSION, TIME, ITEMS)


def face(account: str) -> str:
    return account.replace("@cc.", "@agents.").replace("@work.", "@directory.")


def content(stanza: Element) -> list[tuple[str, str | None]]:
    """Every child element, by its name and text."""
    return [(child.tag.partition("}")[2], child.text) for child in stanza]


def shows(who: str, **wanted: object) -> Matcher:
    """Available presence of this person's face."""
    return presence(sender=f"{face(who)}/deskbridge", type=None, **wanted)


def gone(who: str) -> Matcher:
    return presence(sender=f"{face(who)}/deskbridge", type="unavailable")


def last_seen(client: XmppClient, who: str) -> bool:
    """Whether the newest presence of this face that the client got is an available one."""
    told = [stanza for stanza in client.received if presence(sender=face(who))(stanza)]
    return bool(told) and told[-1].get("type") is None


async def ask(client: XmppClient, who: str) -> None:
    await client.send(f"<presence to='{face(who)}' type='subscribe'/>")


async def watch(client: XmppClient, *people: str) -> None:
    """Subscribe to faces, and take what is told of them at once."""
    for who in people:
        await ask(client, who)
        await client.expect(presence(sender=face(who), type="subscribed"))
        await client.expect(presence(sender=f"{face(who)}/deskbridge"))


@pytest.fixture(autouse=True)
async def empty_rosters(ejabberd: TestServer) -> None:
    """Subscriptions last; those of earlier tests must not be seen here."""
    async with ejabberd.api() as api:
        for account in ejabberd.accounts:
            for contact in await api.roster(account):
                await api.delete_contact(account, contact)


class TestWorkUsersSeeAgents:
    """P1"""

    async def test_plainly_available_whatever_the_agent_does(self, bridge: BridgeProcess, login: Login) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, available=False)
        await alice.send(TALKATIVE)
        seen = await bob.expect(presence(sender=face(ALICE)))
        assert content(seen) == []
        assert seen.attrib == {"from": f"{face(ALICE)}/deskbridge", "to": bob.jid}
        for show in ("dnd", "xa", None):
            await alice.set_presence(show=show, status="Still here", priority=-1)
        phone = await login(ALICE, "phone", show="away")
        await phone.logout()
        await bob.expect_nothing(presence(sender=face(ALICE)))
        await alice.logout()
        assert content(await bob.expect(gone(ALICE))) == []

    async def test_the_same_in_answers_to_probes(self, bridge: BridgeProcess, login: Login) -> None:
        alice = await login(ALICE, available=False)
        await alice.send(TALKATIVE)
        bob = await login(BOB)
        await watch(bob, ALICE)
        for ask_anew in (bob.logout, bob.login):
            await ask_anew()
        assert content(await bob.expect(shows(ALICE))) == []


class TestAgentsSeeAgents:
    """P2"""

    async def test_each_status_with_its_name_or_the_agents_words(self, bridge: BridgeProcess, login: Login) -> None:
        alice, carol = await login(ALICE), await login(CAROL)
        await watch(carol, ALICE)
        await alice.set_presence(show="dnd", status="With a customer")
        await carol.expect(shows(ALICE, show="dnd", status="With a customer"))
        for show, name in (("dnd", "Busy"), ("away", "On break"), ("xa", "Work offline"), (None, "Available")):
            await alice.set_presence(show=show)
            seen = await carol.expect(shows(ALICE, show=show, status=name))
            assert len(seen) == (2 if show else 1)
        await alice.logout()
        assert content(await carol.expect(gone(ALICE))) == []

    async def test_no_more_of_the_client_than_that(self, bridge: BridgeProcess, login: Login) -> None:
        """P7"""
        carol, alice = await login(CAROL), await login(ALICE, available=False)
        await watch(carol, ALICE)
        await alice.send(TALKATIVE)
        seen = await carol.expect(shows(ALICE, show="away"))
        assert content(seen) == [("show", "away"), ("status", "At the dentist")]

    @pytest.mark.parametrize(
        ("watcher", "watched"),
        [
            pytest.param(ALICE, CAROL, id="M3-same-group"),
            pytest.param(SUE, DAN, id="M4-supervisor"),
            pytest.param(LENA, DAN, id="M5-no-work-licence"),
        ],
    )
    async def test_if_they_may_write_to_them(
        self, bridge: BridgeProcess, login: Login, watcher: str, watched: str
    ) -> None:
        seeing, _ = await login(watcher), await login(watched, show="xa")
        await ask(seeing, watched)
        await seeing.expect(shows(watched, show="xa", status="Work offline"))


class TestAgentsSeeWorkUsers:
    """P3"""

    async def test_each_status_and_no_words(self, bridge: BridgeProcess, login: Login) -> None:
        alice, bob = await login(ALICE), await login(BOB)
        await watch(alice, BOB)
        for theirs, words, ours, name in (
            ("away", "Lunch with Erin", "away", None),
            ("dnd", "Concert", "dnd", None),
            ("dnd", "busy", "dnd", "Busy"),
            ("xa", "On holiday", "away", None),
            (None, "At my desk", None, None),
        ):
            await bob.set_presence(show=theirs, status=words)
            seen = await alice.expect(shows(BOB, show=ours, status=name))
            assert len(seen) == (ours is not None) + (name is not None)
        await bob.logout()
        await alice.expect(gone(BOB))

    async def test_nothing_of_one_who_does_not_show_it(self, bridge: BridgeProcess, login: Login) -> None:
        """Invisible: connected, but never available."""
        alice = await login(ALICE)
        await watch(alice, BOB)
        bob = await login(BOB, available=False)
        await bob.say(face(ALICE), "I am not here")
        await alice.expect(message(body="I am not here"))
        await alice.expect_nothing(shows(BOB))


class TestSeveralSessions:
    """P4"""

    async def test_the_highest_priority_then_the_most_available_shows(
        self, bridge: BridgeProcess, login: Login
    ) -> None:
        carol = await login(CAROL)
        await watch(carol, ALICE)
        phone = await login(ALICE, "phone", show="xa")
        await carol.expect(shows(ALICE, show="xa"))
        desk = await login(ALICE, "desk", show="dnd")
        await carol.expect(shows(ALICE, show="dnd"))
        await phone.set_presence(priority=5, show="away")
        await carol.expect(shows(ALICE, show="away"))
        await desk.set_presence(priority=-1)
        await carol.expect_nothing(presence(sender=face(ALICE)))
        await phone.logout()
        await carol.expect(shows(ALICE, show=None, status="Available"))
        await desk.logout()
        await carol.expect(gone(ALICE))

    async def test_a_session_that_just_drops_ends(self, bridge: BridgeProcess, login: Login) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        desk, phone = await login(ALICE, "desk"), await login(ALICE, "phone")
        await bob.expect(shows(ALICE))
        desk.kill()
        await bob.expect_nothing(presence(sender=face(ALICE)))
        phone.kill()
        await bob.expect(gone(ALICE))

    async def test_a_lost_network_that_comes_back_in_time_is_not_seen(
        self, bridge: BridgeProcess, login: Login
    ) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, resumable=True)
        await bob.expect(shows(ALICE))
        alice.kill()
        await bob.expect_nothing(presence(sender=face(ALICE)))
        await alice.resume()
        await bob.expect_nothing(presence(sender=face(ALICE)))
        sent = await bob.say(face(ALICE), "Still there?")
        await alice.expect(message(id=sent))

    async def test_a_lost_network_that_stays_away_logs_out(self, bridge: BridgeProcess, login: Login) -> None:
        """Within the time in which the client could have resumed its session, here two seconds."""
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, resumable=True, resume_seconds=2)
        await bob.expect(shows(ALICE))
        alice.kill()
        await bob.expect_nothing(gone(ALICE), seconds=1)
        await bob.expect(gone(ALICE))
        sent = await bob.say(face(ALICE), "Are you there?")
        await bob.expect(message(id=sent, type="error", error="recipient-unavailable"))

    @pytest.mark.long
    async def test_silence_logs_out(self, bridge: BridgeProcess, login: Login) -> None:
        """The connection stays, but nobody answers any more: ejabberd's pings end it, then the time to resume."""
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, resumable=True, resume_seconds=2)
        await bob.expect(shows(ALICE))
        alice.go_silent()
        await bob.expect(gone(ALICE), seconds=100)


class TestSubscriptions:
    """P5"""

    async def test_allowed_at_once_with_the_current_presence(self, bridge: BridgeProcess, login: Login) -> None:
        bob, alice = await login(BOB), await login(ALICE, show="away")
        await ask(bob, ALICE)
        await bob.expect(presence(sender=face(ALICE), type="subscribed"))
        await bob.expect(shows(ALICE))
        await ask(alice, BOB)
        await alice.expect(presence(sender=face(BOB), type="subscribed"))
        await alice.expect(shows(BOB))
        await ask(bob, CAROL)
        await bob.expect(presence(sender=face(CAROL), type="subscribed"))
        await bob.expect(gone(CAROL))

    @pytest.mark.parametrize(
        ("watcher", "address"),
        [
            pytest.param(DAN, face(ALICE), id="M3-not-in-the-group"),
            pytest.param(BOB, face(ERIN), id="M11-colleague"),
            pytest.param(ALICE, face("alice.ames@work.acme.test"), id="M10-own-other-face"),
            pytest.param(BOB, "nobody@agents.acme.test", id="C2-no-such-face"),
            pytest.param(BOB, "alice@agents.globex.test", id="M9-other-tenant"),
            pytest.param("bob@work.globex.test", face(ALICE), id="M9-from-another-tenant"),
            pytest.param("mallory@work.acme.test", face(ALICE), id="M9-not-in-the-directory"),
        ],
    )
    async def test_denied_at_once_and_always_in_the_same_way(
        self, bridge: BridgeProcess, login: Login, watcher: str, address: str
    ) -> None:
        watching, _ = await login(watcher), await login(ALICE, "desk")
        await watching.send(f"<presence to='{address}' type='subscribe'/>")
        answer = await watching.expect(presence(sender=address))
        assert (answer.get("type"), answer.get("from"), content(answer)) == ("unsubscribed", address, [])
        await watching.send(f"<presence to='{address}' type='probe'/>")
        await watching.send(f"<presence to='{address}'/>")
        await watching.expect_nothing(presence(sender=address, type=None))

    async def test_unsubscribing_ends_it(self, bridge: BridgeProcess, login: Login) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        await bob.send(f"<presence to='{face(ALICE)}' type='unsubscribe'/>")
        await bob.expect(gone(ALICE))
        await alice.logout()
        await alice.login()
        await bob.expect_nothing(presence(sender=face(ALICE)))

    async def test_every_log_in_of_the_watcher_is_answered(self, bridge: BridgeProcess, login: Login) -> None:
        bob, _ = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        phone = await login(BOB, "phone")
        await phone.expect(shows(ALICE))
        await bob.expect_nothing(presence(sender=face(ALICE)))

    async def test_a_reload_takes_the_right_away(self, bridge: BridgeProcess, login: Login) -> None:
        """D1. Carol leaves the group that she shares with Alice; Bob, whom it does not touch, sees on."""
        carol, bob, alice = await login(CAROL), await login(BOB), await login(ALICE)
        await watch(carol, ALICE)
        await watch(bob, ALICE)
        bridge.write_people("acme", PEOPLE.replace('["sales", "support"]', '["support"]'))
        await bridge.reload()
        await carol.expect(gone(ALICE))
        await carol.expect(presence(sender=face(ALICE), type="unsubscribed"))
        await alice.set_presence(show="away")
        await carol.expect_nothing(presence(sender=face(ALICE)))
        assert last_seen(bob, ALICE)

    async def test_a_directory_changed_while_stopped_takes_it_away_too(
        self, bridge: BridgeProcess, login: Login
    ) -> None:
        carol, _ = await login(CAROL), await login(ALICE)
        await watch(carol, ALICE)
        await bridge.kill()
        bridge.write_people("acme", PEOPLE.replace('["sales", "support"]', '["support"]'))
        await bridge.restart()
        await carol.expect(gone(ALICE))
        await carol.expect(presence(sender=face(ALICE), type="unsubscribed"))


class TestTheTruthAfter:
    """P6"""

    async def test_a_crash_of_the_bridge(self, bridge: BridgeProcess, login: Login) -> None:
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

    async def test_a_lost_connection(self, ejabberd: TestServer, tmp_path: Path, login: Login) -> None:
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

    async def test_a_restart_of_ejabberd(self, ejabberd: TestServer, bridge: BridgeProcess, login: Login) -> None:
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
        self, ejabberd: TestServer, bridge: BridgeProcess, login: Login
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


class TestNothingMoreThanTheFace:
    """P7"""

    async def test_no_request_gets_to_the_client_behind(self, bridge: BridgeProcess, login: Login) -> None:
        """Last activity, version, time, capabilities, PEP: what comes back says nothing of Alice's client."""
        bob, alice = await login(BOB), await login(ALICE, available=False)
        await alice.send(TALKATIVE)
        await watch(bob, ALICE)
        alice.forget()
        for resource, payload in product(("", "/deskbridge", "/test"), QUERIES):
            answer = await bob.request(f"<iq to='{face(ALICE)}{resource}' type='get'>{payload}</iq>")
            told = tostring(answer, "unicode")
            assert answer.get("type") == "error" or payload in MAY_BE_ANSWERED, told
            assert "cc.acme.test" not in told and "urn:client" not in told
        await alice.expect_nothing(iq())

    async def test_no_presence_sent_to_a_face_goes_on(self, bridge: BridgeProcess, login: Login) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await bob.send(f"<presence to='{face(ALICE)}'><status>psst</status></presence>")
        await bob.send(f"<presence to='{face(ALICE)}/test' type='unavailable'/>")
        await bob.send(f"<presence to='{face(ALICE)}' type='subscribed'/>")
        await alice.expect_nothing(presence(sender=face(BOB)))

    async def test_no_event_of_an_account_passes(self, bridge: BridgeProcess, login: Login) -> None:
        """Bob publishes a nickname and a mood, which contacts whose clients ask for it would get (XEP-0163)."""
        alice, bob = await login(ALICE), await login(BOB)
        await watch(alice, BOB)
        for node, item in (
            ("http://jabber.org/protocol/nick", "<nick xmlns='http://jabber.org/protocol/nick'>Bobby</nick>"),
            ("http://jabber.org/protocol/mood", "<mood xmlns='http://jabber.org/protocol/mood'><sad/></mood>"),
        ):
            published = await bob.request(
                "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
                f"<publish node='{node}'><item id='current'>{item}</item></publish></pubsub></iq>"
            )
            assert published.get("type") == "result"
        await alice.expect_nothing(message())
        await alice.expect_nothing(presence(sender=face(BOB), type=None), seconds=0.1)


class TestACleanStop:
    """P8"""

    async def test_says_good_bye_for_every_face(self, bridge: BridgeProcess, login: Login) -> None:
        bob, alice, carol = await login(BOB), await login(ALICE), await login(CAROL)
        await watch(bob, ALICE, CAROL)
        await watch(alice, BOB, CAROL)
        await bridge.stop()
        for client, people in ((bob, (ALICE, CAROL)), (alice, (BOB, CAROL))):
            for who in people:
                await client.expect(gone(who))
            await client.expect(presence(sender=SERVICE, type="unavailable"))
        await carol.expect_nothing(presence(sender=face(ALICE)))


class TestTheServiceContact:
    """P4: how the bridge learns of log-ins and log-outs, whatever becomes of the contact."""

    async def test_is_in_every_roster(self, ejabberd: TestServer, bridge: BridgeProcess, login: Login) -> None:
        alice, bob = await login(ALICE), await login(BOB)
        for client in (alice, bob):
            item = (await client.roster())[SERVICE]
            assert (item.get("subscription"), item.get("name")) == ("both", "Acme")
            await client.expect(presence(sender=SERVICE, type=None))

    async def test_comes_back_when_an_account_is_made_anew(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: Login
    ) -> None:
        """First seen: the account had no contact when it logged in, and could have dropped unnoticed."""
        bob = await login(BOB)
        await watch(bob, ALICE)
        async with ejabberd.api() as api:
            await api.call("unregister", {"user": "alice", "host": "cc.acme.test"})
        ejabberd.accounts.discard(ALICE)
        alice = await login(ALICE)
        await bob.expect(shows(ALICE))
        await alice.expect(iq(type="set"))
        assert SERVICE in await alice.roster()
        alice.kill()
        await bob.expect(gone(ALICE))

    async def test_comes_late_to_one_who_dropped_before_it(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: Login
    ) -> None:
        """As above, but Alice's connection drops while the bridge still waits to see whether she has it."""
        bob = await login(BOB)
        await watch(bob, ALICE)
        async with ejabberd.api() as api:
            await api.call("unregister", {"user": "alice", "host": "cc.acme.test"})
        ejabberd.accounts.discard(ALICE)
        alice = await login(ALICE)
        await bob.expect(shows(ALICE))
        alice.kill()
        await bob.expect(gone(ALICE))

    async def test_of_a_person_who_is_new_in_the_directory(self, bridge: BridgeProcess, login: Login) -> None:
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

    async def test_comes_back_to_who_deletes_it(self, bridge: BridgeProcess, login: Login) -> None:
        """At once the first time, then later and later, so that a stubborn client makes no loop."""
        alice = await login(ALICE)
        await alice.roster()
        delete = f"<query xmlns='jabber:iq:roster'><item jid='{SERVICE}' subscription='remove'/></query>"
        for seconds in (0, 2):
            alice.forget()
            await alice.request(f"<iq type='set'>{delete}</iq>")
            await alice.expect(roster_push("remove"))
            await alice.expect_nothing(roster_push("both"), seconds=seconds * 0.9)
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
    async def test_is_delivered(self, ejabberd: TestServer, bridge: BridgeProcess, login: Login, known: bool) -> None:
        bob = await login(BOB)
        alice = await login(ALICE, available=False)
        if not known:
            async with ejabberd.api() as api:
                await api.delete_contact(ALICE, SERVICE)
        await alice.send(
            f"<presence/><message to='{face(BOB)}' type='chat' id='first'><body>Good morning</body></message>"
        )
        await bob.expect(message(id="first", body="Good morning"))

    async def test_waits_while_the_bridge_finds_out_who_is_there(self, bridge: BridgeProcess, login: Login) -> None:
        """P6: nobody is refused only because nobody has answered yet."""
        bob, alice = await login(BOB), await login(ALICE)
        await bridge.kill()
        await bridge.start(wait=False)
        await bridge.logged("connected to ejabberd", times=2)
        await bob.say(face(ALICE), "Quick")
        await alice.expect(message(body="Quick"))
        assert bridge.count("ready after") == 2
