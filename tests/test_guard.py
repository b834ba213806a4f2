"""The desk host's guard: tries to get around the component, on a real ejabberd (O2, R1, M7, M9).

Alice is an agent of acme; everybody else tries to reach her, and she everybody else.
"""

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import Login
from tests.support.client import XmppClient
from tests.support.component import XmppComponent
from tests.support.matching import bare, iq, message, presence
from tests.support.server import TestServer

ALICE = "alice@cc.acme.test"
BOB = "bob@work.acme.test"
DAN = "dan@cc.acme.test"
FACE = "bob@directory.acme.test"

FORBIDDEN_PLACES = [
    pytest.param(BOB, id="work-account"),
    pytest.param(f"{BOB}/test", id="work-client"),
    pytest.param(DAN, id="other-agent"),
    pytest.param(f"{DAN}/test", id="other-agents-client"),
    pytest.param("nobody@cc.acme.test", id="no-such-agent"),
    pytest.param("lobby@conference.work.acme.test", id="room"),
    pytest.param("lobby@conference.work.acme.test/alice", id="room-occupant"),
    pytest.param("work.acme.test", id="work-server"),
    pytest.param("conference.work.acme.test", id="room-service"),
    pytest.param("pubsub.work.acme.test", id="pubsub-service"),
    pytest.param("upload.work.acme.test", id="upload-service"),
    pytest.param("carl@work.globex.test", id="other-tenants-account"),
    pytest.param("carl@cc.globex.test", id="other-tenants-agent"),
    pytest.param("carl@agents.globex.test", id="other-tenants-face"),
    pytest.param("directory.globex.test", id="other-tenants-service"),
    pytest.param("friend@example.org", id="remote-account"),
    pytest.param("example.org", id="remote-server"),
]

DISCO = "<query xmlns='http://jabber.org/protocol/disco#info'/>"

PAYLOADS = [
    pytest.param("<query xmlns='http://jabber.org/protocol/disco#info'/>", id="disco"),
    pytest.param("<query xmlns='http://jabber.org/protocol/disco#items'/>", id="disco-items"),
    pytest.param("<query xmlns='jabber:iq:last'/>", id="last-activity"),
    pytest.param("<vCard xmlns='vcard-temp'/>", id="vcard"),
    pytest.param("<query xmlns='jabber:iq:version'/>", id="version"),
    pytest.param("<pubsub xmlns='http://jabber.org/protocol/pubsub'/>", id="pubsub"),
    pytest.param("<unheard xmlns='of:nobody'/>", id="unknown"),
]


def from_alice(stanza: Element) -> bool:
    """Except the presence that ejabberd shows to whom it granted that."""
    return bare(stanza.get("from", "")) == ALICE and not presence(to="agents.acme.test")(stanza)


@pytest.fixture
async def alice(login: Login) -> XmppClient:
    return await login(ALICE)


@pytest.fixture
async def bob(login: Login) -> XmppClient:
    return await login(BOB)


@pytest.fixture
async def dan(login: Login) -> XmppClient:
    return await login(DAN)


@pytest.fixture
async def bridge(ejabberd: TestServer) -> AsyncIterator[XmppComponent]:
    """A bare component in the place of acme's and globex's deskbridge; it has the hosts of both."""
    async with ejabberd.component() as component:
        yield component


class TestFromTheAgent:
    """What Alice's client sends to where it must not."""

    @pytest.mark.parametrize("place", FORBIDDEN_PLACES)
    async def test_every_place(self, alice: XmppClient, bridge: XmppComponent, place: str) -> None:
        sent = await alice.say(place, "psst")
        await alice.expect(message(id=sent, sender=place, type="error", error="forbidden"))
        answer = await alice.request(f"<iq type='get' to='{place}'>{DISCO}</iq>")
        assert iq(sender=place, type="error", error="forbidden")(answer)
        for kind in ("", "type='subscribe'"):
            await alice.send(f"<presence to='{place}' {kind}/>")
            await alice.expect(presence(sender=place, type="error", error="forbidden"))
        assert await alice.roster() == {}
        await bridge.expect_nothing(from_alice, seconds=0.1)

    @pytest.mark.parametrize("kind", ["normal", "headline", "groupchat"])
    async def test_messages_of_any_type(self, alice: XmppClient, bob: XmppClient, kind: str) -> None:
        sent = await alice.say(BOB, "psst", kind)
        await alice.expect(message(id=sent, type="error", error="forbidden"))
        await bob.expect_nothing(message())

    @pytest.mark.parametrize("kind", ["get", "set"])
    @pytest.mark.parametrize("payload", PAYLOADS)
    async def test_iqs_of_any_kind(self, alice: XmppClient, bob: XmppClient, kind: str, payload: str) -> None:
        answer = await alice.request(f"<iq type='{kind}' to='{bob.jid}'>{payload}</iq>")
        assert iq(type="error", error="forbidden")(answer)
        await bob.expect_nothing(iq(), seconds=0.1)

    @pytest.mark.parametrize("kind", ["subscribed", "unsubscribe", "unsubscribed", "unavailable", "probe"])
    async def test_other_presence_goes_nowhere(self, alice: XmppClient, bob: XmppClient, kind: str) -> None:
        await alice.send(f"<presence to='{BOB}' type='{kind}'/>")
        await bob.expect_nothing(presence(sender=ALICE))
        assert BOB not in await alice.roster()
        assert ALICE not in await bob.roster()

    async def test_answers_are_not_answered(self, alice: XmppClient, bob: XmppClient) -> None:
        await alice.send(
            f"<message to='{BOB}' type='error'><body>x</body></message>"
            f"<iq to='{bob.jid}' type='result' id='r'/><iq to='{bob.jid}' type='error' id='e'/>"
            f"<presence to='{BOB}' type='error'/>"
        )
        await asyncio.gather(alice.expect_nothing(), bob.expect_nothing())

    async def test_a_room_cannot_be_made(self, alice: XmppClient, bob: XmppClient) -> None:
        await alice.send(
            "<presence to='secret@conference.work.acme.test/alice'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        await alice.expect(presence(type="error", error="forbidden"))
        rooms = await bob.request(
            "<iq type='get' to='conference.work.acme.test'>"
            "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        )
        assert not [item for item in rooms.iter() if item.get("jid", "").startswith("secret@")]

    async def test_a_roster_entry_opens_nothing(self, alice: XmppClient, bob: XmppClient) -> None:
        await alice.request(
            f"<iq type='set'><query xmlns='jabber:iq:roster'><item jid='{BOB}' name='Bob'/></query></iq>"
        )
        await alice.set_presence(show="away")
        await bob.expect_nothing()
        await alice.request(
            "<iq type='set'><query xmlns='jabber:iq:roster'>"
            f"<item jid='{BOB}' subscription='remove'/></query></iq>"
        )
        await bob.expect_nothing()


class TestTowardsTheAgent:
    """What others send to Alice."""

    @pytest.mark.parametrize("sender", [BOB, DAN, "carl@work.globex.test", "carl@cc.globex.test"])
    @pytest.mark.parametrize("address", [ALICE, f"{ALICE}/test"])
    async def test_accounts(self, alice: XmppClient, login: Login, sender: str, address: str) -> None:
        other = await login(sender)
        sent = await other.say(address, "psst")
        await other.expect(message(id=sent, sender=address, type="error", error="forbidden"))
        answer = await other.request(f"<iq type='get' to='{address}'><query xmlns='jabber:iq:last'/></iq>")
        assert iq(type="error", error="forbidden")(answer)
        for kind in ("", "type='subscribe'"):
            await other.send(f"<presence to='{address}' {kind}/>")
            await other.expect(presence(sender=address, type="error", error="forbidden"))
        await alice.expect_nothing()
        assert await alice.roster() == {}

    async def test_an_agent_who_does_not_exist_is_answered_alike(self, bob: XmppClient) -> None:
        answers = []
        for address in (ALICE, "nobody@cc.acme.test"):
            sent = await bob.say(address, "psst")
            error = await bob.expect(message(id=sent))
            answers.append([(child.tag, child.attrib, child.text) for child in error.iter()][1:])
        assert answers[0] == answers[1]

    @pytest.mark.parametrize("host", ["cc.acme.test", "cc.acme.test/announce/online"])
    async def test_the_desk_server_itself(self, bob: XmppClient, host: str) -> None:
        sent = await bob.say(host, "psst")
        await bob.expect(message(id=sent, type="error", error="forbidden"))
        answer = await bob.request(
            f"<iq type='get' to='{host}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        )
        assert iq(type="error", error="forbidden")(answer)

    @pytest.mark.parametrize("kind", ["subscribed", "unsubscribe", "unsubscribed", "unavailable", "probe"])
    async def test_other_presence_goes_nowhere(self, alice: XmppClient, bob: XmppClient, kind: str) -> None:
        await bob.send(f"<presence to='{ALICE}' type='{kind}'/>")
        await asyncio.gather(alice.expect_nothing(), bob.expect_nothing(presence(sender=ALICE)))

    async def test_a_room_cannot_invite(self, alice: XmppClient, bob: XmppClient) -> None:
        room = "lobby@conference.work.acme.test"
        await bob.send(f"<presence to='{room}/bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        await bob.expect(presence(sender=f"{room}/bob", type=None))
        await bob.send(
            f"<message to='{room}'><x xmlns='http://jabber.org/protocol/muc#user'>"
            f"<invite to='{ALICE}'/></x></message>"
        )
        await alice.expect_nothing()

    @pytest.mark.parametrize(
        "sender",
        [
            "lobby@conference.work.acme.test/bob",
            "pubsub.work.acme.test",
            "work.acme.test",
            "friend@example.org/home",
            "example.org",
            "cc.globex.test",
        ],
    )
    async def test_servers_services_and_strangers(
        self, ejabberd: TestServer, alice: XmppClient, sender: str
    ) -> None:
        """They cannot be led by a script, so ejabberd routes a stanza in their name."""
        async with ejabberd.api() as api:
            for stanza in (
                "<message><body>psst</body></message>",
                "<iq type='get' id='x'><query xmlns='jabber:iq:version'/></iq>",
                "<presence/>",
                "<presence type='subscribe'/>",
            ):
                await api.call("send_stanza", {"from": sender, "to": alice.jid, "stanza": stanza})
        await alice.expect_nothing()
        assert await alice.roster() == {}

    async def test_another_tenants_component(self, alice: XmppClient, bridge: XmppComponent) -> None:
        sent = "<message from='carl@agents.globex.test' to='{}' id='m1'><body>psst</body></message>"
        await bridge.send(sent.format(ALICE))
        await bridge.expect(message(id="m1", type="error", error="forbidden"))
        await bridge.send(f"<presence from='agents.globex.test' to='{ALICE}' type='probe'/>")
        query = "<query xmlns='jabber:iq:version'/>"
        await bridge.send(f"<iq from='agents.globex.test' to='{alice.jid}' id='i1' type='get'>{query}</iq>")
        await bridge.expect(iq(id="i1", type="error", error="forbidden"))
        await bridge.expect_nothing(presence(sender=ALICE, to="agents.globex.test"))
        await alice.expect_nothing()


class TestBetweenBoth:
    """Two who work together against the guard."""

    async def test_a_subscription_that_both_want(self, alice: XmppClient, bob: XmppClient) -> None:
        await alice.send(f"<presence to='{BOB}' type='subscribe'/>")
        await bob.send(f"<presence to='{ALICE}' type='subscribed'/>")
        await bob.send(f"<presence to='{ALICE}' type='subscribe'/>")
        await alice.send(f"<presence to='{BOB}' type='subscribed'/>")
        await alice.expect(presence(type="error", error="forbidden"))
        await bob.expect(presence(type="error", error="forbidden"))
        assert BOB not in await alice.roster()
        await alice.set_presence(show="dnd")
        await bob.set_presence(show="dnd")
        await bob.expect_nothing(presence(sender=ALICE))
        await alice.expect_nothing(presence(sender=BOB))

    async def test_a_subscription_from_before_the_guard(self, ejabberd: TestServer, login: Login) -> None:
        """As if both had each other in their rosters already: no presence, no probe's answer, no way through."""
        ann, ben = "ann@cc.acme.test", "ben@work.acme.test"
        await ejabberd.register(ann, ben)
        async with ejabberd.api() as api:
            await api.add_contact(ann, ben)
            await api.add_contact(ben, ann)
        agent = await login(ann)
        worker = await login(ben)
        await worker.set_presence(show="away")
        await agent.expect_nothing(presence(sender=ben, type=None))
        await worker.expect_nothing(presence(sender=ann, type=None))
        await agent.logout()
        await worker.expect_nothing(presence(sender=ann, type="unavailable"))


class TestWhatPasses:
    """The guard is in nobody's way."""

    async def test_own_account(self, login: Login) -> None:
        one, two = await login(ALICE, "one"), await login(ALICE, "two")
        for client in (one, two):
            enabled = await client.request("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
            assert iq(type="result")(enabled)
        await one.say(two.jid, "note to self")
        await two.expect(message(sender=one.jid, body="note to self"))
        await one.expect(presence(sender=two.jid))
        answer = await one.request(f"<iq type='get' to='{ALICE}'><vCard xmlns='vcard-temp'/></iq>")
        assert iq(type="result")(answer) or iq(error="item-not-found")(answer)

    @pytest.mark.parametrize(
        "payload", ["<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>"]
    )
    async def test_own_server(self, alice: XmppClient, payload: str) -> None:
        assert iq(type="result")(await alice.request(f"<iq type='get' to='cc.acme.test'>{payload}</iq>"))

    async def test_to_the_component(self, alice: XmppClient, bridge: XmppComponent) -> None:
        await alice.say(FACE, "Hello")
        await bridge.expect(message(sender=alice.jid, to=FACE, body="Hello"))
        await alice.send(f"<iq type='get' id='v1' to='{FACE}'><vCard xmlns='vcard-temp'/></iq>")
        await bridge.expect(iq(sender=alice.jid, to=FACE, id="v1"))
        await bridge.send(f"<iq type='result' id='v1' from='{FACE}' to='{alice.jid}'/>")
        await alice.expect(iq(id="v1", type="result"))

    async def test_from_the_component(self, alice: XmppClient, bridge: XmppComponent) -> None:
        await bridge.send(f"<message from='{FACE}' to='{ALICE}' type='chat'><body>Hello</body></message>")
        await alice.expect(message(sender=FACE, body="Hello"))
        await bridge.send(f"<presence from='{FACE}/desk' to='{alice.jid}'><show>away</show></presence>")
        await alice.expect(presence(sender=FACE, show="away"))

    async def test_a_subscription_to_a_face(self, login: Login, bridge: XmppComponent) -> None:
        agent = await login("eve@cc.acme.test")
        await agent.send(f"<presence to='{FACE}' type='subscribe'/>")
        await bridge.expect(presence(sender="eve@cc.acme.test", to=FACE, type="subscribe"))
        await bridge.send(f"<presence from='{FACE}' to='eve@cc.acme.test' type='subscribed'/>")
        await agent.expect(presence(sender=FACE, type="subscribed"))
        assert (await agent.roster())[FACE].get("subscription") == "to"

    async def test_work_users_are_left_alone(self, bob: XmppClient, login: Login) -> None:
        erin = await login("erin@work.acme.test")
        await bob.say(erin.account, "Lunch?")
        await erin.expect(message(sender=BOB, body="Lunch?"))
