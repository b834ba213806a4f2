"""What deskbridge takes for granted about a cluster of two nodes of ejabberd. No deskbridge runs here."""

from collections.abc import Iterator

import pytest

from component.xep.guard import Judgement
from tests.integration.test_guard_claims import Instance
from tests.support.cluster import running_cluster
from tests.support.log_ins import LogIns
from tests.support.matching import message
from tests.support.server import TestServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
FACE_OF_BOB, SERVICE = "bob@directory.acme.test", "agents.acme.test"
MAM = "urn:xmpp:mam:2"

Nodes = tuple[TestServer, TestServer]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with running_cluster() as both:
        yield both


def stream(node: TestServer) -> Instance:
    """Of a component, for ``async with``."""
    return Instance(SERVICE, node.settings.xmpp.secret, node.settings.xmpp.port)


async def test_accounts_and_sessions_are_those_of_both(nodes: Nodes) -> None:
    one, two = LogIns(nodes[0]), LogIns(nodes[1])
    await one(BOB)
    await two(ALICE)
    for node in nodes:
        async with node.api() as api:
            assert await api.sessions(BOB) == await api.sessions(ALICE) == {"test"}
    await one.log_out()
    await two.log_out()


async def test_a_stream_to_one_node_has_the_people_of_both(nodes: Nodes) -> None:
    log_ins = LogIns(nodes[1])
    async with stream(nodes[0]) as only:
        alice = await log_ins(ALICE)
        said = await alice.say(FACE_OF_BOB, "Hello")
        await only.expect(message(id=said))
        await only.send(f"<message from='{FACE_OF_BOB}' to='{alice.jid}' id='back'><body>Hi</body></message>")
        await alice.expect(message(id="back"))
    await log_ins.log_out()


async def test_but_history_only_where_it_is_connected(nodes: Nodes) -> None:
    """Grants and delegations are in tables of that node."""
    one, two = LogIns(nodes[0]), LogIns(nodes[1])
    async with stream(nodes[0]) as only:
        await only.is_granted_all()
        here, there = await one(ALICE, "here"), await two(ALICE, "there")
        question = f"<iq type='set'><query xmlns='{MAM}' queryid='q'/></iq>"
        refused = await there.request(question)
        assert refused.get("type") == "error"
        await here.send(question.replace("<iq ", "<iq id='asked' "))
        await only.expect(lambda stanza: stanza.get("from") == "cc.acme.test" and stanza.get("type") == "set")
    await one.log_out()
    await two.log_out()


async def test_each_node_prefers_its_own_stream(nodes: Nodes) -> None:
    """With a stream to each, of one process, for the same hosts; the guard of each node knows its own stream alone, and
    both have all that ejabberd grants."""
    one, two = LogIns(nodes[0]), LogIns(nodes[1])
    async with stream(nodes[0]) as first, stream(nodes[1]) as second:
        for each in (first, second):
            await each.is_granted_all()
            assert await each.claims() == Judgement(0, "", False)
        bob, alice = await one(BOB), await two(ALICE)
        for number in range(16):
            said = await bob.say("alice@agents.acme.test", f"from the first, {number}")
            await first.expect(message(id=said))
            said = await alice.say(FACE_OF_BOB, f"from the second, {number}")
            await second.expect(message(id=said))
    await one.log_out()
    await two.log_out()


async def test_when_one_stream_goes_the_other_has_everybody(nodes: Nodes) -> None:
    log_ins = LogIns(nodes[1])
    async with stream(nodes[0]) as first:
        async with stream(nodes[1]) as second:
            alice = await log_ins(ALICE)
            said = await alice.say(FACE_OF_BOB, "to the second")
            await second.expect(message(id=said))
        said = await alice.say(FACE_OF_BOB, "to the first")
        await first.expect(message(id=said))
        await first.is_granted_all()
    await log_ins.log_out()
