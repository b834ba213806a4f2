"""Too much of a good thing (C18), and requests that faces do not answer (C17)."""

import asyncio
from itertools import product

from tests.support.archived import bodies
from tests.support.bridge import BridgeProcess
from tests.support.client import PING, XmppClient
from tests.support.log_ins import Reconfigure
from tests.support.matching import iq, message
from tests.support.scripts import ALICE, BOB, CAROL, error_of, hears_nothing, refused, send, talk

POLICY = "modify/policy-violation"
TOO_FAST = "wait/resource-constraint"
FAST = {"messages_per_second": 2000, "burst": 4000}
SLOW = {"messages_per_second": 0.01, "burst": 3}


class TestSize:
    """C18"""

    async def test_a_long_text(self, reconfigure: Reconfigure, bob: XmppClient, alice: XmppClient) -> None:
        """Characters count, not bytes, those of all languages together."""
        await reconfigure(limits={**FAST, "body_chars": 10})
        await refused(bob, await bob.say(ALICE, "x" * 11), ALICE, POLICY)
        await bob.say(ALICE, "é" * 10)
        await alice.expect(message(body="é" * 10))
        await send(bob, ALICE, "<body>01234</body><body xml:lang='de'>43210</body>")
        await alice.expect(message(body="01234"))
        both = await send(bob, ALICE, "<body>01234</body><body xml:lang='de'>543210</body>")
        await refused(bob, both, ALICE, POLICY)

    async def test_a_large_stanza(
        self, reconfigure: Reconfigure, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess
    ) -> None:
        """What would be stripped counts too."""
        await reconfigure(limits={**FAST, "stanza_bytes": 1_000})
        id = await send(bob, ALICE, f"<body>Hello</body><x xmlns='of:nobody'>{'x' * 1_000}</x>")
        await refused(bob, id, ALICE, POLICY)
        assert bodies(bridge, id) == []
        await hears_nothing(alice, bob, ALICE)

    async def test_the_limits_of_the_example(self, bob: XmppClient, alice: XmppClient) -> None:
        """The largest stanza that ejabberd takes from a client is refused politely: the stream stays."""
        id = await send(bob, ALICE, f"<body>Hello</body><x xmlns='of:nobody'>{'x' * 300_000}</x>")
        await refused(bob, id, ALICE, POLICY)
        await hears_nothing(alice, bob, ALICE)

    async def test_more_elements_than_anybody_writes(self, bob: XmppClient, alice: XmppClient) -> None:
        """R2: however few bytes they take."""
        for many in ("<x xmlns='of:nobody'/>" * 2_000, f"<x xmlns='of:nobody'>{'<y/>' * 20_000}</x>"):
            await refused(bob, await send(bob, ALICE, f"<body>Hello</body>{many}"), ALICE, POLICY)
        await hears_nothing(alice, bob, ALICE)


class TestRate:
    """C18"""

    async def test_too_fast(self, reconfigure: Reconfigure, bob: XmppClient, alice: XmppClient) -> None:
        """A burst goes through in order, what comes after it is refused, and nobody else waits for it."""
        await reconfigure(limits=SLOW)
        sent = [await bob.say(ALICE, f"{number}") for number in range(5)]
        for id in sent[:3]:
            assert (await alice.expect(message())).get("id") == id
        for id in sent[3:]:
            await refused(bob, id, ALICE, TOO_FAST)
        await alice.say(BOB, "Slow down")
        await bob.expect(message(body="Slow down"))

    async def test_notices_count_and_are_not_answered(
        self, reconfigure: Reconfigure, alice: XmppClient, carol: XmppClient
    ) -> None:
        await reconfigure(limits=SLOW)
        for _ in range(6):
            await send(alice, CAROL, "<composing xmlns='http://jabber.org/protocol/chatstates'/>")
        id = await alice.say(CAROL, "Hello")
        await refused(alice, id, CAROL, TOO_FAST)
        await carol.expect_nothing(message(), seconds=0)

    async def test_unknown_faces_cannot_be_counted_out(self, reconfigure: Reconfigure, erin: XmppClient) -> None:
        """M9, C2: guessing names is as slow as writing."""
        await reconfigure(limits=SLOW)
        answers = []
        for number in range(5):
            face = f"guess{number}@agents.acme.test"
            id = await erin.say(face, "Hello?")
            answers.append(error_of(await erin.expect(message(id=id))))
        assert answers == ["cancel/item-not-found"] * 3 + [TOO_FAST] * 2

    async def test_requests_do_not_count(self, reconfigure: Reconfigure, bob: XmppClient, alice: XmppClient) -> None:
        """They have a bound of their own (R6), and take nothing from what one may write."""
        await talk(bob, alice, ALICE)
        await reconfigure(limits=SLOW)
        ping = f"<iq type='get' to='agents.acme.test'><ping xmlns='{PING}'/></iq>"
        assert {(await bob.request(ping)).get("type") for _ in range(20)} == {"result"}
        await talk(bob, alice, ALICE)

    async def test_many_senders(self, bob: XmppClient, erin: XmppClient, alice: XmppClient) -> None:
        """R2: each sender's messages keep their order, whoever else sends at the same time."""
        for number in range(50):
            await asyncio.gather(bob.say(ALICE, f"bob {number}"), erin.say(ALICE, f"erin {number}"))
        for name in ("bob", "erin"):
            face = f"{name}@directory.acme.test"
            got = [await alice.expect(message(sender=face)) for _ in range(50)]
            assert [one.findtext("{*}body") for one in got] == [f"{name} {number}" for number in range(50)]


class TestRequests:
    """C17: nothing but what a face answers itself; nothing ever reaches the client behind it."""

    NOT_ANSWERED = (
        ("get", "<query xmlns='jabber:iq:register'/>"),
        ("set", "<query xmlns='jabber:iq:register'><remove/></query>"),
        ("get", "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"),
        ("get", "<query xmlns='jabber:iq:roster'/>"),
        ("set", "<query xmlns='jabber:iq:roster'><item jid='x@y.test'/></query>"),
        ("set", "<vCard xmlns='vcard-temp'><FN>Mallory</FN></vCard>"),
        ("set", "<ping xmlns='urn:xmpp:ping'/>"),
        ("get", "<command xmlns='http://jabber.org/protocol/commands' node='end-chat'/>"),
        ("set", "<command xmlns='http://jabber.org/protocol/commands' node='end-chat'/>"),
        ("get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub>"),
        ("get", "<unheard xmlns='of:nobody'/>"),
        ("set", "<x/>"),
    )

    async def test_faces(self, alice: XmppClient, bob: XmppClient) -> None:
        for (type, payload), face in product(self.NOT_ANSWERED, (BOB, f"{BOB}/deskbridge")):
            answer = await alice.request(f"<iq type='{type}' to='{face}'>{payload}</iq>")
            assert iq(sender=face, type="error")(answer)
            assert error_of(answer) == "cancel/service-unavailable", payload
        await bob.expect_nothing(iq(sender=ALICE), seconds=0)

    async def test_nodes_of_clients(self, alice: XmppClient, bob: XmppClient) -> None:
        """P7: what a client says of itself is not to be had; a face knows of no such node (XEP-0030 §3.2)."""
        node = "<query xmlns='http://jabber.org/protocol/disco#info' node='http://conversations.im#x='/>"
        answer = await alice.request(f"<iq type='get' to='{BOB}'>{node}</iq>")
        assert error_of(answer) == "cancel/item-not-found"
        await bob.expect_nothing(iq(sender=ALICE), seconds=0)

    async def test_services(self, alice: XmppClient, bob: XmppClient) -> None:
        for client in (alice, bob):
            for service in ("agents.acme.test", "directory.acme.test"):
                answer = await client.request(f"<iq type='set' to='{service}'><query xmlns='jabber:iq:register'/></iq>")
                assert error_of(answer) == "cancel/service-unavailable"

    async def test_faces_that_one_may_not_write_to(self, dan: XmppClient, lena: XmppClient) -> None:
        """P5: they are not there, whatever is asked."""
        for face in ("lena@agents.acme.test", "nobody@agents.acme.test"):
            for payload in (f"<ping xmlns='{PING}'/>", "<query xmlns='jabber:iq:register'/>"):
                answer = await dan.request(f"<iq type='get' to='{face}'>{payload}</iq>")
                assert error_of(answer) == "cancel/item-not-found"

    async def test_what_is_answered(self, alice: XmppClient) -> None:
        """D3: and what a face advertises is what it answers."""
        assert (await alice.request(f"<iq type='get' to='{BOB}'><ping xmlns='{PING}'/></iq>")).get("type") == "result"
        info = await alice.request(
            f"<iq type='get' to='{BOB}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        features = {feature.get("var", "") for feature in info.iterfind(".//{*}feature")}
        assert PING in features
        refused_here = ("chatstates", "receipts", "jingle", "xhtml", "oob", "omemo", "muc", "chat-markers", "sfs")
        assert not [feature for feature in features if any(word in feature for word in refused_here)]
