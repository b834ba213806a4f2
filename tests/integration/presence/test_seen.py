"""What is seen of whom, on a real ejabberd (P1 to P4, P7)."""

from itertools import product
from xml.etree.ElementTree import tostring

import pytest

from tests.support.faces import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    LENA,
    SUE,
    TALKATIVE,
    anything_of,
    ask,
    content,
    face,
    gone,
    shows,
    watch,
)
from tests.support.log_ins import LogIn
from tests.support.matching import iq, message, presence

LAST = "<query xmlns='jabber:iq:last'/>"
VERSION = "<query xmlns='jabber:iq:version'/>"
TIME = "<time xmlns='urn:xmpp:time'/>"
CAPABILITIES = "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:client#q07IKJEyjvHSyhy//CH0CxmKi8w='/>"
ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>"
AVATAR = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub>"
QUERIES = (LAST, VERSION, TIME, CAPABILITIES, ITEMS, AVATAR)
MAY_BE_ANSWERED = (VERSION, TIME, ITEMS)


class TestWorkUsersSeeAgents:
    """P1"""

    async def test_plainly_available_whatever_the_agent_does(self, login: LogIn) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, available=False)
        await alice.send(TALKATIVE)
        seen = await bob.expect(anything_of(ALICE))
        assert content(seen) == []
        assert seen.attrib == {"from": f"{face(ALICE)}/deskbridge", "to": bob.jid}
        for show in ("dnd", "xa", None):
            await alice.set_presence(show=show, status="Still here", priority=1)
        phone = await login(ALICE, "phone", show="away")
        await phone.logout()
        await bob.expect_nothing(anything_of(ALICE))
        await alice.logout()
        assert content(await bob.expect(gone(ALICE))) == []

    async def test_the_same_in_answers_to_probes(self, login: LogIn) -> None:
        alice = await login(ALICE, available=False)
        await alice.send(TALKATIVE)
        bob = await login(BOB)
        await watch(bob, ALICE)
        for ask_anew in (bob.logout, bob.login):
            await ask_anew()
        assert content(await bob.expect(shows(ALICE))) == []


class TestAgentsSeeAgents:
    """P2"""

    async def test_each_status_with_its_name_or_the_agents_words(self, login: LogIn) -> None:
        alice, carol = await login(ALICE), await login(CAROL)
        await watch(carol, ALICE)
        await alice.set_presence(show="dnd", status="With a customer")
        await carol.expect(shows(ALICE, show="dnd", status="With a customer"))
        for show, name in (("dnd", "Busy"), ("away", "On break"), ("xa", "Work offline"), (None, "Available")):
            await alice.set_presence(show=show)
            seen = await carol.expect(shows(ALICE, show=show, status=name))
            assert len(content(seen)) == (2 if show else 1)
        await alice.logout()
        assert content(await carol.expect(gone(ALICE))) == []

    async def test_no_more_of_the_client_than_that(self, login: LogIn) -> None:
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
    async def test_if_they_may_write_to_them(self, login: LogIn, watcher: str, watched: str) -> None:
        seeing, _ = await login(watcher), await login(watched, show="xa")
        await ask(seeing, watched)
        await seeing.expect(shows(watched, show="xa", status="Work offline"))


class TestAgentsSeeWorkUsers:
    """P3"""

    async def test_each_status_and_no_words(self, login: LogIn) -> None:
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
            assert len(content(seen)) == (ours is not None) + (name is not None)
        await bob.logout()
        await alice.expect(gone(BOB))

    async def test_nothing_of_one_who_does_not_show_it(self, login: LogIn) -> None:
        """Invisible: connected, but never available."""
        alice = await login(ALICE)
        await watch(alice, BOB)
        bob = await login(BOB, available=False)
        await bob.say(face(ALICE), "I am not here")
        await alice.expect(message(body="I am not here"))
        await alice.expect_nothing(shows(BOB))


class TestSeveralSessions:
    """P4"""

    async def test_the_highest_priority_then_the_most_available_shows(self, login: LogIn) -> None:
        carol = await login(CAROL)
        await watch(carol, ALICE)
        phone = await login(ALICE, "phone", show="xa")
        await carol.expect(shows(ALICE, show="xa"))
        desk = await login(ALICE, "desk", show="dnd")
        await carol.expect(shows(ALICE, show="dnd"))
        await phone.set_presence(priority=5, show="away")
        await carol.expect(shows(ALICE, show="away"))
        await desk.set_presence(priority=-1)
        await carol.expect_nothing(anything_of(ALICE))
        await phone.logout()
        await carol.expect(gone(ALICE))
        await desk.set_presence(priority=0)
        await carol.expect(shows(ALICE, show=None, status="Available"))
        await desk.logout()
        await carol.expect(gone(ALICE))

    async def test_a_session_that_just_drops_ends(self, login: LogIn) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        desk, phone = await login(ALICE, "desk"), await login(ALICE, "phone")
        await bob.expect(shows(ALICE))
        desk.kill()
        await bob.expect_nothing(anything_of(ALICE))
        phone.kill()
        await bob.expect(gone(ALICE))

    async def test_a_lost_network_that_comes_back_in_time_is_not_seen(self, login: LogIn) -> None:
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, resumable=True)
        await bob.expect(shows(ALICE))
        alice.kill()
        await bob.expect_nothing(anything_of(ALICE))
        await alice.resume()
        await bob.expect_nothing(anything_of(ALICE))
        sent = await bob.say(face(ALICE), "Still there?")
        await alice.expect(message(id=sent))

    async def test_a_lost_network_that_stays_away_logs_out(self, login: LogIn) -> None:
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
    async def test_silence_logs_out(self, login: LogIn) -> None:
        """The connection stays, but nobody answers any more: ejabberd's pings end it, then the time to resume."""
        bob = await login(BOB)
        await watch(bob, ALICE)
        alice = await login(ALICE, resumable=True, resume_seconds=2)
        await bob.expect(shows(ALICE))
        alice.go_silent()
        await bob.expect(gone(ALICE), seconds=100)


BLOCK = "<iq type='set'><{0} xmlns='urn:xmpp:blocking'><item jid='{1}'/></{0}></iq>"


class TestABlockedAgent:
    """XEP-0191: ejabberd tells the bridge nothing of it, until a message of the agent comes back."""

    async def test_sees_the_work_user_go(self, login: LogIn) -> None:
        alice, carol, bob = await login(ALICE), await login(CAROL), await login(BOB)
        for agent in (alice, carol):
            await watch(agent, BOB)
        await bob.request(BLOCK.format("block", face(ALICE)))
        sent = await alice.say(face(BOB), "Why do you not answer?")
        await alice.expect(message(id=sent, type="error", error="recipient-unavailable"))
        await alice.expect(gone(BOB))
        await bob.set_presence(show="away")
        await carol.expect(shows(BOB, show="away"))
        await alice.expect_nothing(anything_of(BOB))
        await alice.logout()
        await alice.login()
        await alice.expect(gone(BOB))
        await bob.request(BLOCK.format("unblock", face(ALICE)))
        said = await bob.say(face(ALICE), "I was busy")
        await alice.expect(message(id=said))
        await alice.expect(shows(BOB, show="away"))


class TestNothingMoreThanTheFace:
    """P7"""

    async def test_no_request_gets_to_the_client_behind(self, login: LogIn) -> None:
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

    async def test_no_presence_sent_to_a_face_goes_on(self, login: LogIn) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await bob.send(f"<presence to='{face(ALICE)}'><status>psst</status></presence>")
        await bob.send(f"<presence to='{face(ALICE)}/test' type='unavailable'/>")
        await bob.send(f"<presence to='{face(ALICE)}' type='subscribed'/>")
        await alice.expect_nothing(anything_of(BOB))

    async def test_no_event_of_an_account_passes(self, login: LogIn) -> None:
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
