"""Who may write to whom (M1 to M11), under which addresses (AD1, AD2, AD4), and what the others are told."""

import pytest

from tests.integration.messages.conftest import STRANGER
from tests.support.archived import bodies
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import iq, message, presence, text_of
from tests.support.scripts import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    ERIN,
    LENA,
    error_of,
    error_text,
    hears_nothing,
    refused,
    send,
    talk,
    unanswered,
)
from tests.support.server import TestServer

NOBODY = "nobody@agents.acme.test"
FORBIDDEN = "auth/forbidden"
NOT_ALLOWED = "cancel/not-allowed"
LOGGED_OUT = "wait/recipient-unavailable"


class TestBetweenBothSides:
    async def test_there_and_back(self, bob: XmppClient, alice: XmppClient) -> None:
        """M1, M2, AD2: each side sees only the other's face."""
        asked = await bob.say(ALICE, "Is it in stock?")
        await alice.expect(message(sender=BOB, to="alice@cc.acme.test", id=asked, type="chat", body="Is it in stock?"))
        answered = await alice.say(BOB, "It is.")
        await bob.expect(message(sender=ALICE, to="bob@work.acme.test", id=answered, type="chat", body="It is."))

    async def test_to_a_full_address(self, bob: XmppClient, alice: XmppClient) -> None:
        """AD2: clients lock on to the face's resource, which says nothing about the real ones."""
        await bob.say(f"{ALICE}/deskbridge", "Hello")
        await alice.expect(message(sender=BOB, body="Hello"))

    async def test_addresses_in_capitals(self, bob: XmppClient, alice: XmppClient) -> None:
        await bob.say("ALICE@Agents.Acme.Test", "Hello")
        await alice.expect(message(sender=BOB, body="Hello"))

    async def test_all_clients_of_an_agent(self, bob: XmppClient, alice: XmppClient, log_in: LogIn) -> None:
        second = await log_in("alice@cc.acme.test", "phone")
        await bob.say(ALICE, "Hello")
        await alice.expect(message(body="Hello"))
        await second.expect(message(body="Hello"))

    async def test_a_logged_out_agent(self, bob: XmppClient, bridge: BridgeProcess, log_in: LogIn) -> None:
        """M1: refused with words, not kept, and not delivered later."""
        sent = await bob.say(CAROL, "Are you there?")
        answer = await refused(bob, sent, CAROL, LOGGED_OUT)
        assert "will not be delivered later" in error_text(answer)
        assert bodies(bridge, sent) == []
        carol = await log_in("carol@cc.acme.test")
        await hears_nothing(carol, bob, CAROL)

    async def test_a_logged_out_work_user(self, alice: XmppClient, bob: XmppClient, log_in: LogIn) -> None:
        """M2: ejabberd keeps it."""
        await alice.say(ERIN, "Read this in the morning")
        await alice.say(BOB, "I wrote to Erin")
        await bob.expect(message(body="I wrote to Erin"))
        erin = await log_in("erin@work.acme.test")
        await erin.expect(message(sender=ALICE, body="Read this in the morning"))

    async def test_two_licences(self, log_in: LogIn, alice: XmppClient, bob: XmppClient) -> None:
        """AD1: two entries, and each account gets what is sent to its own; a copy comes from elsewhere (A4)."""
        at_work = await log_in("alice.ames@work.acme.test")
        await bob.say(ALICE, "to the agent")
        await alice.expect(message(body="to the agent"))
        copy = await at_work.expect(lambda stanza: (text_of(stanza, "body") or "").endswith("to the agent"))
        assert copy.get("from", "").startswith("chat-")
        await unanswered(at_work)

    @pytest.mark.parametrize("mode", [1, 2])
    async def test_other_modes(self, reconfigure: Reconfigure, log_in: LogIn, mode: int) -> None:
        """M1, M2, M5: only mode 3 joins the sides and opens the directory; agent groups are in any."""
        bob, alice, carol = [await log_in(f"{name}.acme.test") for name in ("bob@work", "alice@cc", "carol@cc")]
        await reconfigure(mode=mode)
        await refused(bob, await bob.say(ALICE, "x"), ALICE, FORBIDDEN)
        await refused(alice, await alice.say(BOB, "x"), BOB, FORBIDDEN)
        await refused(alice, await alice.say(DAN, "x"), DAN, FORBIDDEN)
        await alice.say(CAROL, "Hello")
        await carol.expect(message(sender=ALICE, body="Hello"))


class TestBetweenAgents:
    async def test_in_a_group(self, alice: XmppClient, carol: XmppClient) -> None:
        """M3"""
        await alice.say(CAROL, "Lunch?")
        await carol.expect(message(sender=ALICE, to="carol@cc.acme.test", body="Lunch?"))

    async def test_a_logged_out_colleague(self, alice: XmppClient, bridge: BridgeProcess, log_in: LogIn) -> None:
        """M3"""
        sent = await alice.say(CAROL, "Are you there?")
        await refused(alice, sent, CAROL, LOGGED_OUT)
        assert bodies(bridge, sent) == []
        carol = await log_in("carol@cc.acme.test")
        await hears_nothing(carol, alice, CAROL)

    async def test_a_supervisor(self, sue: XmppClient, lena: XmppClient, dan: XmppClient) -> None:
        """M4"""
        await sue.say(LENA, "How is it going?")
        await lena.expect(message(body="How is it going?"))
        await sue.say(DAN, "And you?")
        await dan.expect(message(body="And you?"))

    async def test_through_the_directory(self, alice: XmppClient, dan: XmppClient) -> None:
        """M5: in no common group, but Dan has no Work licence."""
        await alice.say(DAN, "Can you take this one?")
        await dan.expect(message(sender=ALICE, body="Can you take this one?"))

    async def test_outside_the_groups(
        self, dan: XmppClient, lena: XmppClient, bob: XmppClient, bridge: BridgeProcess
    ) -> None:
        """M3: Lena has a Work licence, so she is not in Dan's directory of agents."""
        sent = await dan.say(LENA, "psst")
        await refused(dan, sent, LENA, FORBIDDEN)
        assert bodies(bridge, sent) == []
        await hears_nothing(lena, bob, LENA)

    async def test_whether_they_are_logged_in_is_not_told(self, dan: XmppClient) -> None:
        """M3, P5: the answer is the same whether Lena is there or not."""
        await refused(dan, await dan.say(LENA, "psst"), LENA, FORBIDDEN)

    async def test_a_reply(self, lena: XmppClient, dan: XmppClient) -> None:
        """M6: for as long as the conversation is open."""
        await refused(dan, await dan.say(LENA, "psst"), LENA, FORBIDDEN)
        await lena.say(DAN, "Have you a minute?")
        await dan.expect(message(sender=LENA, body="Have you a minute?"))
        await dan.say(LENA, "I have.")
        await lena.expect(message(sender=DAN, body="I have."))
        await send(lena, DAN, "<gone xmlns='http://jabber.org/protocol/chatstates'/>")
        await dan.expect(message(sender=LENA))
        await refused(dan, await dan.say(LENA, "One more thing"), LENA, FORBIDDEN)


class TestNobody:
    """Addresses that are no other person's."""

    @pytest.mark.parametrize(
        "address", [NOBODY, "nobody@directory.acme.test", "chat-1@agents.acme.test", "erin@agents.acme.test"]
    )
    async def test_unknown_faces(self, alice: XmppClient, bob: XmppClient, address: str) -> None:
        """C2, AD3; Erin has no agent's licence."""
        for client in (alice, bob):
            await refused(client, await client.say(address, "Hello?"), address, "cancel/item-not-found")

    @pytest.mark.parametrize("address", ["agents.acme.test", "directory.acme.test", "agents.acme.test/x"])
    async def test_services(self, alice: XmppClient, bob: XmppClient, address: str) -> None:
        """M7"""
        for client in (alice, bob):
            await refused(client, await client.say(address, "Hello?"), address, "cancel/service-unavailable")

    async def test_oneself(self, log_in: LogIn, lena: XmppClient) -> None:
        """M10: in either role, and in the same one."""
        at_work = await log_in("lena@work.acme.test")
        for client in (lena, at_work):
            for address in (LENA, "lena@directory.acme.test"):
                answer = await refused(client, await client.say(address, "Note to self"), address, NOT_ALLOWED)
                assert "your own" in error_text(answer)

    async def test_a_colleague_by_their_work_face(self, bob: XmppClient, erin: XmppClient) -> None:
        """M11"""
        answer = await refused(bob, await bob.say(ERIN, "Hello"), ERIN, NOT_ALLOWED)
        assert "usual address" in error_text(answer)


class TestLoggedIn:
    """M8: the sender must be logged in."""

    async def test_a_stanza_without_a_session(
        self, ejabberd: TestServer, carol: XmppClient, erin: XmppClient, bridge: BridgeProcess, log_in: LogIn
    ) -> None:
        """Routed by ejabberd in the name of somebody who is logged out, and learns of it later."""
        account = "alice.ames@work.acme.test"
        async with ejabberd.api() as api:
            for address in (account, f"{account}/test"):
                stanza = "<message type='chat' id='injected'><body>psst</body></message>"
                await api.call("send_stanza", {"from": address, "to": CAROL, "stanza": stanza})
        await bridge.logged(f"refused a message from {account} to {CAROL} by rule M8", times=2)
        await hears_nothing(carol, erin, CAROL)
        assert bodies(bridge, "injected") == []
        client = await log_in(account)
        for _ in range(2):
            await refused(client, "injected", CAROL, FORBIDDEN)

    async def test_an_invisible_work_user(self, log_in: LogIn, alice: XmppClient) -> None:
        """Who is connected without showing it is logged in all the same."""
        bob = await log_in("bob@work.acme.test", available=False)
        await bob.say(ALICE, "Do not tell that I am here")
        await alice.expect(message(sender=BOB, body="Do not tell that I am here"))

    async def test_an_agent_who_is_not_available(self, log_in: LogIn, carol: XmppClient, bob: XmppClient) -> None:
        """The same holds for agents. Others see them logged out, and can answer once they are not."""
        alice = await log_in("alice@cc.acme.test", available=False)
        for other, address in ((carol, CAROL), (bob, BOB)):
            await alice.say(address, "I am busy, but this cannot wait")
            await other.expect(message(sender=ALICE, body="I am busy, but this cannot wait"))
            await refused(other, await other.say(ALICE, "What is it?"), ALICE, LOGGED_OUT)
        await alice.set_presence()
        await alice.expect(presence(sender="agents.acme.test", type=None))
        await talk(carol, alice, ALICE)

    async def test_a_negative_priority(self, log_in: LogIn, bob: XmppClient) -> None:
        """ejabberd delivers nothing to such a client, so it may write, and is logged out for others."""
        alice = await log_in("alice@cc.acme.test", available=False)
        await alice.set_presence(priority=-1)
        await talk(alice, bob, BOB)
        await refused(bob, await bob.say(ALICE, "Are you there?"), ALICE, LOGGED_OUT)

    async def test_what_was_said_before_closing_counts(self, log_in: LogIn, bob: XmppClient, carol: XmppClient) -> None:
        """In one write with the log-in and the end of the stream, though something has to be looked up."""
        for address, other in ((BOB, bob), (CAROL, carol)):
            alice = await log_in("alice@cc.acme.test", available=False)
            words = f"<body>Must go, bye</body><reply xmlns='urn:xmpp:reply:0' to='{address}' id='unknown'/>"
            await alice.send(
                f"<presence/><message to='{address}' type='chat' id='last'>{words}</message></stream:stream>"
            )
            await other.expect(message(sender=ALICE, body="Must go, bye"))
            await alice.expect_closed()

    async def test_who_has_gone_learns_of_the_refusal_at_the_next_log_in(self, log_in: LogIn) -> None:
        alice = await log_in("alice@cc.acme.test", available=False)
        await alice.send(
            f"<presence/><message to='{DAN}' type='chat' id='late'><body>Must go, bye</body>"
            f"<reply xmlns='urn:xmpp:reply:0' to='{DAN}' id='unknown'/></message></stream:stream>"
        )
        await alice.expect_closed()
        alice = await log_in("alice@cc.acme.test", "later")
        await refused(alice, "late", DAN, LOGGED_OUT)


class TestStrangers:
    """M9, AD4: refused, without telling whether the face exists."""

    @pytest.mark.parametrize("stranger", [STRANGER, "bob@work.globex.test", "alice@cc.globex.test"])
    async def test_one_answer(self, log_in: LogIn, alice: XmppClient, bob: XmppClient, stranger: str) -> None:
        client = await log_in(stranger)
        for addresses in ((ALICE, NOBODY, CAROL), (BOB, "nobody@directory.acme.test")):
            answers = set()
            for address in addresses:
                answer = await refused(client, await client.say(address, "psst"), address, FORBIDDEN)
                asked = await client.request(f"<iq type='get' to='{address}'><vCard xmlns='vcard-temp'/></iq>")
                assert iq(sender=address, type="error", error="forbidden")(asked)
                answers.add((error_text(answer), error_of(asked), error_text(asked)))
            assert len(answers) == 1
        await hears_nothing(alice, bob, ALICE)

    async def test_presence(self, log_in: LogIn) -> None:
        client = await log_in("bob@work.globex.test")
        for address in (ALICE, NOBODY, "agents.acme.test"):
            await client.send(f"<presence to='{address}' type='subscribe'/>")
            await client.expect(presence(sender=address, type="unsubscribed"))
        await client.expect_nothing(presence(sender=ALICE, type=None), seconds=0)

    @pytest.mark.parametrize("sender", ["friend@example.org/home", "example.org", "work.acme.test", "cc.acme.test"])
    async def test_servers(
        self, ejabberd: TestServer, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess, sender: str
    ) -> None:
        """They cannot be led by a script, so ejabberd routes a stanza in their name."""
        refusals = bridge.count("by rule M9")
        async with ejabberd.api() as api:
            stanza = "<message type='chat' id='foreign'><body>psst</body></message>"
            await api.call("send_stanza", {"from": sender, "to": ALICE, "stanza": stanza})
        await bridge.logged("by rule M9", times=refusals + 1)
        await hears_nothing(alice, bob, ALICE)
        assert bodies(bridge, "foreign") == []

    async def test_the_same_name_in_both_tenants(self, log_in: LogIn, bob: XmppClient, alice: XmppClient) -> None:
        """AD4: each Bob reaches his own Alice."""
        other_bob, other_alice = await log_in("bob@work.globex.test"), await log_in("alice@cc.globex.test")
        await other_bob.say("alice@agents.globex.test", "to Globex")
        await bob.say(ALICE, "to Acme")
        await other_alice.expect(message(sender="bob@directory.globex.test", body="to Globex"))
        await alice.expect(message(sender=BOB, body="to Acme"))
        await unanswered(other_alice)
        await unanswered(alice)
