"""A5, A6: what is delivered and what the archive has is the same, under the same ids, on a real ejabberd."""

import asyncio
from xml.etree.ElementTree import Element, tostring

import pytest

from tests.support.archive import SID, ask, live_id
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import Matcher, condition_of, message

ALICE, CAROL = "alice@cc.acme.test", "carol@cc.acme.test"
BOB = "bob@work.acme.test"
ALICES_FACE, CAROLS_FACE, BOBS_FACE = "alice@agents.acme.test", "carol@agents.acme.test", "bob@directory.acme.test"

CARBONS = "urn:xmpp:carbons:2"
ORIGIN_ID = "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>"


def stanza_ids(stanza: Element) -> list[tuple[str | None, str | None]]:
    return [(each.get("by"), each.get("id")) for each in stanza.iterfind(f"{{{SID}}}stanza-id")]


def has_carbon(kind: str) -> Matcher:
    return lambda stanza: stanza.find(f"{{{CARBONS}}}{kind}") is not None


async def deliver(sender: XmppClient, receiver: XmppClient, to: str, body: str, content: str = "") -> Element:
    """Send a message with that content; it as the receiver gets it."""
    text = f"<body>{body}</body>{content}"
    await sender.send(f"<message to='{to}' type='chat' id='id of {body}'>{text}</message>")
    return await receiver.expect(message(body=body))


class TestIds:
    """So that no client shows anything twice."""

    async def test_received(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Every client of the account gets the id under which the archive has the message, from whomever it is."""
        alice, second = await login(ALICE), await login(ALICE, "second")
        bob, carol = await login(BOB), await login(CAROL)
        for sender, body in ((bob, "one"), (carol, "two"), (bob, "three")):
            live = await deliver(sender, alice, ALICES_FACE, body)
            copy = await second.expect(message(body=body))
            assert stanza_ids(live) == stanza_ids(copy) == [(ALICE, live_id(live))]
            archived = (await ask(alice, max=1, before="")).results[0]
            assert (archived.id, archived.body) == (live_id(live), body)
            assert archived.message.get("id") == live.get("id") == f"id of {body}"

    async def test_sent(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Found by the id and the origin-id that the client gave; one id for each side."""
        alice, carol = await login(ALICE), await login(CAROL)
        live = await deliver(alice, carol, CAROLS_FACE, "Hello", ORIGIN_ID)
        sent, received = (await ask(alice)).results[0], (await ask(carol)).results[0]
        assert (sent.message.get("id"), sent.message.get("from")) == ("id of Hello", alice.jid)
        assert sent.message.find(f"{{{SID}}}origin-id").get("id") == "o1"
        assert received.id == live_id(live) != sent.id
        assert received.message.find(f"{{{SID}}}origin-id").get("id") == "o1"

    @pytest.mark.parametrize("id", ["a@b", "&lt;x&gt;", "ü 👍"])
    async def test_sent_with_strange_ids(self, bridge: BridgeProcess, login: LogIn, id: str) -> None:
        """The sender knows them as they were, whatever has to cross in their place (AD2)."""
        alice, bob = await login(ALICE), await login(BOB)
        origin = f"<origin-id xmlns='{SID}' id='{id}'/>"
        await alice.send(f"<message to='{BOBS_FACE}' type='chat' id='{id}'><body>Hi</body>{origin}</message>")
        await bob.expect(message(body="Hi"))
        found = (await ask(alice)).results[0].message
        written = id.replace("&lt;", "<").replace("&gt;", ">")
        assert (found.get("id"), found.find(f"{{{SID}}}origin-id").get("id")) == (written, written)

    async def test_forged(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Whoever it claims to be by; also ids of other archives that the sender knows."""
        alice, bob = await login(ALICE), await login(BOB)
        first = live_id(await deliver(bob, alice, ALICES_FACE, "first"))
        forged = "".join(
            f"<stanza-id xmlns='{SID}' by='{by}' id='{id}'/>"
            for by in (ALICE, ALICES_FACE, "cc.acme.test", BOB, "")
            for id in (first, "forged")
        )
        archived = "<archived xmlns='urn:xmpp:mam:tmp' by='alice@cc.acme.test' id='forged'/>"
        live = await deliver(bob, alice, ALICES_FACE, "second", forged + archived)
        assert stanza_ids(live) == [(ALICE, live_id(live))]
        assert live_id(live) not in (first, "forged")
        page = await ask(alice)
        assert page.ids == [first, live_id(live)]
        assert "forged" not in tostring(page.results[1].carrier, "unicode")

    async def test_never_used_again(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Not even after a crash."""
        alice, bob = await login(ALICE), await login(BOB)
        ids = [live_id(await deliver(bob, alice, ALICES_FACE, "before"))]
        await bridge.kill()
        await bridge.restart()
        ids += [live_id(await deliver(bob, alice, ALICES_FACE, "after"))]
        assert (await ask(alice)).ids == ids
        assert len(set(ids)) == 2


class TestContent:
    """The archive has what was delivered: no more, no less."""

    async def test_as_delivered(self, bridge: BridgeProcess, login: LogIn) -> None:
        """The same children in the same order, without what is about the delivery."""
        alice, bob = await login(ALICE), await login(BOB)
        content = (
            "<thread parent='t0'>t1</thread><unstyled xmlns='urn:xmpp:styling:0'/>" + ORIGIN_ID +
            "<active xmlns='http://jabber.org/protocol/chatstates'/><x xmlns='of:nobody'/>"
        )  # fmt: skip
        live = await deliver(bob, alice, ALICES_FACE, "Hi there", content)
        archived = (await ask(alice)).results[0].message
        kept = [tostring(part) for part in live if not part.tag.endswith("stanza-id")]
        assert sorted(tostring(part) for part in archived) == sorted(kept)
        assert len(kept) == 4

    async def test_corrections_and_retractions(self, bridge: BridgeProcess, login: LogIn) -> None:
        """C12, C13: they refer to ids that the archive has kept."""
        alice, bob = await login(ALICE), await login(BOB)
        await deliver(bob, alice, ALICES_FACE, "Helo")
        replace = "<replace xmlns='urn:xmpp:message-correct:0' id='id of Helo'/>"
        await deliver(bob, alice, ALICES_FACE, "Hello", replace)
        await bob.send(
            f"<message to='{ALICES_FACE}' type='chat' id='r1'>"
            "<retract xmlns='urn:xmpp:message-retract:1' id='id of Hello'/></message>"
        )
        await alice.expect(lambda stanza: stanza.get("id") == "r1")
        messages = [result.message for result in (await ask(alice)).results]
        assert [message.get("id") for message in messages] == ["id of Helo", "id of Hello", "r1"]
        assert messages[1].find("{urn:xmpp:message-correct:0}replace").get("id") == "id of Helo"
        assert messages[2].find("{urn:xmpp:message-retract:1}retract").get("id") == "id of Hello"

    async def test_replies(self, bridge: BridgeProcess, login: LogIn) -> None:
        """C14, AD2: each side finds the author under the address that it knows."""
        alice, bob = await login(ALICE), await login(BOB)
        await deliver(bob, alice, ALICES_FACE, "How much?")
        reply = f"<reply xmlns='urn:xmpp:reply:0' to='{BOBS_FACE}' id='id of How much?'/>"
        live = await deliver(alice, bob, BOBS_FACE, "Ten.", reply)
        assert live.find("{urn:xmpp:reply:0}reply").get("to") == BOB
        for client, archive, author in ((alice, None, BOBS_FACE), (bob, ALICES_FACE, BOB)):
            found = (await ask(client, to=archive)).results[1].message
            assert found.find("{urn:xmpp:reply:0}reply").get("to") == author

    async def test_notices_are_not_archived(self, bridge: BridgeProcess, login: LogIn) -> None:
        """C8, C9: they were not delivered."""
        alice, bob = await login(ALICE), await login(BOB)
        for notice in (
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            "<received xmlns='urn:xmpp:receipts' id='m1'/>",
            "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>",
        ):
            await bob.send(f"<message to='{ALICES_FACE}' type='chat'>{notice}</message>")
        await deliver(bob, alice, ALICES_FACE, "Hello")
        assert (await ask(alice)).bodies == ["Hello"]

    async def test_refused_messages_are_not_archived(self, bridge: BridgeProcess, login: LogIn) -> None:
        """A5: on neither side; a second try of one is archived once."""
        alice, bob = await login(ALICE), await login(BOB)
        await bob.send(
            f"<message to='{ALICES_FACE}' type='chat' id='e1'><body>secret</body>"
            "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/><payload>eA==</payload></encrypted></message>"
        )
        assert condition_of(await bob.expect(message(id="e1"))) == "policy-violation"
        await bob.say(CAROLS_FACE, "Are you there?")
        assert condition_of(await bob.expect(message(type="error"))) == "recipient-unavailable"
        carol = await login(CAROL)
        for _ in range(2):
            await bob.send(f"<message to='{CAROLS_FACE}' type='chat' id='again'><body>Now?</body></message>")
        await carol.expect(message(body="Now?"))
        assert (await ask(carol)).bodies == ["Now?"]
        assert (await ask(bob, to=CAROLS_FACE)).bodies == ["Now?"]
        assert (await ask(alice)).bodies == []

    async def test_what_was_accepted_survives(self, bridge: BridgeProcess, login: LogIn) -> None:
        """A5: killed right after deliveries began, the archive has everything once, and nothing twice."""
        alice, bob = await login(ALICE), await login(BOB)
        for number in range(100):
            await bob.say(ALICES_FACE, f"message {number}")
        await alice.expect(message(body="message 10"))
        await bridge.kill()
        await bridge.restart()
        await bob.say(ALICES_FACE, "the last one")
        await alice.expect(message(body="the last one"))
        page = await ask(alice, max=100, before="")
        delivered = {live_id(stanza): stanza for stanza in alice.received if stanza_ids(stanza)}
        assert set(page.ids) <= set(delivered)
        assert len(set(page.ids)) == len(page.ids)
        assert page.count == len(delivered)


class TestTwoClients:
    """XEP-0280: carbons are ejabberd's, and go on as they always did."""

    async def test_carbons(self, bridge: BridgeProcess, login: LogIn) -> None:
        """What one client sends, the other gets a copy of; the archive has it once (XEP-0313 §6.1.1)."""
        alice, second, bob = await login(ALICE), await login(ALICE, "second"), await login(BOB)
        await second.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        await deliver(alice, bob, BOBS_FACE, "Hello", ORIGIN_ID)
        carbon = await second.expect(has_carbon("sent"))
        copy = carbon.find(f"{{{CARBONS}}}sent/{{urn:xmpp:forward:0}}forwarded/{{jabber:client}}message")
        page = await ask(second)
        assert page.bodies == ["Hello"]
        assert page.results[0].message.get("id") == copy.get("id") == "id of Hello"

    async def test_results_are_for_the_client_that_asked(self, bridge: BridgeProcess, login: LogIn) -> None:
        alice, second, bob = await login(ALICE), await login(ALICE, "second"), await login(BOB)
        for client in (alice, second):
            await client.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        await deliver(bob, alice, ALICES_FACE, "Hello")
        await second.expect(message(body="Hello"))
        second.forget()
        assert (await ask(alice)).bodies == ["Hello"]
        await second.expect_nothing(message())
        pages = await asyncio.gather(ask(alice, queryid="one"), ask(second, queryid="two"))
        assert [[result.queryid for result in page.results] for page in pages] == [["one"], ["two"]]


class TestMeanwhile:
    async def test_new_messages_while_paging(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Forwards to the end, while Bob goes on writing: each message once and in order, as it was delivered."""
        alice, bob = await login(ALICE), await login(BOB)
        await deliver(bob, alice, ALICES_FACE, "message 0")

        async def write() -> None:
            for number in range(1, 150):
                await bob.say(ALICES_FACE, f"message {number}")
                await asyncio.sleep(0.002)

        writing = asyncio.create_task(write())
        found: list[str | None] = []
        last: str | None = None
        while len(found) < 150:
            page = await ask(alice, max=7, after=last)
            found += page.bodies
            last = page.last or last
        await writing
        assert found == [f"message {number}" for number in range(150)]

    async def test_backwards_while_new_ones_come(self, bridge: BridgeProcess, login: LogIn) -> None:
        """What comes after the first page is not of the pages before it; it comes live."""
        alice, bob = await login(ALICE), await login(BOB)
        for number in range(10):
            await bob.say(ALICES_FACE, f"message {number}")
        await alice.expect(message(body="message 9"))
        page = await ask(alice, max=4, before="")
        found = page.bodies
        while not page.complete:
            await deliver(bob, alice, ALICES_FACE, f"one more than {len(found)}")
            page = await ask(alice, max=4, before=page.first)
            found = page.bodies + found
        assert found == [f"message {number}" for number in range(10)]
