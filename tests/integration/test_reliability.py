"""What happens when things break: the bridge, ejabberd, the network, the disk, and clients that mean no good.

(R1 to R4, A5.) A message is *accepted* if it is in the archive and was not withdrawn.
"""

import asyncio
import contextlib
import re
import resource
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element

import aiohttp
import pytest

from tests.support.archive import ask, whole
from tests.support.archived import query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import PING, XmppClient
from tests.support.faces import ALICE, BOB, CAROL, ERIN, SERVICE, face
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import error_of
from tests.support.server import TestServer
from tests.support.storage import held, on_sqlite
from tests.support.stream import StreamClosed
from tests.support.wire import Wire, bridge_on_a_wire

LOST, CONNECTED, READY = "lost the connection", "connected to ejabberd", "ready after"

PAUSE = 0.006
"""Between two messages of one side. Bob's session archives each of both, and falls behind with many more."""


class Side:
    """One of two who chat, and all that became of what this one said."""

    def __init__(self, client: XmppClient, to: str) -> None:
        self.client = client
        self.sent: list[str] = []
        self._to = face(to)

    async def chat(self) -> None:
        """Send numbered messages, one after the other, whatever happens, until cancelled or thrown out."""
        with contextlib.suppress(StreamClosed, OSError):
            while True:
                self.sent.append(await self.client.say(self._to, str(len(self.sent))))
                await asyncio.sleep(PAUSE)

    def refused(self) -> set[str]:
        """The ids that came back."""
        return {got.get("id", "") for got in self.client.received if message(type="error")(got)} & set(self.sent)

    def accepted(self, bridge: BridgeProcess) -> list[str]:
        """The ids of what is in the archive, in its order."""
        mine = set(self.sent)
        kept = query(bridge, "SELECT client_id FROM message WHERE withdrawn_at IS NULL ORDER BY id")
        return [id for id in kept if id in mine]


class Chat:
    """Bob and Carol chat both ways at once, while things break.

    Carol has no Work account: ejabberd would archive copies for it, and the two would be slower for that.
    """

    def __init__(self, bob: XmppClient, carol: XmppClient) -> None:
        self.bob, self.carol = self.sides = Side(bob, CAROL), Side(carol, BOB)
        self._tasks: list[asyncio.Task[None]] = []
        self._in_bobs_archive: list[Element] = []

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(side.chat()) for side in self.sides]

    async def end(self) -> None:
        """Stop, and wait until nothing more comes to anybody."""
        for task in self._tasks:
            task.cancel()
        await self._quiet()
        self.bob.client.forget()  # what came so far is in `received`, too
        self._in_bobs_archive = [result.message for result in await whole(self.bob.client)]

    async def _quiet(self) -> None:
        before = -1
        while before != (now := sum(len(side.client.received) for side in self.sides)):
            before = now
            await asyncio.sleep(0.7)

    def arrived(self, side: Side) -> list[tuple[str, str]]:
        """What this side said and the other got, as often as that got it: the ids given by client and archive. In the
        end first of all what Bob finds in ejabberd's archive, which has some that his client did not get any more."""
        other = self.carol if side is self.bob else self.bob
        mine = set(side.sent)
        archived = self._in_bobs_archive if side is self.carol else []
        came = (got for got in (*archived, *other.client.received) if got.get("id") in mine)
        return [(got.get("id", ""), archive_id(got)) for got in came]

    async def heard(self, more: int = 100) -> None:
        """Wait until each of the two has got so many more messages of the other."""
        enough = {side: len(self.arrived(side)) + more for side in self.sides}
        async with asyncio.timeout(300):
            while any(len(self.arrived(side)) < enough[side] for side in self.sides):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def assert_promises_kept(self, bridge: BridgeProcess, unknown: int = 0) -> None:
        """A5: what was accepted arrived, what was refused did not, in order, and nothing twice under other ids.

        ``unknown`` is the number of messages that may have got to Carol, or not, without anybody knowing.
        """
        for side in self.sides:
            accepted, arrived, refused = side.accepted(bridge), self.arrived(side), side.refused()
            ids = list(dict.fromkeys(id for id, _ in arrived))
            open_to_doubt = unknown if side is self.bob else 0
            assert len(set(accepted) - set(ids)) <= open_to_doubt
            assert len(set(ids) & refused) <= open_to_doubt
            assert [id for id in ids if id not in refused] == [id for id in accepted if id in set(ids)]
            assert accepted == [id for id in side.sent if id in set(accepted)]
            assert len({archived for _, archived in arrived}) == len(ids)

    def assert_nothing_twice_in_bobs_archive(self) -> None:
        assert max(Counter(archive_id(kept) for kept in self._in_bobs_archive if archive_id(kept)).values()) == 1


def archive_id(stanza: Element) -> str:
    """The one that the bridge gave it; a Work user's own archive adds another."""
    ids = {part.get("by", ""): part.get("id", "") for part in stanza.iter("{urn:xmpp:sid:0}stanza-id")}
    return next((id for by, id in ids.items() if not by.endswith("@work.acme.test")), "")


class TestInTheMiddleOfAThousandMessages:
    @pytest.fixture
    async def chat(self, bridge: BridgeProcess, login: LogIn) -> Chat:
        return Chat(await login(BOB), await login(CAROL))

    async def test_the_bridge_is_killed(self, bridge: BridgeProcess, chat: Chat) -> None:
        chat.begin()
        await chat.heard(250)
        await bridge.kill()
        await asyncio.sleep(0.2)
        await bridge.restart()
        await chat.heard(250)
        await chat.end()
        chat.assert_promises_kept(bridge)
        assert chat.bob.refused(), "ejabberd refuses for a bridge that is away"

    async def test_the_bridge_is_stopped(self, bridge: BridgeProcess, chat: Chat) -> None:
        """A clean stop leaves nothing to deliver a second time."""
        chat.begin()
        await chat.heard()
        await bridge.stop()
        await bridge.restart()
        await chat.heard()
        await chat.end()
        chat.assert_promises_kept(bridge)
        assert max(Counter(chat.arrived(chat.bob)).values()) == 1
        live = Counter(got.get("id") for got in chat.bob.client.received if message(type="chat")(got))
        assert max(live.values()) == 1
        chat.assert_nothing_twice_in_bobs_archive()

    async def test_the_connection_is_lost(self, ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            chat = Chat(await login(BOB), await login(CAROL))
            chat.begin()
            for times in (2, 3, 4):
                await chat.heard()
                wire.cut()
                await bridge.logged(READY, times)
            await chat.heard()
            await chat.end()
            chat.assert_promises_kept(bridge)

    async def test_ejabberd_is_restarted(self, ejabberd: TestServer, bridge: BridgeProcess, chat: Chat) -> None:
        """Both are thrown out, come back, and go on.

        What ejabberd was just handling when it stopped may have come through to Carol or not. She finds it in her
        archive, unless ejabberd is not even known to have got it: then it is taken back, and Bob is told.
        """
        chat.begin()
        await chat.heard()
        await ejabberd.server.restart_async()
        await bridge.logged(READY, times=2)
        for side in chat.sides:
            side.client.kill()
            await side.client.login()
        chat.begin()
        await chat.heard()
        await chat.end()
        chat.assert_promises_kept(bridge, unknown=20)
        chat.assert_nothing_twice_in_bobs_archive()

    async def test_ejabberd_is_killed_and_killed_again(
        self, ejabberd: TestServer, bridge: BridgeProcess, chat: Chat
    ) -> None:
        """R3: before all was well again. What Bob's session had not come to is in his archive in the end, once."""
        chat.begin()
        await chat.heard()
        for times in (2, 3):
            await asyncio.to_thread(ejabberd.server.kill)
            await asyncio.to_thread(ejabberd.server.start)
            await bridge.logged(CONNECTED, times)
        await ready_since_connected(bridge)
        for side in chat.sides:
            side.client.kill()
            await side.client.login()
        await chat.end()
        chat.assert_promises_kept(bridge, unknown=1000)
        chat.assert_nothing_twice_in_bobs_archive()

    async def test_the_bridge_and_ejabberd_are_killed(
        self, ejabberd: TestServer, bridge: BridgeProcess, chat: Chat
    ) -> None:
        """R3: what is on disk tells what ejabberd may have lost."""
        chat.begin()
        await chat.heard()
        await asyncio.to_thread(ejabberd.server.kill)
        await bridge.kill()
        await asyncio.to_thread(ejabberd.server.start)
        await bridge.restart()
        for side in chat.sides:
            side.client.kill()
            await side.client.login()
        await chat.end()
        chat.assert_promises_kept(bridge, unknown=1000)
        chat.assert_nothing_twice_in_bobs_archive()

    async def test_the_directory_is_reloaded(self, bridge: BridgeProcess, chat: Chat) -> None:
        """D1"""
        chat.begin()
        for _ in range(5):
            await chat.heard(20)
            await bridge.reload()
        await chat.end()
        chat.assert_promises_kept(bridge)
        assert not chat.bob.refused() | chat.carol.refused()
        assert bridge.count("process: reloaded") == 5


async def ready_since_connected(bridge: BridgeProcess) -> None:
    """Wait until the bridge is ready on its newest connection."""
    async with asyncio.timeout(120):
        while (log := bridge.log.read_text()).rfind(READY) < log.rfind(CONNECTED):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class TestConnecting:
    """R3: by itself, with growing pauses that chance keeps apart."""

    async def test_waits_for_an_ejabberd_that_starts_later(self, ejabberd: TestServer, tmp_path: Path) -> None:
        bridge = BridgeProcess(tmp_path, ejabberd.settings)
        await asyncio.to_thread(ejabberd.server.stop)
        try:
            await bridge.start(wait=False)
            await bridge.logged("no connection to ejabberd", times=3)
            assert "does ejabberd run, and listen there?" in bridge.log.read_text()
            await asyncio.to_thread(ejabberd.server.start)
            await bridge.logged(READY)
            assert_bounded_pauses(bridge)
        finally:
            await bridge.stop()
            await asyncio.to_thread(ejabberd.server.start)

    async def test_says_what_to_do_about_a_wrong_secret(self, ejabberd: TestServer, tmp_path: Path) -> None:
        wrong = replace(ejabberd.settings, xmpp=replace(ejabberd.settings.xmpp, secret="guessed"))
        bridge = BridgeProcess(tmp_path, wrong)
        await bridge.start(wait=False)
        try:
            await bridge.logged("no connection to ejabberd", times=3)
            log = bridge.log.read_text()
            assert "refuses the component" in log
            assert "deskbridge ejabberd-config" in log
            assert "guessed" not in log
            assert_bounded_pauses(bridge)
        finally:
            await bridge.stop()

    async def test_stops_at_once_without_a_connection(self, ejabberd: TestServer, tmp_path: Path) -> None:
        nowhere = replace(ejabberd.settings, xmpp=replace(ejabberd.settings.xmpp, port=9))
        bridge = BridgeProcess(tmp_path, nowhere)
        await bridge.start(wait=False)
        await bridge.logged("no connection to ejabberd")
        async with asyncio.timeout(90):
            await bridge.stop()

    @pytest.mark.long
    async def test_notices_a_connection_that_died_without_a_word(
        self, ejabberd: TestServer, tmp_path: Path, login: LogIn
    ) -> None:
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            bob, alice = await login(BOB), await login(ALICE)
            wire.freeze()
            await bridge.logged("nothing has come from it", seconds=60)
            wire.thaw()
            await bridge.logged(READY, times=2)
            await bob.say(face(ALICE), "Back again?")
            await alice.expect(message(body="Back again?"))


def assert_bounded_pauses(bridge: BridgeProcess) -> None:
    """Each is between half and all of a delay that doubles from half a second to half a minute."""
    pauses = [float(seconds) for seconds in re.findall(r"trying again in ([\d.]+) s", bridge.log.read_text())]
    for number, pause in enumerate(pauses):
        delay = min(30, 0.5 * 2**number)
        assert 0.5 * delay - 0.06 <= pause <= delay + 0.06


class TestAnAgentWhoIsGone:
    """M1, A5: between the check and the delivery."""

    async def test_has_the_message_taken_back(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Alice's network is lost; until her session times out she counts as logged in."""
        bob, alice = await login(BOB), await login(ALICE, resumable=True, resume_seconds=1)
        await bob.say(face(ALICE), "Before")
        await alice.expect(message(body="Before"))
        for _ in range(2):  # after the second answer, ejabberd has her acknowledgement
            await alice.request(f"<iq type='get'><ping xmlns='{PING}'/></iq>")
        alice.kill()
        sent = await bob.say(face(ALICE), "Hello?")
        answer = await bob.expect(message(id=sent))
        assert (answer.get("type"), answer.get("from")) == ("error", face(ALICE))
        assert error_of(answer) == "wait/recipient-unavailable"
        assert query(bridge, "SELECT body FROM message WHERE withdrawn_at IS NOT NULL") == ["Hello?"]
        assert query(bridge, "SELECT body FROM message WHERE withdrawn_at IS NULL") == ["Before"]

    async def test_can_be_sent_the_same_message_again(self, bridge: BridgeProcess, login: LogIn) -> None:
        """The retry of a client, under the same id, is a new message if the first try was taken back."""
        bob, alice = await login(BOB), await login(ALICE, resumable=True, resume_seconds=1)
        alice.kill()
        text = f"<message to='{face(ALICE)}' type='chat' id='again'><body>Hello?</body></message>"
        await bob.send(text)
        await bob.expect(message(id="again", error="recipient-unavailable"))
        await alice.login()
        await bob.send(text)
        await alice.expect(message(id="again", body="Hello?"))

    async def test_in_one_of_two_places_gets_it_in_the_other(self, bridge: BridgeProcess, login: LogIn) -> None:
        bob = await login(BOB)
        desk, phone = await login(ALICE, "desk"), await login(ALICE, "phone", resumable=True, resume_seconds=1)
        phone.kill()
        sent = await bob.say(face(ALICE), "Where are you?")
        await desk.expect(message(id=sent))
        await bob.expect_nothing(message(id=sent), seconds=2)
        assert query(bridge, "SELECT count(*) FROM message WHERE withdrawn_at IS NOT NULL") == [0]
        archive_ids = {archive_id(got) for got in desk.received if got.get("id") == sent}
        assert len(archive_ids) == 1

    async def test_cannot_be_feigned(self, bridge: BridgeProcess, login: LogIn) -> None:
        """R1: an agent's client knows the archive id, and may claim that the message never arrived.

        Under its own addresses it can; for a foreign one ejabberd throws it out.
        """
        bob, alice = await login(BOB), await login(ALICE)
        sent = await bob.say(face(ALICE), "Read this")
        got = await alice.expect(message(id=sent))
        for sender in ("", f" from='{ALICE}'", f" from='{ALICE}/test'", " from='cc.acme.test'"):
            await alice.send(
                f"<message to='{face(BOB)}' type='error' id='{sent}'{sender}><body>Read this</body>"
                f"<stanza-id xmlns='urn:xmpp:sid:0' by='{ALICE}' id='{archive_id(got)}'/><error type='cancel'>"
                "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            )
        await bob.expect_nothing(message(id=sent))
        assert query(bridge, "SELECT count(*) FROM message WHERE withdrawn_at IS NOT NULL") == [0]

    async def test_is_told_of_to_a_colleague_who_was_gone_too(
        self, ejabberd: TestServer, tmp_path: Path, login: LogIn
    ) -> None:
        """R3. ejabberd dies before it got a message that was accepted. Carol learns of it when she is back."""
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            carol, alice = await login(CAROL), await login(ALICE)
            sent = await lost_with_ejabberd(ejabberd, wire, bridge, carol)
            for client in (alice, carol):
                client.kill()
                await client.login()
            await carol.expect(message(id=sent, type="error", error="recipient-unavailable"))
            await alice.expect_nothing(message())

    async def test_finds_in_the_history_what_may_have_been_shown_before_ejabberd_died(
        self, ejabberd: TestServer, tmp_path: Path, login: LogIn
    ) -> None:
        """A5: nobody can tell whether ejabberd got it, so Bob is not told that it was refused."""
        async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
            bob, alice = await login(BOB), await login(ALICE)
            sent = await lost_with_ejabberd(ejabberd, wire, bridge, bob)
            for client in (alice, bob):
                client.kill()
                await client.login()
            assert (await ask(alice)).bodies == ["Just now"]
            await bob.expect_nothing(message(id=sent))


async def lost_with_ejabberd(ejabberd: TestServer, wire: Wire, bridge: BridgeProcess, sender: XmppClient) -> str:
    """A message to Alice that the bridge accepts, and that never gets to an ejabberd which dies."""
    wire.hold_back()
    sent = await sender.say(face(ALICE), "Just now")
    await archived(bridge, "Just now")
    await asyncio.to_thread(ejabberd.server.kill)
    await asyncio.to_thread(ejabberd.server.start)
    wire.cut()
    wire.thaw()
    await bridge.logged(READY, times=2)
    return sent


async def archived(bridge: BridgeProcess, body: str) -> None:
    async with asyncio.timeout(90):
        while not query(bridge, "SELECT 1 FROM message WHERE body = ?", body):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@on_sqlite
class TestAFullDisk:
    """R3"""

    async def test_costs_the_senders_an_error_and_nothing_else(self, bridge: BridgeProcess, login: LogIn) -> None:
        """The files may not grow any more, until they may again."""
        bob, alice = await login(BOB), await login(ALICE)
        await bob.say(face(ALICE), "Before")
        await alice.expect(message(body="Before"))
        with full_disk(bridge):
            refused = [await bob.say(face(ALICE), "x" * 10_000) for _ in range(30)]
            for sent in refused:
                answer = await bob.expect(message(id=sent))
                assert error_of(answer) == "wait/resource-constraint"
            await alice.expect_nothing(message())
        await bob.say(face(ALICE), "After")
        await alice.expect(message(body="After"))
        assert bridge.count(READY) == 1


@contextmanager
def full_disk(bridge: BridgeProcess) -> Iterator[None]:
    """What deskbridge writes cannot get longer than it is."""
    _, hard = resource.prlimit(bridge.pid, resource.RLIMIT_FSIZE)
    size = (bridge.folder / "deskbridge.db-wal").stat().st_size
    assert size > 2 * bridge.log.stat().st_size
    resource.prlimit(bridge.pid, resource.RLIMIT_FSIZE, (size, hard))
    yield
    resource.prlimit(bridge.pid, resource.RLIMIT_FSIZE, (hard, hard))


class TestALockedDatabase:
    """R3"""

    async def test_costs_every_sender_an_error_until_it_is_free_again(
        self, bridge: BridgeProcess, login: LogIn
    ) -> None:
        bob, erin, alice = await login(BOB), await login(ERIN), await login(ALICE)
        for sender in (bob, erin):
            await sender.say(face(ALICE), "Before")
            await alice.expect(message(body="Before"))
        with held(bridge.storage):
            for _ in range(3):
                sent = [(sender, await sender.say(face(ALICE), "Now")) for sender in (bob, erin) for _ in range(20)]
                for sender, id in sent:
                    assert error_of(await sender.expect(message(id=id))) == "wait/resource-constraint"
            await alice.expect_nothing(message())
        for sender in (bob, erin):
            await sender.say(face(ALICE), "After")
            await alice.expect(message(body="After"))
        assert bridge.count(READY) == 1


@on_sqlite
class TestFilesThatAreDeletedWhileItRuns:
    """R3: deskbridge notices, says so, and goes on if it can."""

    @pytest.mark.parametrize("suffix", ["", "-wal"])
    async def test_nothing_that_was_accepted_is_lost(self, bridge: BridgeProcess, login: LogIn, suffix: str) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await bob.say(face(ALICE), "Before")
        await alice.expect(message(body="Before"))
        (bridge.folder / f"deskbridge.db{suffix}").unlink()
        await bridge.logged("nothing is lost, and deskbridge goes on")
        await bob.say(face(ALICE), "After")
        await alice.expect(message(body="After"))
        await bridge.kill()
        await bridge.restart()
        assert (await ask(alice)).bodies == ["Before", "After"]

    async def test_a_database_that_is_replaced_needs_an_operator(self, bridge: BridgeProcess, login: LogIn) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await bob.say(face(ALICE), "Before")
        await alice.expect(message(body="Before"))
        other = bridge.folder / "other.db"
        other.write_bytes(b"")
        other.rename(bridge.folder / "deskbridge.db")
        await bridge.logged("was replaced while deskbridge runs")
        sent = await bob.say(face(ALICE), "After")
        assert error_of(await bob.expect(message(id=sent))) == "wait/resource-constraint"
        async with aiohttp.ClientSession() as http, http.get(f"{bridge.web}/readyz") as answer:
            assert answer.status == 503
            assert "was replaced while deskbridge runs" in await answer.text()
        (saved,) = bridge.folder.glob("deskbridge.db.saved-*")
        with closing(sqlite3.connect(saved)) as database:
            assert database.execute("SELECT body FROM message").fetchall() == [("Before",)]


MONSTERS = {
    "deep": "<body>x</body>" + "<a xmlns='deep'>" * 20_000 + "</a>" * 20_000,
    "huge-body": f"<body>{'x' * 240_000}</body>",
    "body-that-grows-when-written": f"<body>{'&gt;' * 19_000}</body>",
    "huge-id": f'<body>x</body><origin-id xmlns="urn:xmpp:sid:0" id="{"&apos;" * 60_000}"/>',
    "huge-thread": f"<body>x</body><thread>{'&gt;' * 60_000}</thread>",
    "attributes": "<body " + " ".join(f"a{n}='x'" for n in range(10_000)) + ">x</body>",
    "bodies": "".join(f"<body xml:lang='l{n}'>x</body>" for n in range(5_000)),
    "children": "<body>x</body>" + "<x xmlns='junk'/>" * 10_000,
    "odd-characters": "<body>\ufffd\u202e\U0010ffff&#x9;&#xD;</body>",
}
"""What a message may be full of."""


class TestClientsThatMeanNoGood:
    """R2: whatever one of them sends, the others chat on, and nobody loses the stream."""

    @pytest.fixture
    async def mallory(self, bridge: BridgeProcess, login: LogIn) -> XmppClient:
        """A Work user in the directory, so that what comes from there is looked at."""
        return await login("lena@work.acme.test")

    @pytest.fixture(autouse=True)
    async def alice(self, bridge: BridgeProcess, login: LogIn) -> AsyncIterator[XmppClient]:
        """She and Bob chat on."""
        bob, alice = await login(BOB), await login(ALICE)
        yield alice
        async with asyncio.timeout(90):
            await bob.say(face(ALICE), "Business as usual")
            await alice.expect(message(body="Business as usual"))
        assert (bridge.count(CONNECTED), bridge.count(LOST)) == (1, 0)

    async def test_monstrous_messages(self, bridge: BridgeProcess, mallory: XmppClient, alice: XmppClient) -> None:
        """What gets through arrives, and what cannot is not kept as if it had."""
        for name, content in MONSTERS.items():
            for number in range(5):
                id = f"{name}-{number}"
                await mallory.send(f"<message to='{face(ALICE)}' type='chat' id='{id}'>{content}</message>")
            await mallory.say(face(ALICE), f"That was {name}")
            await alice.expect(message(body=f"That was {name}"))
        await ticked_off(bridge)
        arrived = [got for got in alice.received if message(type="chat")(got)]
        assert query(bridge, "SELECT count(*) FROM message WHERE withdrawn_at IS NULL") == [len(arrived)]

    async def test_an_id_that_makes_answers_too_large(self, mallory: XmppClient) -> None:
        """The answer repeats the id, in which each quote takes six bytes instead of one."""
        id = "'" * 200_000
        await mallory.send(f'<message to="nobody@agents.acme.test" type="chat" id="{id}"><body>x</body></message>')
        await mallory.send(f'<iq to="{face(ALICE)}" type="get" id="{id}"><query xmlns="jabber:iq:last"/></iq>')
        await mallory.send(f'<message to="{face(ALICE)}" type="chat" id="{id}"><body>x</body></message>')

    async def test_impossible_addresses(self, mallory: XmppClient) -> None:
        for local_part in ("", "%20", "a" * 1023, "chat-1", "alice%40agents", "..", "ａｌｉｃｅ", "\U0001f600"):
            for rest in ("", "/", "/" + "r" * 1023, "/\u202e"):
                to = f"to='{local_part}@agents.acme.test{rest}'"
                await mallory.send(
                    f"<message {to}><body>x</body></message><presence {to}/><iq {to} type='get' id='x'/>"
                )

    async def test_floods(self, mallory: XmppClient, login: LogIn) -> None:
        """Erin's messages arrive one by one while other things come in without end."""
        erin, carol = await login(ERIN), await login("carol@cc.acme.test")
        await erin.say(face(carol.account), "0")
        await carol.expect(message(body="0"))
        flood = asyncio.create_task(send_everything(mallory))
        await asyncio.sleep(0.5)
        for number in range(1, 6):
            await erin.say(face(carol.account), str(number))
            await carol.expect(message(body=str(number)))
        assert not flood.done()
        flood.cancel()
        mallory.kill()


async def send_everything(client: XmppClient) -> None:
    """As fast as the server takes it: presence that changes, subscriptions that come and go, requests, texts."""
    client.go_silent()
    for number in count():
        address = f"{face(ALICE)}/{number}"
        await client.send(
            f"<presence><show>{'dnd' if number % 2 else 'away'}</show></presence>"
            f"<presence to='{face(ALICE)}' type='subscribe'/><presence to='{face(ALICE)}' type='unsubscribe'/>"
            f"<presence to='{SERVICE}' type='{'unavailable' if number % 2 else 'probe'}'/>"
            f"<iq to='{address}' type='get' id='{number}'><query xmlns='jabber:iq:last'/></iq>"
            f"<message to='{address}' id='{number}' type='chat'><body>{number}</body></message>"
        )
