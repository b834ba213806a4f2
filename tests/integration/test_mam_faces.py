"""A1 to A3 at a face: whoever may write there finds what they and that face have said to each other, on a real
ejabberd."""

from pathlib import Path

import pytest

from component.outgoing.archive_id import Role
from tests.support.archive import MAM, SID, ask, has_result, query, request
from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.matching import condition_of, message
from tests.support.past import chatter, past
from tests.support.server import TestServer

ALICE, CAROL, DAN, SUE = (f"{name}@cc.acme.test" for name in ("alice", "carol", "dan", "sue"))
BOB, ERIN = "bob@work.acme.test", "erin@work.acme.test"
ALICES_FACE, CAROLS_FACE, SUES_FACE = (f"{name}@agents.acme.test" for name in ("alice", "carol", "sue"))
BOBS_FACE = "bob@directory.acme.test"

CARBONS = "urn:xmpp:carbons:2"


async def test_a_work_user_sees_everything(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    """A3, under either version; results come from the face, with Bob's account and the face, and no other address."""
    async with past(tmp_path) as written:
        numbers = await written.said(*chatter(ALICE, BOB, 35), (ALICE, ERIN, "for Erin"), (CAROL, BOB, "from Carol"))
        roles = [Role.RECEIVER, Role.SENDER] * 17 + [Role.RECEIVER]
        ids = [written.id(number, role) for number, role in zip(numbers, roles, strict=False)]
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version="9.9")
    async with process:
        bob = await login(BOB)
        page = await ask(bob, to=ALICES_FACE, max=100)
        assert page.bodies == [f"message {number}" for number in range(1, 36)]
        assert (page.ids, page.count, page.complete) == (ids, 35, True)
        assert {result.carrier.get("from") for result in page.results} == {ALICES_FACE}
        received, sent = (result.message for result in page.results[:2])
        assert (received.get("from"), received.get("to")) == (ALICES_FACE, BOB)
        assert (sent.get("from"), sent.get("to")) == (f"{BOB}/then", ALICES_FACE)


async def test_an_agent_sees_their_window(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    """A1: the same as in their own archive, under the same ids."""
    async with past(tmp_path) as written:
        await written.said(*chatter(ALICE, BOB, 35), *chatter(CAROL, BOB, 3))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version="9.9")
    async with process:
        alice = await login(ALICE)
        own, at_face = await ask(alice, with_=BOBS_FACE), await ask(alice, to=BOBS_FACE)
        assert (at_face.ids, at_face.count) == (own.ids, 30)
        page = await ask(alice, to=BOBS_FACE, max=10, before=own.ids[15])
        assert (page.ids, page.complete) == (own.ids[5:15], False)


async def test_two_agents_see_their_current_conversation(bridge: BridgeProcess, login: LogIn) -> None:
    """A2, each from their own eyes."""
    alice, carol, dan = await login(ALICE), await login(CAROL), await login(DAN)
    await alice.say(CAROLS_FACE, "from Alice")
    await carol.expect(message(body="from Alice"))
    await dan.say(CAROLS_FACE, "from Dan")
    await carol.expect(message(body="from Dan"))
    assert (await ask(alice, to=CAROLS_FACE)).bodies == ["from Alice"]
    assert (await ask(dan, to=CAROLS_FACE)).bodies == ["from Dan"]
    assert (await ask(carol, to=ALICES_FACE)).bodies == ["from Alice"]
    await carol.send(
        f"<message to='{ALICES_FACE}' type='chat'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    await alice.expect(message(body="ⓘ Carol Cho ended this chat."))
    assert (await ask(alice, to=CAROLS_FACE)).bodies == []


async def test_live_ids_are_those_of_the_archive(bridge: BridgeProcess, login: LogIn) -> None:
    """What Bob gets carries the id by the face, under which the face's archive has it for him."""
    alice, bob = await login(ALICE), await login(BOB)
    await alice.say(BOBS_FACE, "Hello")
    live = await bob.expect(message(body="Hello"))
    ids = [each.get("id") for each in live.iterfind(f"{{{SID}}}stanza-id") if each.get("by") == ALICES_FACE]
    assert (await ask(bob, to=ALICES_FACE)).ids == ids


async def test_with_restricts_further(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    async with past(tmp_path) as written:
        await written.said(*chatter(ALICE, BOB, 4), (ALICE, ERIN, "for Erin"))
    async with BridgeProcess(tmp_path, ejabberd.settings):
        bob = await login(BOB)
        for address in (ALICES_FACE, f"{ALICES_FACE}/deskbridge", BOB):
            assert (await ask(bob, to=ALICES_FACE, with_=address)).count == 4
        for address in ("erin@directory.acme.test", ERIN, ALICE, CAROLS_FACE):
            page = await ask(bob, to=ALICES_FACE, with_=address)
            assert (page.bodies, page.count, page.complete) == ([], 0, True)


async def test_everything_else_that_archives_answer(bridge: BridgeProcess, login: LogIn) -> None:
    """The face says that it has an archive, and a resource of it is the face too."""
    bob = await login(BOB)
    disco = await request(bob, "<query xmlns='http://jabber.org/protocol/disco#info'/>", to=ALICES_FACE, type="get")
    assert {MAM, f"{MAM}#extended", "urn:xmpp:fulltext:0"} <= {feature.get("var") for feature in disco[0]}
    for payload, type, found in (
        (query(), "get", f"{{{MAM}}}query"),
        (f"<metadata xmlns='{MAM}'/>", "get", f"{{{MAM}}}metadata"),
        (f"<prefs xmlns='{MAM}'/>", "get", f"{{{MAM}}}prefs"),
        (query(), "set", f"{{{MAM}}}fin"),
    ):
        for address in (ALICES_FACE, f"{ALICES_FACE}/deskbridge"):
            answer = await request(bob, payload, to=address, type=type)
            assert (answer[0].tag, answer.get("from")) == (found, address)
    answer = await request(bob, query("<x xmlns='jabber:x:data' type='form'/>"), to=ALICES_FACE)
    assert condition_of(answer) == "bad-request"


class TestWhoMayAsk:
    """P5: who may not write to a face is told that there is none."""

    @pytest.mark.parametrize(
        ("asker", "address", "condition"),
        [
            (ALICE, SUES_FACE, "item-not-found"),
            (DAN, ALICES_FACE, "item-not-found"),
            (ALICE, ALICES_FACE, "item-not-found"),
            (ALICE, "alice.ames@directory.acme.test", "item-not-found"),
            (ALICE, "nobody@agents.acme.test", "item-not-found"),
            (ERIN, BOBS_FACE, "item-not-found"),
            (ALICE, "agents.acme.test", "service-unavailable"),
            (BOB, "alice@agents.globex.test", "forbidden"),
            (ALICE, "bob@directory.globex.test", "forbidden"),
        ],
    )
    async def test_not_here(
        self, bridge: BridgeProcess, login: LogIn, asker: str, address: str, condition: str
    ) -> None:
        client = await login(asker)
        assert condition_of(await request(client, query(), to=address)) == condition

    async def test_while_a_conversation_is_open(self, bridge: BridgeProcess, login: LogIn) -> None:
        """M6: Alice may answer Sue, whom she could not write to on her own; and so may look back on it."""
        alice, sue = await login(ALICE), await login(SUE)
        await sue.say(ALICES_FACE, "How is it going?")
        await alice.expect(message(body="How is it going?"))
        assert (await ask(alice, to=SUES_FACE)).bodies == ["How is it going?"]
        await sue.logout()
        await alice.expect(message(body="ⓘ Sue Shah logged out. This chat has ended."))
        assert condition_of(await request(alice, query(), to=SUES_FACE)) == "item-not-found"

    async def test_a_tenant_whose_sides_are_not_joined(
        self, tmp_path: Path, ejabberd: TestServer, login: LogIn
    ) -> None:
        """M1, M2: mode 1; what was said before stays in the own archive."""
        async with past(tmp_path) as written:
            await written.said(*chatter(ALICE, BOB, 4))
        process = BridgeProcess(tmp_path, ejabberd.settings)
        process.write_config(mode=1)
        async with process:
            alice, bob = await login(ALICE), await login(BOB)
            assert condition_of(await request(alice, query(), to=BOBS_FACE)) == "item-not-found"
            assert condition_of(await request(bob, query(), to=ALICES_FACE)) == "item-not-found"
            assert (await ask(alice)).count == 4


async def test_results_are_not_kept_or_copied(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    """They are no messages of Bob's: his own archive does not get them, nor does his other client."""
    async with past(tmp_path) as written:
        await written.said(*chatter(ALICE, BOB, 5))
    async with BridgeProcess(tmp_path, ejabberd.settings):
        bob, second = await login(BOB), await login(BOB, "second")
        for client in (bob, second):
            await client.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        before = (await ask(bob, max=0)).count
        assert (await ask(bob, to=ALICES_FACE)).count == 5
        assert (await ask(bob, max=0)).count == before
        await second.expect_nothing(message())
        assert not second.take(has_result)
