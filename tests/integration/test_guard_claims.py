"""The guard lets one deskbridge at a time have the component hosts (H2, H3), on a real ejabberd.

Bare components stand for bridges, each with a claim of its own.
"""

import asyncio
from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest

from component.xep.guard import Judgement, address, claim, judgement
from component.xep.mam import MAM_NS
from component.xep.namespace_delegation import delegated_namespaces
from component.xep.privileged_entity import outgoing_granted
from tests.support.component import XmppComponent
from tests.support.matching import message
from tests.support.server import TestServer

DISCO = "http://jabber.org/protocol/disco#info"
DESK, SERVICE = "cc.acme.test", "agents.acme.test"
ALONE = Judgement(0, "", False)
SILENCE_SECONDS = 16.0


class Instance(XmppComponent):
    """Answers what ejabberd asks before it delegates, as a bridge does."""

    async def _answer(self, element: Element) -> bool:
        query = element.find(f"{{{DISCO}}}query")
        if query is None or element.get("type") != "get":
            return False
        # To a resource, as ejabberd 24.10 to 24.12 throw away what is for the server itself.
        await self.send(
            f"<iq type='result' id='{element.get('id')}' from='{element.get('to')}' to='{element.get('from')}/x'>"
            f"<query xmlns='{DISCO}' node='{query.get('node')}'><feature var='{MAM_NS}'/></query></iq>"
        )
        return True

    async def claims(self, database: str = "one", epoch: int = 1, process: str = "p1") -> Judgement | None:
        payload = claim(database, epoch, process, f"{process} of {database}")
        return judgement(await self.request(f"<iq type='get' from='{self.name}' to='{address(DESK)}'>{payload}</iq>"))

    async def is_granted_all(self) -> None:
        """Wait for all that a bridge needs."""
        await self.expect(lambda stanza: stanza.get("from") == DESK and outgoing_granted(stanza) is not None)
        await self.expect(lambda stanza: stanza.get("from") == DESK and MAM_NS in delegated_namespaces(stanza))

    async def has_the_host(self) -> None:
        """All that comes for the host comes here, also what ejabberd would hand out by chance."""
        for number in range(32):
            await self.send(f"<message from='{SERVICE}' to='{SERVICE}' type='headline' id='mine-{number}'/>")
        for number in range(32):
            await self.expect(message(id=f"mine-{number}"))


@pytest.fixture
def instance(ejabberd: TestServer) -> Callable[[], Instance]:
    xmpp = ejabberd.settings.xmpp
    return lambda: Instance(SERVICE, xmpp.secret, xmpp.port)


New = Callable[[], Instance]


async def test_who_is_alone_may_stay(instance: New) -> None:
    async with instance() as only:
        await only.is_granted_all()
        for _ in range(3):
            assert await only.claims() == ALONE


class TestTheSameDatabase:
    @pytest.mark.parametrize("silent", [False, True], ids=["awake", "stopped"])
    async def test_an_older_stream_is_ended(self, instance: New, silent: bool) -> None:
        """Whether its process notices, or is stopped; and the new one has all that ejabberd grants."""
        async with instance() as older:
            assert await older.claims(epoch=1, process="p1") == ALONE
            if silent:
                older.go_silent()
            async with instance() as newer:
                assert await newer.claims(epoch=2, process="p2") == Judgement(1, "", False)
                if not silent:
                    await older.expect_closed()
                await newer.is_granted_all()
                await newer.has_the_host()
                assert await newer.claims(epoch=2, process="p2") == ALONE
            older.kill()

    async def test_who_had_it_before_may_not_come_back(self, instance: New) -> None:
        async with instance() as newer:
            await newer.claims(epoch=2, process="p2")
            async with instance() as older:
                assert await older.claims(epoch=1, process="p1") == Judgement(0, "p2 of one", True)
            await newer.is_granted_all()
            await newer.has_the_host()

    async def test_a_process_ends_its_own_stream_that_is_left_over(self, instance: New) -> None:
        """As when the network broke and ejabberd has not noticed yet (R3)."""
        async with instance() as before:
            assert await before.claims() == ALONE
            before.go_silent()
            async with instance() as after:
                assert await after.claims() == Judgement(1, "", False)
                await after.is_granted_all()
                await after.has_the_host()
            before.kill()

    @pytest.mark.long
    async def test_a_stream_that_takes_no_more_is_ended_too(self, instance: New) -> None:
        """Its process was stopped while much came, and ejabberd waits to write the next piece."""
        async with instance() as older:
            await older.claims(epoch=1, process="p1")
            older.go_silent()
            async with instance() as newer:
                stuffing = "x" * 50_000
                for _ in range(1500):  # more than the buffers of sockets hold
                    await newer.send(f"<message from='{SERVICE}' to='{SERVICE}'><body>{stuffing}</body></message>")
                assert await newer.claims(epoch=2, process="p2") == Judgement(1, "", False)
                await newer.is_granted_all()
                await newer.has_the_host()
            older.kill()


class TestAnotherDatabase:
    async def test_the_hosts_are_those_of_the_first(self, instance: New) -> None:
        """The second is told whose they are, and when it has left the first has all that ejabberd grants, as before."""
        async with instance() as first:
            await first.claims("one", epoch=1)
            await first.is_granted_all()
            async with instance() as second:
                for _ in range(2):
                    assert await second.claims("two", epoch=2, process="p2") == Judgement(0, "p1 of one", False)
                assert await first.claims("one", epoch=1) == ALONE
            await first.is_granted_all()
            await first.has_the_host()

    async def test_who_says_nothing_has_to_go(self, instance: New) -> None:
        async with instance() as dumb, instance() as other:
            assert await other.claims() == Judgement(1, "", False)
            await dumb.expect_closed()
            await other.is_granted_all()

    @pytest.mark.long
    async def test_who_has_said_nothing_for_a_while_has_to_go(self, instance: New) -> None:
        """As after its machine lost power, which ejabberd may not notice for long."""
        async with instance() as first:
            await first.claims("one")
            first.go_silent()
            async with instance() as second:
                assert await second.claims("two", process="p2") == Judgement(0, "p1 of one", False)
                await asyncio.sleep(SILENCE_SECONDS)
                assert await second.claims("two", process="p2") == Judgement(1, "", False)
                await second.is_granted_all()
            first.kill()


async def test_a_claim_that_makes_no_sense_is_an_error(instance: New) -> None:
    async with instance() as other:
        senseless = claim("one", 1, "p1", "p1 of one").replace('epoch="1"', 'epoch="x"')
        answer = await other.request(f"<iq type='get' from='{SERVICE}' to='{address(DESK)}'>{senseless}</iq>")
        assert answer.get("type") == "error"
        assert await other.claims() == ALONE
