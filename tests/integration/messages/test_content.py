"""What a message may carry (C1 to C16), as X sends and Y receives it, in all three directions."""

from collections.abc import Iterable
from itertools import product
from xml.etree.ElementTree import Element, tostring

import pytest

from component.xml import parse_children, serialise
from tests.integration.messages.conftest import Direction
from tests.support.archive import ask
from tests.support.archived import bodies, query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import iq, message, presence
from tests.support.scripts import (
    ALICE,
    BOB,
    CAROL,
    carried,
    error_of,
    error_text,
    hears_nothing,
    refused,
    send,
    unanswered,
)

TEXT = "<body>Hello</body>"
POLICY = "modify/policy-violation"
NOT_ALLOWED = "cancel/not-allowed"
UNAVAILABLE = "cancel/service-unavailable"

OMEMO = (
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>AA</payload></encrypted>"
    "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl' name='OMEMO'/>"
    "<body>I sent you an OMEMO encrypted message but your client doesn't seem to support that.</body>"
)
GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"


async def received(chat: Direction, content: str, type: str = "chat") -> Element:
    """What the receiver gets of a message."""
    id = await send(chat.sender, chat.receiver_face, content, type)
    got = await chat.receiver.expect(message(id=id, sender=chat.sender_face))
    assert got.get("type", "normal") == type
    return got


async def nothing(chat: Direction, *contents: str, type: str = "chat") -> None:
    """Each of these reaches nobody and is not answered."""
    for content in contents:
        await send(chat.sender, chat.receiver_face, content, type)
    await hears_nothing(chat.receiver, chat.sender, chat.receiver_face)


async def all_refused(chat: Direction, bridge: BridgeProcess, contents: Iterable[str], error: str) -> list[Element]:
    """The answers to messages of which each is refused, none reaches anybody, and none is stored."""
    ids = [await send(chat.sender, chat.receiver_face, content) for content in contents]
    answers = [await refused(chat.sender, id, chat.receiver_face, error) for id in ids]
    assert bodies(bridge, *ids) == []
    await hears_nothing(chat.receiver, chat.sender, chat.receiver_face)
    return answers


class TestText:
    """C1, C11"""

    @pytest.mark.parametrize("type", ["chat", "normal"])
    async def test_as_clients_send_it(self, chat: Direction, type: str) -> None:
        got = await received(
            chat,
            "<active xmlns='http://jabber.org/protocol/chatstates'/><body>&lt;Hello&gt; &amp; 👍</body>"
            f"<thread>t1</thread><origin-id xmlns='urn:xmpp:sid:0' id='{new_id()}'/>"
            "<markable xmlns='urn:xmpp:chat-markers:0'/>"
            "<request xmlns='urn:xmpp:receipts'/><unstyled xmlns='urn:xmpp:styling:0'/>",
            type,
        )
        assert carried(got) == "body origin-id thread unstyled"
        assert got.findtext("{*}body") == "<Hello> & 👍"

    async def test_no_real_address(self, chat: Direction) -> None:
        """AD2: not in elements that real clients send, not in attributes, not in ids."""
        real = chat.sender.account
        id = await send(
            chat.sender,
            chat.receiver_face,
            f"{TEXT}<thread parent='{real}'>{real}</thread><origin-id xmlns='urn:xmpp:sid:0' id='{real}'/>"
            f"<nick xmlns='http://jabber.org/protocol/nick'>{real}</nick>"
            f"<delay xmlns='urn:xmpp:delay' from='{real}' stamp='2026-01-01T00:00:00Z'/>"
            f"<x xmlns='http://jabber.org/protocol/rosterx'><item jid='{real}'/></x>"
            f"<addresses xmlns='http://jabber.org/protocol/address'><address type='replyto' jid='{real}'/></addresses>",
            id=f"{real}-{new_id()}",
        )
        got = await chat.receiver.expect(message(body="Hello"))
        assert carried(got) == "body origin-id thread"
        assert got.get("id") != id
        assert real not in tostring(got, "unicode")

    async def test_two_languages(self, chat: Direction) -> None:
        got = await received(chat, "<body>Hello</body><body xml:lang='de'>Hallo</body>")
        assert [body.text for body in got.findall("{*}body")] == ["Hello", "Hallo"]

    async def test_unknown_elements(self, chat: Direction) -> None:
        """Default deny"""
        got = await received(chat, f"<new xmlns='of:tomorrow'><deep/></new>{TEXT}<subject>Prices</subject>")
        assert carried(got) == "body"

    async def test_types_that_are_no_chat(self, chat: Direction) -> None:
        for type in ("headline", "error"):
            await nothing(chat, TEXT, type=type)

    async def test_deep_and_wide(self, chat: Direction) -> None:
        """R2: what is not named costs nothing but its size, up to what nobody writes."""
        deep = "<x>" * 8_000 + "</x>" * 8_000
        wide = "<y xmlns='of:nobody'/>" * 900
        assert carried(await received(chat, f"<x xmlns='of:nobody'>{deep}</x>{wide}{TEXT}")) == "body"


class TestGroupChats:
    """C3, C4"""

    async def test_messages(self, chat: Direction) -> None:
        room = "<x xmlns='jabber:x:conference' jid='lobby@conference.work.acme.test'/>"
        several = "<addresses xmlns='http://jabber.org/protocol/address'>{}</addresses>".format(
            "".join(f"<address type='to' jid='{jid}'/>" for jid in (ALICE, CAROL))
        )
        mix = "<mix xmlns='urn:xmpp:mix:core:1'><nick>x</nick></mix>"
        for content, type in ((TEXT, "groupchat"), (room, "normal"), (TEXT + several, "chat"), (TEXT + mix, "chat")):
            id = await send(chat.sender, chat.receiver_face, content, type)
            await refused(chat.sender, id, chat.receiver_face, NOT_ALLOWED)
        await hears_nothing(chat.receiver, chat.sender, chat.receiver_face)

    async def test_joining(self, chat: Direction) -> None:
        """A face is not a room."""
        address = f"{chat.receiver_face}/nick"
        await chat.sender.send(f"<presence to='{address}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        answer = await chat.sender.expect(presence(sender=address, type="error"))
        assert error_of(answer) == NOT_ALLOWED

    @pytest.mark.parametrize("face", [ALICE, "nobody@agents.acme.test"])
    async def test_a_room_that_invites(self, bob: XmppClient, erin: XmppClient, alice: XmppClient, face: str) -> None:
        """C4: Bob hears from the room that nobody comes, whether there is such an agent or not."""
        room = "lunch@conference.work.acme.test"
        await bob.send(f"<presence to='{room}/bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        await bob.expect(presence(sender=f"{room}/bob", type=None))
        await bob.expect(message(sender=room, type="groupchat"))
        invite = f"<invite to='{face}'><reason>Join us</reason></invite>"
        await send(bob, room, f"<x xmlns='http://jabber.org/protocol/muc#user'>{invite}</x>", "normal")
        answer = await bob.expect(message(sender=room, type=None))
        decline = answer.find("{*}x/{*}decline")
        assert decline is not None
        assert decline.get("from") == face
        # Clients make a sentence of it, with a full stop of their own.
        assert decline.findtext("{*}reason") == "Agents chat with one person at a time and cannot join rooms"
        await hears_nothing(alice, erin, ALICE)


class TestFiles:
    """C6, and of C5 what is the same for everybody; the rest is in ``test_files``"""

    FILES = (
        "<data xmlns='urn:xmpp:bob' cid='c'>AAAA</data>",
        "<body>aesgcm://up.test/a#00</body>",
        f"{TEXT}<x xmlns='jabber:x:oob'><url>aesgcm://up.test/a#00</url></x>",
        f"{TEXT}<x xmlns='jabber:x:oob'><url>ftp://up.test/a</url></x>",
    )

    async def test_refused(self, chat: Direction, bridge: BridgeProcess) -> None:
        await all_refused(chat, bridge, self.FILES, POLICY)

    async def test_a_link_is_text(self, chat: Direction) -> None:
        got = await received(chat, "<body>See https://up.test/a.png</body>")
        assert got.findtext("{*}body") == "See https://up.test/a.png"


class TestCalls:
    """C7"""

    OFFERS = ("<propose xmlns='urn:xmpp:jingle-message:0' id='c'/>", "<invite xmlns='urn:xmpp:call-invites:0'/>")
    REQUESTS = (
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'/>",
        "<si xmlns='http://jabber.org/protocol/si' id='s' profile='file-transfer'/>",
        "<open xmlns='http://jabber.org/protocol/ibb' sid='s' block-size='4096'/>",
        "<query xmlns='http://jabber.org/protocol/bytestreams' sid='s'/>",
        "<query xmlns='jabber:iq:oob'><url>https://up.test/a</url></query>",
    )

    async def test_offers(self, chat: Direction, bridge: BridgeProcess) -> None:
        await all_refused(chat, bridge, self.OFFERS, UNAVAILABLE)

    async def test_notices(self, chat: Direction) -> None:
        jmi = [f"<{name} xmlns='urn:xmpp:jingle-message:0' id='c'/>" for name in ("retract", "accept", "finish")]
        await nothing(chat, *jmi, "<data xmlns='http://jabber.org/protocol/ibb' sid='s' seq='0'>AA</data>")

    async def test_requests(self, chat: Direction) -> None:
        for content, resource in product(self.REQUESTS, ("", "/deskbridge")):
            address = chat.receiver_face + resource
            answer = await chat.sender.request(f"<iq type='set' to='{address}'>{content}</iq>")
            assert iq(sender=address, type="error")(answer)
            assert error_of(answer) == UNAVAILABLE, content
        await chat.receiver.expect_nothing(iq(type="set", sender=chat.sender_face), seconds=0)


class TestNotices:
    """C8, C9, C15: stripped from a text; alone they go nowhere and are not answered."""

    NOTICES = (
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<paused xmlns='http://jabber.org/protocol/chatstates'/>",
        "<rtt xmlns='urn:xmpp:rtt:0' seq='1' event='new'><t>He</t></rtt>",
        "<received xmlns='urn:xmpp:receipts' id='m0'/>",
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='m0'/>",
        "<displayed xmlns='urn:xmpp:mds:displayed:0'/>",
        "<reactions xmlns='urn:xmpp:reactions:0' id='m0'><reaction>👍</reaction></reactions>",
        "<moderated xmlns='urn:xmpp:message-moderate:1'/>",
        "<attention xmlns='urn:xmpp:attention:0'/>",
        "<nick xmlns='http://jabber.org/protocol/nick'>Bobby</nick>",
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='boss@work.acme.test'/></forwarded>",
        "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></sent>",
        "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></received>",
        "<result xmlns='urn:xmpp:mam:2' id='1'><forwarded xmlns='urn:xmpp:forward:0'/></result>",
        "<delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'/>",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
    )

    async def test_alone(self, chat: Direction) -> None:
        await nothing(chat, *self.NOTICES, "", "<subject>Prices</subject>")

    async def test_beside_a_text(self, chat: Direction) -> None:
        assert carried(await received(chat, TEXT + "".join(self.NOTICES))) == "body"

    async def test_a_reaction_with_its_text(self, chat: Direction) -> None:
        """C15: the text stands in for the reaction and is dropped with it."""
        await nothing(
            chat,
            "<body>&gt; Lunch?\n👍</body><reactions xmlns='urn:xmpp:reactions:0' id='m0'><reaction>👍</reaction>"
            "</reactions><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>",
        )

    async def test_an_event_with_a_text(self, chat: Direction) -> None:
        """C15: no person wrote it."""
        await nothing(chat, f"{TEXT}<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'/></event>")

    async def test_a_forged_archive_id(self, chat: Direction) -> None:
        """C15, A6: nobody but us says under which id the receiver's archive has it."""
        forged = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{chat.receiver.account}' id='forged'/>"
        got = await received(chat, TEXT + forged)
        ids = [part.get("id") for part in got.iter("{urn:xmpp:sid:0}stanza-id")]
        assert ids
        assert "forged" not in ids


class TestLaterThoughts:
    """C12, C13"""

    async def test_a_correction(self, chat: Direction, bridge: BridgeProcess) -> None:
        """Ids are kept, and both versions are in the transcript."""
        first = await send(chat.sender, chat.receiver_face, "<body>Helo</body>")
        await chat.receiver.expect(message(id=first))
        got = await received(chat, f"<body>Hello</body><replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>")
        replace = got.find("{urn:xmpp:message-correct:0}replace")
        assert replace is not None
        assert replace.get("id") == first
        assert bodies(bridge, first, got.get("id", "")) == ["Helo", "Hello"]

    async def test_a_correction_is_a_message(self, chat: Direction) -> None:
        """It runs through the policy like the first version."""
        id = await send(chat.sender, chat.receiver_face, f"{OMEMO}<replace xmlns='urn:xmpp:message-correct:0' id='x'/>")
        await refused(chat.sender, id, chat.receiver_face, POLICY)

    @pytest.mark.parametrize("text", ["", "<body>/me retracted a message</body>"])
    async def test_a_retraction(self, chat: Direction, bridge: BridgeProcess, text: str) -> None:
        """The transcript keeps what was retracted."""
        first = await send(chat.sender, chat.receiver_face, "<body>Never mind</body>")
        await chat.receiver.expect(message(id=first))
        mark = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>" if text else ""
        got = await received(chat, f"<retract xmlns='urn:xmpp:message-retract:1' id='{first}'/>{mark}{text}")
        hinted = "retract store" if chat.receiver_face == BOB else "retract"
        assert carried(got) == ("body fallback retract" if text else hinted)
        assert bodies(bridge, first) == ["Never mind"]

    @pytest.mark.parametrize("hint", ["", "<store xmlns='urn:xmpp:hints'/>"])
    async def test_a_retraction_lasts(self, log_in: LogIn, alice: XmppClient, bob: XmppClient, hint: str) -> None:
        """A9: devices that synchronise later find it, whether the sender's client thought of it or
        not: ejabberd archives no message without a text by itself (XEP-0334 §4.3)."""
        words = await alice.say(BOB, "My password")
        await bob.expect(message(id=words))
        retraction = await send(alice, BOB, f"<retract xmlns='urn:xmpp:message-retract:1' id='{words}'/>{hint}")
        await bob.expect(message(id=retraction))
        device = await log_in("bob@work.acme.test", "later")
        page = await ask(device, with_=ALICE, max=2, before="")
        assert [result.message.get("id") for result in page.results] == [words, retraction]


class TestReplies:
    """C14"""

    async def test_to_the_other_side(self, chat: Direction) -> None:
        """The receiver's client finds its own message: its id, and its own address as the author."""
        asked = await send(chat.receiver, chat.sender_face, "<body>How much?</body>")
        await chat.sender.expect(message(id=asked))
        got = await received(chat, reply_to(asked, chat.receiver_face))
        assert carried(got) == "body fallback reply"
        assert author_and_id(got) == (chat.receiver.account, asked)

    async def test_to_oneself(self, chat: Direction) -> None:
        said = await send(chat.sender, chat.receiver_face, "<body>Ten</body>")
        await chat.receiver.expect(message(id=said))
        got = await received(chat, reply_to(said, chat.sender.jid))
        assert author_and_id(got) == (chat.sender_face, said)

    async def test_to_what_the_receiver_never_got(self, chat: Direction) -> None:
        """What is quoted stays, as text."""
        for target in ("no-such-id", await send(chat.sender, chat.receiver_face, OMEMO)):
            got = await received(chat, reply_to(target, chat.receiver_face))
            assert carried(got) == "body"
            assert got.findtext("{*}body") == "> How much?\nTen"

    async def test_to_another_chat(self, alice: XmppClient, bob: XmppClient, carol: XmppClient) -> None:
        """A message of one chat cannot be quoted into another."""
        secret = await bob.say(ALICE, "For you only")
        await alice.expect(message(id=secret))
        answer = await send(alice, CAROL, reply_to(secret, BOB))
        assert carried(await carol.expect(message(id=answer))) == "body"

    async def test_to_an_ended_conversation(self, alice: XmppClient, carol: XmppClient) -> None:
        """A2: what was said before is out of sight, also for a reply."""
        old = await alice.say(CAROL, "Hello")
        await carol.expect(message(id=old))
        await send(alice, CAROL, GONE)
        await carol.expect(message(sender=ALICE))
        answer = await send(carol, ALICE, reply_to(old, ALICE))
        assert carried(await alice.expect(message(id=answer))) == "body"

    async def test_beyond_the_window(self, alice: XmppClient, bob: XmppClient, reconfigure: Reconfigure) -> None:
        """A1: in profile 9.9 an agent sees the last 30 messages of a chat, so no reply names an older one."""
        await reconfigure(version="9.9")
        old = await bob.say(ALICE, "Long ago")
        recent = [await bob.say(ALICE, f"{number}") for number in range(30)]
        for target, parts in ((old, "body"), (recent[-1], "body fallback reply")):
            answer = await send(bob, ALICE, reply_to(target, BOB))
            assert carried(await alice.expect(message(id=answer))) == parts
        answer = await send(alice, BOB, reply_to(old, BOB))
        assert carried(await bob.expect(message(id=answer))) == "body fallback reply"


def reply_to(id: str, author: str) -> str:
    return (
        f"<body>&gt; How much?\nTen</body><reply xmlns='urn:xmpp:reply:0' to='{author}' id='{id}'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='12'/></fallback>"
    )


def author_and_id(got: Element) -> tuple[str | None, str | None]:
    reply = got.find("{urn:xmpp:reply:0}reply")
    assert reply is not None
    return reply.get("to"), reply.get("id")


class TestEncryption:
    """C16"""

    ENCRYPTED = (
        OMEMO,
        "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/><payload>AA</payload></encrypted>",
        "<openpgp xmlns='urn:xmpp:openpgp:0'>AA</openpgp><body>OpenPGP</body>",
        "<x xmlns='jabber:x:encrypted'>AA</x><body>Encrypted</body>",
        "<encryption xmlns='urn:xmpp:eme:0' namespace='of:tomorrow'/><body>Encrypted</body>",
        "<body>?OTR:AAMDJ.</body>",
    )

    async def test_refused(self, chat: Direction, bridge: BridgeProcess) -> None:
        for answer in await all_refused(chat, bridge, self.ENCRYPTED, POLICY):
            assert "Switch encryption off" in error_text(answer)


class TestTwice:
    """A5: a client's second try of one message is not a second message."""

    async def test_the_same_again(self, chat: Direction, bridge: BridgeProcess) -> None:
        id = await send(chat.sender, chat.receiver_face, TEXT)
        await chat.receiver.expect(message(id=id))
        await send(chat.sender, chat.receiver_face, TEXT, id=id)
        await hears_nothing(chat.receiver, chat.sender, chat.receiver_face)
        assert bodies(bridge, id) == ["Hello"]

    async def test_the_origin_id_tells(self, chat: Direction) -> None:
        """XEP-0359 §4: some clients change the other one."""
        content = f"{TEXT}<origin-id xmlns='urn:xmpp:sid:0' id='{new_id()}'/>"
        await received(chat, content)
        await nothing(chat, content)

    async def test_an_id_used_again(self, chat: Direction) -> None:
        """Some clients number from one after every start: another text is another message."""
        id = await send(chat.sender, chat.receiver_face, TEXT)
        await send(chat.sender, chat.receiver_face, "<body>Hello again</body>", id=id)
        await chat.receiver.expect(message(id=id, body="Hello"))
        await chat.receiver.expect(message(id=id, body="Hello again"))

    async def test_the_same_words_under_an_id_that_was_used_before(self, chat: Direction) -> None:
        """Something came between, so it is another message."""
        for id, text in (("1", "ok"), ("2", "wait"), ("1", "ok")):
            await send(chat.sender, chat.receiver_face, f"<body>{text}</body>", id=id)
            await chat.receiver.expect(message(id=id, body=text))

    async def test_the_same_words_in_another_session(self, log_in: LogIn, bob: XmppClient) -> None:
        """A script that counts from one each time, and logs out."""
        for _ in range(3):
            script = await log_in("carol@cc.acme.test", "script")
            await send(script, BOB, "<body>ok</body>", id="1")
            await bob.expect(message(id="1", body="ok"))
            await script.logout()

    async def test_what_a_client_repeats_that_lost_its_session(
        self, log_in: LogIn, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess
    ) -> None:
        """It does not know what arrived, and sends the last ones again, in order, before anything new."""
        carol = await log_in("carol@cc.acme.test", "train")
        ids = [await carol.say(BOB, "ok") for _ in range(4)]
        for id in ids:
            await bob.expect(message(id=id))
        carol.kill()
        carol = await log_in("carol@cc.acme.test", "station")
        for id in ids[1:]:
            await send(carol, BOB, "<body>ok</body>", id=id)
        await hears_nothing(bob, carol, BOB)
        assert bodies(bridge, *ids) == ["ok"] * 4

    async def test_no_ids_at_all(self, chat: Direction) -> None:
        for _ in range(2):
            await chat.sender.send(f"<message to='{chat.receiver_face}' type='chat'>{TEXT}</message>")
        for _ in range(2):
            got = await chat.receiver.expect(message(sender=chat.sender_face, body="Hello"))
            assert got.get("id") is None

    async def test_after_a_crash(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """The archive remembers what the process forgot."""
        id = await send(bob, ALICE, TEXT)
        await alice.expect(message(id=id))
        await ticked_off(bridge)
        await bridge.kill()
        await bridge.restart()
        await send(bob, ALICE, TEXT, id=id)
        await hears_nothing(alice, bob, ALICE)
        assert bodies(bridge, id) == ["Hello"]


async def test_what_is_stored(chat: Direction, bridge: BridgeProcess) -> None:
    """A5, A6: both full addresses and the client's ids as they were, and the content as it was delivered."""
    got = await received(chat, f"{TEXT}<origin-id xmlns='urn:xmpp:sid:0' id='o-1'/>{GONE}")
    columns = "sender, receiver, type, origin_id, body, payload"
    (row,) = query(bridge, f"SELECT {columns} FROM message WHERE client_id = ?", got.get("id"))
    assert row[:-1] == (chat.sender.jid, chat.receiver_face, "chat", "o-1", "Hello")
    assert sorted(serialise(part) for part in parse_children(row[-1])) == [
        "<body>Hello</body>",
        '<origin-id xmlns="urn:xmpp:sid:0" id="o-1"/>',
    ]


async def test_answers_to_errors(alice: XmppClient, bob: XmppClient, carol: XmppClient) -> None:
    """An error or a result that somebody makes up is answered by nobody."""
    for address in (BOB, "nobody@directory.acme.test", "agents.acme.test"):
        await alice.send(f"<message to='{address}' type='error' id='e1'>{TEXT}<error type='cancel'/></message>")
        await alice.send(f"<iq to='{address}' type='error' id='e2'/><iq to='{address}' type='result' id='e3'/>")
        await alice.send(f"<presence to='{address}' type='error'/>")
    await hears_nothing(carol, alice, CAROL)
    await unanswered(bob)
    await alice.expect_nothing(iq(type="error"), seconds=0)
