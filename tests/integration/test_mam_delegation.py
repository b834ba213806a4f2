"""A6, R1, R2: agents' own accounts answer archive queries through deskbridge, and nobody else's questions are answered
(XEP-0355, XEP-0356), on a real ejabberd."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from component.bridge.state.state import open_state
from component.bridge.stream.grants import Grants
from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Limits
from component.store.api import Store
from component.xml import parse
from tests.support.archive import MAM, ask, has_result, query, request, rsm
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import condition_of, iq, message
from tests.support.past import chatter, past
from tests.support.server import TestServer, make_tenant, running_ejabberd

ACME, GLOBEX = (make_tenant(name, Path()) for name in ("acme", "globex"))
ALICE, CAROL, FAY, GUS, HAL, IDA, JO, KIM = (
    f"{name}@cc.acme.test" for name in ("alice", "carol", "fay", "gus", "hal", "ida", "jo", "kim")
)
BOB = "bob@work.acme.test"
FAYS_FACE, GUS_FACE, HALS_FACE = (f"{name}@agents.acme.test" for name in ("fay", "gus", "hal"))
BOBS_FACE = "bob@directory.acme.test"
SERVICE, DESK, WORK = "agents.acme.test", "cc.acme.test", "work.acme.test"

DISCO = "http://jabber.org/protocol/disco#info"
FEATURES = {MAM, f"{MAM}#extended", "urn:xmpp:fulltext:0", "urn:xmpp:sid:0"}


AGENT = '\n[[people]]\nname = "{0} Gray"\nagent = "{0}"\n'
LONG = [f"{number} " + "x" * 15_000 for number in range(1, 81)]
LESS_LONG = [f"{number} " + "x" * 5_000 for number in range(100)]


@pytest.fixture(scope="module")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """One for all tests here. Earlier runs left a message of Bob's for Alice, one for Carol, and long chats of Ida, Jo
    and Kim; Fay, Gus and Hal have said nothing."""
    process = BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings)
    process.write_people("acme", PEOPLE + "".join(map(AGENT.format, ("fay", "gus", "hal", "ida", "jo", "kim"))))
    async with past(process.folder) as written:
        await written.said((BOB, CAROL, "for Carol"), (BOB, ALICE, "for Alice"), *chatter(IDA, BOB, 250))
        await written.said(*((BOB, JO, body) for body in LONG), *((BOB, KIM, body) for body in LESS_LONG))
    async with process:
        yield process


async def features(client: XmppClient, address: str) -> set[str | None]:
    answer = await request(client, f"<query xmlns='{DISCO}'/>", to=address, type="get")
    return {feature.get("var") for feature in answer.iter(f"{{{DISCO}}}feature")}


def delegated(asker: str, account: str, host: str = DESK) -> str:
    """What ``host`` would send if ``asker`` asked ``account`` for history."""
    return (
        f"<iq from='{host}' to='{SERVICE}' id='d1' type='set'><delegation xmlns='urn:xmpp:delegation:1'>"
        f"<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' from='{asker}' to='{account}' id='m1' "
        f"type='set'>{query()}</iq></forwarded></delegation></iq>"
    )


class TestOffer:
    """XEP-0313 §7"""

    async def test_accounts_have_archives(self, bridge: BridgeProcess, login: LogIn) -> None:
        """The own account says so; its server has no archive of its own and does not claim one (D3)."""
        alice = await login(ALICE)
        assert await features(alice, ALICE) >= FEATURES
        # The plain feature ejabberd itself adds for whatever is delegated.
        assert not await features(alice, DESK) & (FEATURES - {MAM})

    async def test_each_tenant_has_its_own(self, bridge: BridgeProcess, login: LogIn) -> None:
        alice = await login("alice@cc.globex.test")
        assert await features(alice, alice.account) >= FEATURES
        assert (await ask(alice)).complete

    async def test_before_the_first_presence(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Clients catch up before they show themselves."""
        alice = await login(ALICE, available=False)
        assert (await ask(alice)).bodies == ["for Alice"]


class TestOthersArchives:
    """Nobody reads another one's history."""

    @pytest.mark.parametrize("address", [CAROL, f"{CAROL}/test", BOB, "alice.ames@work.acme.test"])
    async def test_of_another_account(self, bridge: BridgeProcess, login: LogIn, address: str) -> None:
        alice = await login(ALICE)
        assert condition_of(await request(alice, query(), to=address)) == "forbidden"

    async def test_of_the_server(self, bridge: BridgeProcess, login: LogIn) -> None:
        alice = await login(ALICE)
        for payload in (query(), f"<metadata xmlns='{MAM}'/>"):
            answer = await request(alice, payload, to=DESK)
            assert condition_of(answer) == "forbidden"

    async def test_of_an_agent_by_a_work_user(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Also by the same person: their two accounts are two (AD1)."""
        await login(ALICE)
        for account in (BOB, "alice.ames@work.acme.test"):
            client = await login(account)
            assert condition_of(await request(client, query(), to=ALICE)) == "forbidden"

    async def test_by_somebody_who_is_not_in_the_directory(self, bridge: BridgeProcess, login: LogIn) -> None:
        stranger = await login("stranger@cc.acme.test")
        assert condition_of(await request(stranger, query())) == "forbidden"

    @pytest.mark.parametrize("older", ["urn:xmpp:mam:tmp", "urn:xmpp:mam:0", "urn:xmpp:mam:1"])
    async def test_by_an_older_protocol(self, bridge: BridgeProcess, login: LogIn, older: str) -> None:
        """A1: ejabberd itself must have nothing to answer with, which it would, past the window."""
        alice = await login(ALICE)
        for type in ("get", "set"):
            answer = await request(alice, f"<query xmlns='{older}' queryid='q'/>", type=type)
            assert condition_of(answer) == "service-unavailable"
        await alice.expect_nothing(message())


class TestForgeries:
    """R1: only the desk host itself hands requests over, and only it grants."""

    async def test_by_a_client(self, bridge: BridgeProcess, login: LogIn) -> None:
        alice, carol = await login(ALICE), await login(CAROL)
        for account in (ALICE, CAROL):
            forged = delegated(f"{account}/test", account).replace(f"from='{DESK}' ", "", 1)
            await alice.send(forged)
            answer = await alice.expect(iq(id="d1"))
            assert condition_of(answer) == "service-unavailable"
        await alice.expect_nothing(has_result)
        await carol.expect_nothing(has_result)

    async def test_a_grant_by_a_client(self, bridge: BridgeProcess, login: LogIn) -> None:
        """It would change the way results are sent."""
        fay, bob = await login(FAY), await login(BOB)
        grant = "<privilege xmlns='urn:xmpp:privilege:9'><perm access='message' type='outgoing'/></privilege>"
        for version in (1, 2, 9):
            await bob.send(f"<message to='{SERVICE}'>{grant.replace('9', str(version), 1)}</message>")
        await bob.say(FAYS_FACE, "Hello")
        await fay.expect(message(body="Hello"))
        assert (await ask(fay)).bodies == ["Hello"]

    @pytest.mark.parametrize(
        ("host", "asker", "account"),
        [
            (WORK, f"{BOB}/test", BOB),
            (WORK, f"{ALICE}/test", ALICE),
            ("cc.globex.test", f"{ALICE}/test", ALICE),
            (DESK, f"{ALICE}/test", CAROL),
            (DESK, f"{BOB}/test", BOB),
            (DESK, "alice@cc.globex.test/test", "alice@cc.globex.test"),
            (DESK, "@@", ALICE),
            (DESK, "", ""),
        ],
    )
    async def test_by_a_host(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn, host: str, asker: str, account: str
    ) -> None:
        """As if that host had been set up to delegate, or ejabberd had let through what it should not."""
        alice, carol, bob = await login(ALICE), await login(CAROL), await login(BOB)
        stanza = delegated(asker, account, host)
        async with ejabberd.api() as api:
            await api.call("send_stanza", {"from": host, "to": SERVICE, "stanza": stanza})
        for client in (alice, carol, bob):
            await client.expect_nothing(has_result)
        assert (await ask(alice)).bodies == ["for Alice"]
        assert "Traceback" not in bridge.log.read_text()


def grant(host: str, version: int, to: str = SERVICE) -> Element:
    return parse(
        f"<message from='{host}' to='{to}'><privilege xmlns='urn:xmpp:privilege:{version}'>"
        "<perm access='message' type='outgoing'/></privilege></message>"
    )


def delegation(host: str) -> Element:
    return parse(
        f"<message from='{host}' to='{SERVICE}'><delegation xmlns='urn:xmpp:delegation:1'>"
        f"<delegated namespace='{MAM}'/></delegation></message>"
    )


class TestGrants:
    """What ejabberd says after connecting, and whom it is believed."""

    @pytest.fixture
    async def grants(self, tmp_path: Path) -> AsyncIterator[Grants]:
        store = await Store.open(f"sqlite:///{tmp_path / 'deskbridge.db'}")
        world = World.of([(tenant, make_directory([])) for tenant in (ACME, GLOBEX)])
        yield Grants(await open_state(Limits(), world, store))
        await store.close()

    async def test_each_host_for_itself(self, grants: Grants) -> None:
        """In the namespace in which it spoke."""
        assert grants.take(grant(DESK, 1))
        assert grants.take(grant(WORK, 2))
        assert grants.outgoing(DESK) == "urn:xmpp:privilege:1"
        assert grants.outgoing(WORK) == "urn:xmpp:privilege:2"
        assert grants.outgoing("cc.globex.test") is None
        grants.forget()
        assert grants.outgoing(DESK) is None

    @pytest.mark.parametrize(
        ("sender", "receiver"),
        [
            (ALICE, SERVICE),
            (f"{ALICE}/test", SERVICE),
            ("agents.acme.test", SERVICE),
            ("example.org", SERVICE),
            ("cc.globex.test", SERVICE),
            (DESK, "directory.acme.test"),
        ],
    )
    async def test_nobody_else(self, grants: Grants, sender: str, receiver: str) -> None:
        """AD4, R1"""
        assert not grants.take(grant(sender, 2, receiver))
        assert grants.outgoing(sender) is None

    async def test_what_is_missing_is_said(
        self, grants: Grants, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("component.bridge.stream.grants.PATIENCE_SECONDS", 0.01)
        grants.expect()
        for host in (DESK, "cc.globex.test"):
            grants.take(grant(host, 2, f"agents.{host.removeprefix('cc.')}"))
        grants.take(delegation(DESK))
        await asyncio.sleep(0.05)
        (line,) = caplog.messages
        assert "agents of cc.globex.test cannot read their history" in line


class TestConnections:
    """Grants belong to one stream."""

    async def test_deskbridge_restarts(self, bridge: BridgeProcess, login: LogIn) -> None:
        """While it is away, there is an error at once; afterwards all is as before."""
        gus, bob = await login(GUS), await login(BOB)
        await bob.say(GUS_FACE, "Hello")
        await gus.expect(message(body="Hello"))
        await bridge.stop()
        assert condition_of(await request(gus, query())) == "service-unavailable"
        await bridge.restart()
        assert (await ask(gus)).bodies == ["Hello"]

    async def test_ejabberd_restarts(self, tmp_path: Path) -> None:
        with running_ejabberd() as own:
            async with past(tmp_path) as written:
                await written.said((BOB, ALICE, "Hello"))
            async with BridgeProcess(tmp_path, own.settings) as process:
                await own.register(ALICE)
                await own.server.restart_async()
                await process.logged("ready after", times=2, seconds=60)
                async with await own.client(ALICE) as alice:
                    assert (await ask(alice)).bodies == ["Hello"]


class TestLoad:
    """R2: many questions and large answers slow down nobody else."""

    async def test_many_questions_at_once(self, bridge: BridgeProcess, login: LogIn) -> None:
        """A client that asks for each of its chats gets each page whole, one after the other."""
        ida = await login(IDA)
        await asyncio.gather(*(ask(ida, queryid=f"q{n}", max=10, with_=BOBS_FACE) for n in range(40)))
        came = [stanza.find(f"{{{MAM}}}result").get("queryid") for stanza in ida.received if has_result(stanza)]
        assert came == [f"q{n}" for n in range(40) for _ in range(10)]

    async def test_too_many_questions_at_once(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Beyond what any client does, some are refused, and none is left without an answer."""
        alice = await login(ALICE)
        answers = await asyncio.gather(*(request(alice, query()) for _ in range(500)))
        conditions = [condition_of(answer) for answer in answers]
        assert set(conditions) <= {None, "resource-constraint"}
        assert conditions.count(None) >= 50
        assert (await ask(alice)).complete

    async def test_more_than_a_page_can_hold(self, bridge: BridgeProcess, login: LogIn) -> None:
        """XEP-0313 §4.3.1: 100 at most, 50 if the client does not say; it is told that there is more."""
        ida = await login(IDA)
        page = await ask(ida)
        assert (len(page.results), page.count, page.complete) == (50, 250, False)
        found: list[str | None] = []
        sizes: list[int] = []
        after: str | None = None
        while len(found) < 250:
            page = await ask(ida, max=1000, after=after)
            found += page.bodies
            sizes.append(len(page.results))
            after = page.last
        assert found == [f"message {number}" for number in range(1, 251)]
        assert (sizes, page.complete) == ([100, 100, 50], True)

    async def test_very_long_messages(self, bridge: BridgeProcess, login: LogIn) -> None:
        """The server cuts the page; paging on gives all of them, once and in order, either way."""
        jo = await login(JO)
        page = await ask(jo, max=100)
        assert 1 < len(page.bodies) < 80 and not page.complete
        found = page.bodies
        while not page.complete:
            page = await ask(jo, max=100, after=page.last)
            found += page.bodies
        assert found == LONG
        page = await ask(jo, max=100, before="")
        found = page.bodies
        while not page.complete:
            page = await ask(jo, max=100, before=page.first)
            found = page.bodies + found
        assert found == LONG

    async def test_chat_goes_on(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Two people chat while another reads large pages all the time."""
        hal, jo, bob = await login(HAL), await login(JO), await login(BOB)
        reading = asyncio.create_task(self._read_on(jo))
        for number in range(50):
            await bob.say(HALS_FACE, f"message {number}")
            await hal.expect(message(body=f"message {number}"))
        assert not reading.done()
        reading.cancel()

    async def _read_on(self, client: XmppClient) -> None:
        while True:
            await asyncio.gather(*(ask(client) for _ in range(5)), return_exceptions=True)

    async def test_a_client_that_vanishes(self, bridge: BridgeProcess, login: LogIn) -> None:
        """In the middle of its pages; the next one gets its own, and nobody gets the rest."""
        for _ in range(5):
            kim = await login(KIM, "gone")
            for _ in range(10):
                await kim.send(f"<iq type='set' id='last'>{query(rsm(max=100), queryid='lost')}</iq>")
            kim.kill()
        kim = await login(KIM)
        await ask(kim, max=0)
        # ejabberd gives what was on its way to a client that is gone to the others.
        kim.forget()
        page = await ask(kim, max=10)
        assert [result.queryid for result in page.results] == ["q1"] * 10
        await kim.expect_nothing(has_result)
        assert "Traceback" not in bridge.log.read_text()
