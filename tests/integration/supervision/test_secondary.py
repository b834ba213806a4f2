"""Who has both licences finds in the Work account what they do as an agent (A4)."""

from xml.etree.ElementTree import Element

import pytest

from tests.support.archived import query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, LENA, error_of, error_text, refused, send, talk, unanswered
from tests.support.watching import (
    CARBONS,
    FORWARD,
    archived,
    copy,
    copy_at_work,
    face_of,
    from_chat_face,
    info,
    name_of,
    no_copy,
    words_of,
)

ALICES_WORK_FACE, LENAS_WORK_FACE = "alice.ames@directory.acme.test", "lena@directory.acme.test"


async def own_words(client: XmppClient, body: str, in_their_name: bool) -> Element:
    """The copy of what the client's owner said as an agent: a carbon of a sent message, or a line that says so."""
    if not in_their_name:
        return await copy(client, f"▸ You: {body}")
    carbon = await client.expect(lambda stanza: stanza.find(f"{{{CARBONS}}}sent") is not None)
    sent = carbon.find(f"{{{CARBONS}}}sent/{{{FORWARD}}}forwarded/{{*}}message")
    assert sent is not None
    assert sent.findtext("{*}body") == body
    assert sent.get("to", "").startswith("chat-")
    return sent


def carried_copy(stanza: Element) -> Element | None:
    """The message from or to a chat face in what a Work account got: itself, or as a carbon."""
    sent = stanza.find(f"{{{CARBONS}}}sent/{{{FORWARD}}}forwarded/{{*}}message")
    return sent if sent is not None else stanza if from_chat_face()(stanza) else None


class TestCopies:
    async def test_both_sides(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient, archives_in_their_name: bool
    ) -> None:
        """A chat with a Work user, both ways, live, in order, and afterwards in ejabberd's own archive."""
        await alice_at_work.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        await bob.say(ALICE, "Have you got a minute?")
        got = await copy_at_work(alice_at_work, "Have you got a minute?")
        await alice.say(BOB, "Sure")
        said = await own_words(alice_at_work, "Sure", archives_in_their_name)
        await bob.say(ALICE, "It is about my order")
        assert face_of(await copy_at_work(alice_at_work, "It is about my order")) == face_of(got)
        if archives_in_their_name:
            assert (said.get("from"), said.get("to")) == ("alice.ames@work.acme.test", face_of(got))
        kept = await archived(alice_at_work, face_of(got))
        his, own = (face_of(got), "▸ Bob Berg: "), (face_of(got), "▸ You: ")
        if archives_in_their_name:
            his, own = (face_of(got), ""), ("alice.ames@work.acme.test", "")
        assert kept[-3:] == [
            (sender, f"{told}{words}")
            for (sender, told), words in ((his, "Have you got a minute?"), (own, "Sure"), (his, "It is about my order"))
        ]

    async def test_the_chat_is_named_after_the_contact(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient
    ) -> None:
        await bob.say(ALICE, "Hello")
        got = await copy_at_work(alice_at_work, "Hello")
        assert got.findtext("{http://jabber.org/protocol/nick}nick") == "Bob Berg (agent chat)"
        assert await name_of(alice_at_work, face_of(got)) == "Bob Berg (agent chat)"

    async def test_each_contact_is_one_chat(
        self, alice: XmppClient, bob: XmppClient, carol: XmppClient, lena: XmppClient, lena_at_work: XmppClient,
        alice_at_work: XmppClient,
    ) -> None:  # fmt: skip
        """Bob, Carol, Lena as an agent and Lena as a Work user are four contacts."""
        faces = []
        for client, words in ((bob, "one"), (carol, "two"), (lena_at_work, "three")):
            await client.say(ALICE, words)
            faces.append(face_of(await copy_at_work(alice_at_work, words)))
        await alice.say(LENAS_WORK_FACE, "to Lena at Work")
        await carol.say(ALICE, "four")
        assert face_of(await copy_at_work(alice_at_work, "four")) == faces[1]
        assert len(set(faces)) == 3

    async def test_an_agent_with_both_licences_on_both_ends(
        self, alice: XmppClient, carol: XmppClient, lena: XmppClient, alice_at_work: XmppClient,
        lena_at_work: XmppClient, archives_in_their_name: bool,
    ) -> None:  # fmt: skip
        """Carol may write to both; Lena answers Carol, then writes to Alice's Work face, which Alice gets herself."""
        for client in (alice_at_work, lena_at_work):
            await client.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        await carol.say(LENA, "Hello Lena")
        got = await copy_at_work(lena_at_work, "Hello Lena")
        await lena.say(CAROL, "Hello Carol")
        await own_words(lena_at_work, "Hello Carol", archives_in_their_name)
        await no_copy(alice_at_work)
        await lena.say(ALICES_WORK_FACE, "Hello Alice")
        await alice_at_work.expect(message(sender=LENA, body="Hello Alice"))
        await own_words(lena_at_work, "Hello Alice", archives_in_their_name)
        await no_copy(alice_at_work)
        assert await name_of(lena_at_work, face_of(got)) == "Carol Cho (agent chat)"

    async def test_nothing_done_as_a_work_user_is_seen_by_the_agent(
        self, alice: XmppClient, carol: XmppClient, alice_at_work: XmppClient
    ) -> None:
        await alice_at_work.say(CAROL, "As a colleague")
        await carol.expect(message(sender=ALICES_WORK_FACE, body="As a colleague"))
        await carol.say(ALICES_WORK_FACE, "Thanks")
        await alice_at_work.expect(message(sender=CAROL, body="Thanks"))
        await unanswered(alice)
        await no_copy(alice_at_work)

    async def test_what_was_said_while_the_work_account_was_logged_out(
        self, log_in: LogIn, alice: XmppClient, bob: XmppClient, archives_in_their_name: bool
    ) -> None:
        """It is in ejabberd's archive, once, and not among the messages that ejabberd keeps for the next log-in: their
        number is limited, and they are for what others write."""
        await talk(bob, alice, ALICE)
        await bob.say(ALICE, "nobody at Work")
        await alice.expect(message(body="nobody at Work"))
        await alice.say(BOB, "only as an agent")
        await bob.expect(message(body="only as an agent"))
        await no_copy(alice_at_work := await log_in("alice.ames@work.acme.test"))
        await bob.say(ALICE, "somebody")
        address = face_of(await copy_at_work(alice_at_work, "somebody"))
        kept = [text for _, text in await archived(alice_at_work, address)]
        his, own = ("", "") if archives_in_their_name else ("▸ Bob Berg: ", "▸ You: ")
        assert kept[-3:] == [f"{his}nobody at Work", f"{own}only as an agent", f"{his}somebody"]
        assert kept.count(f"{his}nobody at Work") == 1


class TestEdits:
    async def test_a_correction(self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient) -> None:
        """It names the copy of what it corrects (XEP-0308)."""
        wrong = await bob.say(ALICE, "At nine")
        first = await copy_at_work(alice_at_work, "At nine")
        await send(bob, ALICE, f"<body>At ten</body><replace xmlns='urn:xmpp:message-correct:0' id='{wrong}'/>")
        second = await copy_at_work(alice_at_work, "At ten")
        replaced = second.find("{urn:xmpp:message-correct:0}replace")
        assert replaced is not None
        assert replaced.get("id") == first.get("id")

    async def test_a_retraction(self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient) -> None:
        wrong = await bob.say(ALICE, "My password is 1234")
        first = await copy_at_work(alice_at_work, "My password is 1234")
        await send(bob, ALICE, f"<retract xmlns='urn:xmpp:message-retract:1' id='{wrong}'/>")
        second = await alice_at_work.expect(from_chat_face())
        retracted = second.find("{urn:xmpp:message-retract:1}retract")
        assert retracted is not None
        assert retracted.get("id") == first.get("id")


class TestWritingThere:
    async def test_is_refused_with_the_address_to_write_to(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient
    ) -> None:
        await bob.say(ALICE, "Hello")
        address = face_of(await copy_at_work(alice_at_work, "Hello"))
        answer = await refused(alice_at_work, await alice_at_work.say(address, "Hi"), address, "cancel/not-allowed")
        assert "Log in as alice@cc.acme.test and write to bob@directory.acme.test." in error_text(answer)
        await send(alice_at_work, address, "<active xmlns='http://jabber.org/protocol/chatstates'/>")
        await unanswered(alice_at_work)
        await unanswered(bob)

    @pytest.mark.parametrize("other", ["bob@work.acme.test", "alice@cc.acme.test", "lena@work.acme.test"])
    async def test_for_others_there_is_no_such_address(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, alice_at_work: XmppClient, other: str
    ) -> None:
        """The same answers as from an address that nobody has."""
        await carol.say(ALICE, "Hello")
        address = face_of(await copy_at_work(alice_at_work, "Hello"))
        nobody = "chat-aaaaaaaaaaaaaaaa@agents.acme.test"
        client = await log_in(other, "curious")
        answers = []
        for asked in (address, nobody):
            said = await refused(client, await client.say(asked, "Hi"), asked, "cancel/item-not-found")
            await client.send(f"<presence to='{asked}' type='subscribe'/>")
            told = await client.expect(lambda stanza, asked=asked: stanza.get("from") == asked)
            answers.append((error_text(said), error_of(await info(client, asked)), told.tag, told.get("type")))
        assert answers[0] == answers[1]
        assert answers[0][3] == "unsubscribed"


class TestTrouble:
    async def test_a_kill_in_the_middle(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient, bridge: BridgeProcess,
        archives_in_their_name: bool,
    ) -> None:  # fmt: skip
        """A5: both sides of all that was accepted, each under one id, those of one side in order."""
        await alice_at_work.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        await bob.say(ALICE, "begin")
        await copy_at_work(alice_at_work, "begin")
        for number in range(100):
            await bob.say(ALICE, f"question {number}")
            await alice.say(BOB, f"answer {number}")
        await bridge.kill()
        await bridge.restart()
        await bob.say(ALICE, "end")
        await copy_at_work(alice_at_work, "end")
        got = [carried_copy(stanza) for stanza in alice_at_work.received]
        said = [(one.get("id"), words_of(one)) for one in got if one is not None]
        for side in ("question", "answer"):
            kept = query(
                bridge, "SELECT body FROM message WHERE body LIKE ? AND withdrawn_at IS NULL ORDER BY id", f"{side} %"
            )
            copied = {text: id for id, text in said if text.startswith(side)}
            assert list(copied) == kept
            assert len({id for id, text in said if text.startswith(side)}) == len(kept)

    async def test_a_crash(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient, bridge: BridgeProcess
    ) -> None:
        """A5: what was copied is not copied again, and what comes next is, to the same chat."""
        await bob.say(ALICE, "before")
        first = await copy_at_work(alice_at_work, "before")
        await ticked_off(bridge)
        await bridge.kill()
        await bridge.restart()
        await bob.say(ALICE, "after")
        second = await alice_at_work.expect(from_chat_face())
        assert words_of(second) == "after"
        assert face_of(second) == face_of(first)
        assert await name_of(alice_at_work, face_of(first)) == "Bob Berg (agent chat)"
