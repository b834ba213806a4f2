"""The desk host's guard: tries to get around the component, on a real ejabberd (O2, R1, M7, M9).

Gina is an agent of acme; everybody else tries to reach her, and she everybody else.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

import pytest

from component.xep import guard
from component.xep.guard import archived, life
from tests.support.client import XmppClient
from tests.support.component import XmppComponent
from tests.support.log_ins import LogIn
from tests.support.matching import bare, iq, message, presence
from tests.support.server import TestServer

GINA = "gina@cc.acme.test"
WALT = "walt@work.acme.test"
GUS = "gus@cc.acme.test"
FACE = "walt@directory.acme.test"
FACE_OF_GINA = "gina@agents.acme.test"

FORBIDDEN_PLACES = [
    pytest.param(WALT, id="work-account"),
    pytest.param(f"{WALT}/test", id="work-client"),
    pytest.param(GUS, id="other-agent"),
    pytest.param(f"{GUS}/test", id="other-agents-client"),
    pytest.param("nobody@cc.acme.test", id="no-such-agent"),
    pytest.param("lobby@conference.work.acme.test", id="room"),
    pytest.param("lobby@conference.work.acme.test/gina", id="room-occupant"),
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
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    "<query xmlns='jabber:iq:last'/>",
    "<vCard xmlns='vcard-temp'/>",
    "<query xmlns='jabber:iq:version'/>",
    "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>",
    "<unheard xmlns='of:nobody'/>",
]


def from_gina(stanza: Element) -> bool:
    """Except the presence that ejabberd shows to whom it granted that."""
    return bare(stanza.get("from", "")) == GINA and not presence(to="agents.acme.test")(stanza)


@pytest.fixture
async def gina(login: LogIn) -> XmppClient:
    return await login(GINA)


@pytest.fixture
async def walt(login: LogIn) -> XmppClient:
    return await login(WALT)


@pytest.fixture
async def gus(login: LogIn) -> XmppClient:
    return await login(GUS)


@pytest.fixture
async def component(ejabberd: TestServer) -> AsyncIterator[XmppComponent]:
    """A bare component in the place of acme's and globex's deskbridge; it has the hosts of both."""
    async with ejabberd.component() as component:
        yield component


class TestFromTheAgent:
    """What Gina's client sends to where it must not."""

    @pytest.mark.parametrize("place", FORBIDDEN_PLACES)
    async def test_every_place(self, gina: XmppClient, component: XmppComponent, place: str) -> None:
        sent = await gina.say(place, "psst")
        await gina.expect(message(id=sent, sender=place, type="error", error="forbidden"))
        answer = await gina.request(f"<iq type='get' to='{place}'>{DISCO}</iq>")
        assert iq(sender=place, type="error", error="forbidden")(answer)
        for kind in ("", "type='subscribe'"):
            await gina.send(f"<presence to='{place}' {kind}/>")
            await gina.expect(presence(sender=place, type="error", error="forbidden"))
        assert await gina.roster() == {}
        await component.expect_nothing(from_gina, seconds=0.1)

    @pytest.mark.parametrize("kind", ["normal", "headline", "groupchat"])
    async def test_messages_of_any_type(self, gina: XmppClient, walt: XmppClient, kind: str) -> None:
        sent = await gina.say(WALT, "psst", kind)
        await gina.expect(message(id=sent, type="error", error="forbidden"))
        await walt.expect_nothing(message())

    async def test_iqs_of_every_kind(self, gina: XmppClient, walt: XmppClient) -> None:
        for kind, payload in itertools.product(("get", "set"), PAYLOADS):
            answer = await gina.request(f"<iq type='{kind}' to='{walt.jid}'>{payload}</iq>")
            assert iq(type="error", error="forbidden")(answer), payload
        await walt.expect_nothing(iq())

    @pytest.mark.parametrize("kind", ["subscribed", "unsubscribe", "unsubscribed", "unavailable", "probe"])
    async def test_other_presence_goes_nowhere(self, gina: XmppClient, walt: XmppClient, kind: str) -> None:
        await gina.send(f"<presence to='{WALT}' type='{kind}'/>")
        await walt.expect_nothing(presence(sender=GINA))
        assert WALT not in await gina.roster()
        assert GINA not in await walt.roster()

    async def test_answers_are_not_answered(self, gina: XmppClient, walt: XmppClient) -> None:
        await gina.send(
            f"<message to='{WALT}' type='error'><body>x</body></message>"
            f"<iq to='{walt.jid}' type='result' id='r'/><iq to='{walt.jid}' type='error' id='e'/>"
            f"<presence to='{WALT}' type='error'/>"
        )
        await asyncio.gather(gina.expect_nothing(), walt.expect_nothing())

    async def test_a_room_cannot_be_made(self, gina: XmppClient, walt: XmppClient) -> None:
        await gina.send(
            "<presence to='secret@conference.work.acme.test/gina'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        await gina.expect(presence(type="error", error="forbidden"))
        rooms = await walt.request(
            "<iq type='get' to='conference.work.acme.test'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        )
        assert not [item for item in rooms.iter() if item.get("jid", "").startswith("secret@")]

    async def test_a_roster_entry_opens_nothing(self, gina: XmppClient, walt: XmppClient) -> None:
        await gina.request(
            f"<iq type='set'><query xmlns='jabber:iq:roster'><item jid='{WALT}' name='Walt'/></query></iq>"
        )
        await gina.set_presence(show="away")
        await walt.expect_nothing()
        await gina.request(
            f"<iq type='set'><query xmlns='jabber:iq:roster'><item jid='{WALT}' subscription='remove'/></query></iq>"
        )
        await walt.expect_nothing()


class TestTowardsTheAgent:
    """What others send to Gina."""

    @pytest.mark.parametrize("sender", [WALT, GUS, "carl@work.globex.test", "carl@cc.globex.test"])
    @pytest.mark.parametrize("address", [GINA, f"{GINA}/test"])
    async def test_accounts(self, gina: XmppClient, login: LogIn, sender: str, address: str) -> None:
        other = await login(sender)
        sent = await other.say(address, "psst")
        await other.expect(message(id=sent, sender=address, type="error", error="forbidden"))
        answer = await other.request(f"<iq type='get' to='{address}'><query xmlns='jabber:iq:last'/></iq>")
        assert iq(type="error", error="forbidden")(answer)
        for kind in ("", "type='subscribe'"):
            await other.send(f"<presence to='{address}' {kind}/>")
            await other.expect(presence(sender=address, type="error", error="forbidden"))
        await gina.expect_nothing()
        assert await gina.roster() == {}

    async def test_an_agent_who_does_not_exist_is_answered_alike(self, walt: XmppClient) -> None:
        answers = []
        for address in (GINA, "nobody@cc.acme.test"):
            sent = await walt.say(address, "psst")
            error = await walt.expect(message(id=sent))
            answers.append([(child.tag, child.attrib, child.text) for child in error.iter()][1:])
        assert answers[0] == answers[1]

    @pytest.mark.parametrize("host", ["cc.acme.test", "cc.acme.test/announce/online"])
    async def test_the_desk_server_itself(self, walt: XmppClient, host: str) -> None:
        sent = await walt.say(host, "psst")
        await walt.expect(message(id=sent, type="error", error="forbidden"))
        answer = await walt.request(
            f"<iq type='get' to='{host}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        )
        assert iq(type="error", error="forbidden")(answer)

    @pytest.mark.parametrize("kind", ["subscribed", "unsubscribe", "unsubscribed", "unavailable", "probe"])
    async def test_other_presence_goes_nowhere(self, gina: XmppClient, walt: XmppClient, kind: str) -> None:
        await walt.send(f"<presence to='{GINA}' type='{kind}'/>")
        await asyncio.gather(gina.expect_nothing(), walt.expect_nothing(presence(sender=GINA)))

    async def test_a_room_cannot_invite(self, gina: XmppClient, walt: XmppClient) -> None:
        room = "lobby@conference.work.acme.test"
        await walt.send(f"<presence to='{room}/walt'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        await walt.expect(presence(sender=f"{room}/walt", type=None))
        await walt.send(
            f"<message to='{room}'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='{GINA}'/></x></message>"
        )
        await gina.expect_nothing()

    @pytest.mark.parametrize(
        "sender",
        [
            "lobby@conference.work.acme.test/walt",
            "pubsub.work.acme.test",
            "work.acme.test",
            "friend@example.org/home",
            "example.org",
            "cc.globex.test",
        ],
    )
    async def test_servers_services_and_strangers(self, ejabberd: TestServer, gina: XmppClient, sender: str) -> None:
        """They cannot be led by a script, so ejabberd routes a stanza in their name."""
        async with ejabberd.api() as api:
            for stanza in (
                "<message><body>psst</body></message>",
                "<iq type='get' id='x'><query xmlns='jabber:iq:version'/></iq>",
                "<presence/>",
                "<presence type='subscribe'/>",
            ):
                await api.call("send_stanza", {"from": sender, "to": gina.jid, "stanza": stanza})
        await gina.expect_nothing()
        assert await gina.roster() == {}

    async def test_another_tenants_component(self, gina: XmppClient, component: XmppComponent) -> None:
        sent = "<message from='carl@agents.globex.test' to='{}' id='m1'><body>psst</body></message>"
        await component.send(sent.format(GINA))
        await component.expect(message(id="m1", type="error", error="forbidden"))
        await component.send(f"<presence from='agents.globex.test' to='{GINA}' type='probe'/>")
        query = "<query xmlns='jabber:iq:version'/>"
        await component.send(f"<iq from='agents.globex.test' to='{gina.jid}' id='i1' type='get'>{query}</iq>")
        await component.expect(iq(id="i1", type="error", error="forbidden"))
        await component.expect_nothing(presence(sender=GINA, to="agents.globex.test"))
        await gina.expect_nothing()


class TestBetweenBoth:
    """Two who work together against the guard."""

    async def test_a_subscription_that_both_want(self, gina: XmppClient, walt: XmppClient) -> None:
        await gina.send(f"<presence to='{WALT}' type='subscribe'/>")
        await walt.send(f"<presence to='{GINA}' type='subscribed'/>")
        await walt.send(f"<presence to='{GINA}' type='subscribe'/>")
        await gina.send(f"<presence to='{WALT}' type='subscribed'/>")
        await gina.expect(presence(type="error", error="forbidden"))
        await walt.expect(presence(type="error", error="forbidden"))
        assert WALT not in await gina.roster()
        await gina.set_presence(show="dnd")
        await walt.set_presence(show="dnd")
        await walt.expect_nothing(presence(sender=GINA))
        await gina.expect_nothing(presence(sender=WALT))

    async def test_a_subscription_from_before_the_guard(self, ejabberd: TestServer, login: LogIn) -> None:
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

    async def test_own_account(self, login: LogIn) -> None:
        one, two = await login(GINA, "one"), await login(GINA, "two")
        for client in (one, two):
            enabled = await client.request("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
            assert iq(type="result")(enabled)
        await one.say(two.jid, "note to self")
        await two.expect(message(sender=one.jid, body="note to self"))
        await one.expect(presence(sender=two.jid))
        answer = await one.request(f"<iq type='get' to='{GINA}'><vCard xmlns='vcard-temp'/></iq>")
        assert iq(type="result")(answer) or iq(error="item-not-found")(answer)

    @pytest.mark.parametrize(
        "payload", ["<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>"]
    )
    async def test_own_server(self, gina: XmppClient, payload: str) -> None:
        assert iq(type="result")(await gina.request(f"<iq type='get' to='cc.acme.test'>{payload}</iq>"))

    async def test_to_the_component(self, gina: XmppClient, component: XmppComponent) -> None:
        await gina.say(FACE, "Hello")
        await component.expect(message(sender=gina.jid, to=FACE, body="Hello"))
        await gina.send(f"<iq type='get' id='v1' to='{FACE}'><vCard xmlns='vcard-temp'/></iq>")
        await component.expect(iq(sender=gina.jid, to=FACE, id="v1"))
        await component.send(f"<iq type='result' id='v1' from='{FACE}' to='{gina.jid}'/>")
        await gina.expect(iq(id="v1", type="result"))

    async def test_from_the_component(self, gina: XmppClient, component: XmppComponent) -> None:
        await component.send(f"<message from='{FACE}' to='{GINA}' type='chat'><body>Hello</body></message>")
        await gina.expect(message(sender=FACE, body="Hello"))
        await component.send(f"<presence from='{FACE}/desk' to='{gina.jid}'><show>away</show></presence>")
        await gina.expect(presence(sender=FACE, show="away"))

    async def test_a_subscription_to_a_face(self, login: LogIn, component: XmppComponent) -> None:
        agent = await login("eve@cc.acme.test")
        await agent.send(f"<presence to='{FACE}' type='subscribe'/>")
        await component.expect(presence(sender="eve@cc.acme.test", to=FACE, type="subscribe"))
        await component.send(f"<presence from='{FACE}' to='eve@cc.acme.test' type='subscribed'/>")
        await agent.expect(presence(sender=FACE, type="subscribed"))
        assert (await agent.roster())[FACE].get("subscription") == "to"

    async def test_work_users_are_left_alone(self, walt: XmppClient, login: LogIn) -> None:
        wendy = await login("wendy@work.acme.test")
        await walt.say(wendy.account, "Lunch?")
        await wendy.expect(message(sender=WALT, body="Lunch?"))


class TestProofs:
    """The guard says to a component of its own host what it has refused, if it is asked to; to nobody else."""

    PROOF = "<proof xmlns='urn:deskbridge:guard:1' id='p1' tell='{}'/>"

    @pytest.mark.parametrize("tell", ["agents.acme.test", "directory.acme.test"])
    async def test_what_was_refused_is_told(self, gina: XmppClient, component: XmppComponent, tell: str) -> None:
        await gina.send(f"<message to='{WALT}' id='m1'>{self.PROOF.format(tell)}</message>")
        await gina.expect(message(id="m1", type="error", error="forbidden"))
        told = await component.expect(message(sender="cc.acme.test", to=tell, type="headline"))
        assert [(child.tag, child.get("id")) for child in told] == [("{urn:deskbridge:guard:1}refused", "p1")]

    @pytest.mark.parametrize("tell", ["agents.globex.test", "work.acme.test", GUS, "", "'/><x y='"])
    async def test_nobody_else_is_told(
        self, gina: XmppClient, gus: XmppClient, component: XmppComponent, tell: str
    ) -> None:
        await gina.send(f"<message to='{WALT}' id='m1'>{self.PROOF.format(tell)}</message>")
        await gina.expect(message(id="m1", type="error", error="forbidden"))
        await asyncio.gather(component.expect_nothing(message(type="headline")), gus.expect_nothing(message()))

    async def test_what_passes_is_not_told(self, gina: XmppClient, component: XmppComponent) -> None:
        await gina.send(f"<message to='{FACE}' id='m1'>{self.PROOF.format('agents.acme.test')}</message>")
        await component.expect(message(id="m1", to=FACE))
        await component.expect_nothing(message(type="headline"))


class TestWhatTheComponentAsks:
    """R3, A5: which messages an account's archive has, and whether it is still the same ejabberd."""

    async def test_an_archive(self, walt: XmppClient, component: XmppComponent) -> None:
        """What the account exchanged with faces, and nothing else."""
        since = time.time_ns() // 1_000 - 60_000_000
        await component.send(
            f"<message from='{FACE_OF_GINA}' to='{WALT}' type='chat' id='from-gina'><body>x</body>"
            f"<stanza-id xmlns='urn:xmpp:sid:0' by='{FACE_OF_GINA}' id='archived'/></message>"
        )
        await walt.expect(message(id="from-gina"))
        to_gina, to_himself = await walt.say(FACE_OF_GINA, "y"), await walt.say("work.acme.test/x", "z")
        await component.expect(message(id=to_gina))
        has = archived(await component.request(question(WALT, since)))
        assert has is not None
        assert {"from-gina", "archived", to_gina} <= has
        assert to_himself not in has
        assert archived(await component.request(question(WALT, since + 3_600_000_000))) == frozenset()

    async def test_the_life_of_ejabberd(self, ejabberd: TestServer) -> None:
        lives = []
        for _ in range(2):
            async with ejabberd.component() as component:
                same = {life(await component.request(question())) for _ in range(3)}
            assert len(same) == 1
            lives += same
            await ejabberd.server.restart_async()
        assert None not in lives
        assert len(set(lives)) == 2

    async def test_only_the_tenants_own_component_is_answered(
        self, ejabberd: TestServer, gina: XmppClient, component: XmppComponent
    ) -> None:
        """AD4, R1: and only about a host in whose name it may send."""
        await ejabberd.register("carl@work.globex.test")
        for account in ("carl@work.globex.test", GINA, "nobody@nowhere.test", "@", "x"):
            assert iq(type="error")(await component.request(question(account)))
        assert iq(type="error", error="item-not-found")(await gina.request(question(WALT, sender=GINA)))
        other = question(WALT, sender="agents.globex.test")
        assert iq(type="error", error="forbidden")(await component.request(other))


def question(account: str = "", since: int = 0, sender: str = "agents.acme.test") -> str:
    asked = guard.question(account, since)
    return f"<iq type='get' from='{sender}' to='{guard.address('cc.acme.test')}'>{asked}</iq>"
