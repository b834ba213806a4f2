"""What deskbridge takes for granted about ejabberd, each by itself. A version that breaks the bridge shows here why.

No deskbridge runs; a bare component has its place. The agents' presence is what P1 to P6 rest on.
"""

from collections.abc import AsyncIterator

import pytest

from component.ejabberd.modules import RESUME_SECONDS
from component.xep.presence_stanzas import by_client
from tests.support.component import XmppComponent
from tests.support.log_ins import LogIn
from tests.support.matching import iq, message, presence
from tests.support.server import TestServer

SERVICE = "agents.acme.test"
FACE = "walt@directory.acme.test"
ACCOUNTS = ["petra@cc.acme.test", "petra@work.acme.test"]
PROBE = "<presence from='agents.acme.test' to='{}' type='probe'/>"

unavailable = presence(to=SERVICE, type="unavailable")


@pytest.fixture
async def component(ejabberd: TestServer) -> AsyncIterator[XmppComponent]:
    """With the service in the accounts' rosters, as deskbridge puts it there."""
    await ejabberd.register(*ACCOUNTS)
    async with ejabberd.api() as api, ejabberd.component() as component:
        for account in ACCOUNTS:
            await api.add_contact(account, SERVICE)
        yield component


@pytest.mark.parametrize("account", ACCOUNTS)
class TestTheServiceContact:
    async def test_sees_log_in_change_and_log_out(self, component: XmppComponent, login: LogIn, account: str) -> None:
        petra = await login(account, show="away", status="Lunch")
        await component.expect(presence(sender=petra.jid, type=None, show="away", status="Lunch"))
        await petra.set_presence(show="dnd")
        await component.expect(presence(sender=petra.jid, type=None, show="dnd"))
        await petra.logout()
        await component.expect(presence(sender=petra.jid, type="unavailable"))

    async def test_sees_a_session_that_just_drops(self, component: XmppComponent, login: LogIn, account: str) -> None:
        petra = await login(account)
        petra.kill()
        await component.expect(presence(sender=petra.jid, type="unavailable"))

    async def test_is_answered_a_probe_of_who_is_there(
        self, component: XmppComponent, login: LogIn, account: str
    ) -> None:
        one, two = await login(account, "one", show="away"), await login(account, "two")
        await component.expect(presence(sender=two.jid, type=None))
        await component.expect_nothing(presence(type="never"))
        component.forget()
        await component.send(PROBE.format(account))
        await component.expect(presence(sender=one.jid, type=None, show="away"))
        await component.expect(presence(sender=two.jid, type=None))

    async def test_is_not_answered_a_probe_of_who_is_away(self, component: XmppComponent, account: str) -> None:
        await component.send(PROBE.format(account))
        await component.expect_nothing(presence())

    async def test_sees_at_once_who_is_there_when_it_is_added(
        self, ejabberd: TestServer, component: XmppComponent, login: LogIn, account: str
    ) -> None:
        async with ejabberd.api() as api:
            await api.delete_contact(account, SERVICE)
            petra = await login(account, show="away")
            await component.expect_nothing(presence(type="never"))
            component.forget()
            await api.add_contact(account, SERVICE)
        await component.expect(presence(sender=petra.jid, type=None, show="away"))


@pytest.mark.parametrize("account", ACCOUNTS)
class TestTheEndOfASession:
    async def test_of_one_that_is_replaced_comes_without_a_language(
        self, component: XmppComponent, login: LogIn, account: str
    ) -> None:
        """It tells what ejabberd says from what a client says. The new session says that it is there."""
        petra = await login(account)
        await component.expect(presence(sender=petra.jid, type=None))
        component.forget()
        await login(account)
        ended = await component.expect(presence(sender=petra.jid, type="unavailable"))
        assert not by_client(ended)
        await component.expect(presence(sender=petra.jid, type=None))

    async def test_that_a_client_says_has_a_language(
        self, component: XmppComponent, login: LogIn, account: str
    ) -> None:
        petra = await login(account)
        await petra.send("<presence type='unavailable'/>")
        assert by_client(await component.expect(presence(sender=petra.jid, type="unavailable")))

    async def test_that_it_says_to_us_alone_is_none(self, component: XmppComponent, login: LogIn, account: str) -> None:
        """A probe is answered, and the real end is told all the same."""
        petra = await login(account, show="away")
        await petra.send(f"<presence type='unavailable' to='{SERVICE}'/>")
        await component.expect(presence(sender=petra.jid, type="unavailable"))
        component.forget()
        await component.send(PROBE.format(account))
        await component.expect(presence(sender=petra.jid, type=None, show="away"))
        petra.kill()
        await component.expect(presence(sender=petra.jid, type="unavailable"))


class TestANegativePriority:
    async def test_gets_no_messages(self, component: XmppComponent, login: LogIn) -> None:
        await login(ACCOUNTS[0], priority=-1)
        await component.send(
            f"<message from='{FACE}' to='{ACCOUNTS[0]}' id='m4' type='chat'><body>Hello?</body></message>"
        )
        await component.expect(message(id="m4", type="error", error="service-unavailable"))


@pytest.mark.long
async def test_an_agent_who_does_not_resume_is_logged_out(component: XmppComponent, login: LogIn) -> None:
    """P4: until then they count as logged in, and may come back without anybody noticing."""
    petra = await login(ACCOUNTS[0], resumable=True)
    petra.kill()
    await component.expect_nothing(unavailable, seconds=RESUME_SECONDS - 5)
    await component.expect(unavailable, seconds=10)


class TestAnAbsentAgent:
    async def test_messages_come_back(self, component: XmppComponent) -> None:
        await component.send(f"<message from='{FACE}' to='{ACCOUNTS[0]}' id='m1'><body>Hello?</body></message>")
        await component.expect(message(id="m1", type="error", error="service-unavailable"))

    async def test_messages_to_a_lost_client_come_back(self, component: XmppComponent, login: LogIn) -> None:
        petra = await login(ACCOUNTS[0])
        await petra.logout()
        await component.send(f"<message from='{FACE}' to='{petra.jid}' id='m2'><body>Hello?</body></message>")
        await component.expect(message(id="m2", type="error", error="service-unavailable"))

    @pytest.mark.long
    async def test_messages_in_a_session_that_is_not_resumed_come_back(
        self, component: XmppComponent, login: LogIn
    ) -> None:
        petra = await login(ACCOUNTS[0], resumable=True)
        petra.kill()
        await component.send(f"<message from='{FACE}' to='{ACCOUNTS[0]}' id='m3'><body>Hello?</body></message>")
        await component.expect(message(id="m3", type="error", error="service-unavailable"), RESUME_SECONDS + 10)


class TestWithoutAComponent:
    @pytest.mark.parametrize("account", ACCOUNTS)
    async def test_senders_are_told_at_once(self, login: LogIn, account: str) -> None:
        """R3. It is ejabberd's refusal to look for the face's host on the Internet, hence the condition."""
        petra = await login(account)
        sent = await petra.say(FACE, "Hello?")
        await petra.expect(message(id=sent, type="error", error="forbidden"))


class TestTheDeskHost:
    @pytest.mark.parametrize("namespace", ["urn:xmpp:mam:tmp", "urn:xmpp:mam:0", "urn:xmpp:mam:1", "urn:xmpp:mam:2"])
    async def test_keeps_no_archive_of_its_own(self, login: LogIn, namespace: str) -> None:
        """A6: no history by a side door, and none at all while deskbridge is away."""
        petra = await login(ACCOUNTS[0])
        answer = await petra.request(f"<iq type='set'><query xmlns='{namespace}'/></iq>")
        assert iq(type="error", error="service-unavailable")(answer)

    async def test_offers_what_agents_may_have_and_nothing_else(self, login: LogIn) -> None:
        petra = await login(ACCOUNTS[0])
        items = await petra.request(
            "<iq type='get' to='cc.acme.test'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        )
        assert {item.get("jid") for item in items[0]} == {"agents.acme.test", "directory.acme.test"}, "for the search"
        info = await petra.request(
            "<iq type='get' to='cc.acme.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        features = {element.get("var", "") for element in info[0]}
        assert {"urn:xmpp:carbons:2", "urn:xmpp:ping", "vcard-temp"} <= features
        assert not [name for name in features if "pubsub" in name or "upload" in name or "mam" in name]
