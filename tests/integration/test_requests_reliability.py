"""R5: no request stays without an answer, whatever becomes of the stream, of deskbridge, or of the database."""

import asyncio
import base64
import os
from pathlib import Path

import pytest

from tests.integration.messages.test_requests import SERVICE, VCARD, answers, ask_at_once, get, history
from tests.support.archive import MAM, rsm
from tests.support.archived import query
from tests.support.bridge import PEOPLE, READY, BridgeProcess
from tests.support.client import PING
from tests.support.log_ins import LogIn
from tests.support.matching import iq
from tests.support.past import face
from tests.support.scripts import error_of, talk
from tests.support.server import TestServer
from tests.support.storage import held
from tests.support.wire import bridge_on_a_wire

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
COMMAND = "<command xmlns='http://jabber.org/protocol/commands' node='my-conversations'/>"


def command() -> str:
    return f"<iq type='set' to='{SERVICE}'>{COMMAND}</iq>"


async def archived(bridge: BridgeProcess, body: str) -> None:
    """What its sender had sent before has come, too."""
    async with asyncio.timeout(90):
        while not query(bridge, "SELECT 1 FROM message WHERE body = ?", body):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.long
async def test_cards_with_pictures(ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
    """R2, R6: 40 MB for one client, all of it, and a neighbour's chat beside it."""
    picture = b"\x89PNG\r\n\x1a\n" + os.urandom(60_000)
    process = BridgeProcess(tmp_path, ejabberd.settings)
    (tmp_path / "alice.png").write_bytes(picture)
    process.write_people("acme", PEOPLE.replace('agent = "alice"\n', 'agent = "alice"\nphoto = "alice.png"\n'))
    async with process:
        bob, alice, carol = await login(BOB), await login(ALICE), await login("carol@cc.acme.test")
        await talk(carol, alice, face(ALICE))
        ids = await ask_at_once(bob, [get(face(ALICE), VCARD)] * 500)
        for _ in range(20):
            await talk(carol, alice, face(ALICE))
        for answer in await answers(bob, ids):
            assert base64.b64decode(answer.findtext(".//{vcard-temp}BINVAL") or "") == picture


async def test_the_stream_is_lost(ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
    """Answers that were on the way go with it, and what waits is answered on the next one."""
    async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
        alice, _ = await login(ALICE), await login(BOB)
        wire.hold_back()
        asked = [get(face(BOB), VCARD), f"<iq type='get' to='{SERVICE}'><ping xmlns='{PING}'/></iq>", command()]
        ids = await ask_at_once(alice, [*asked * 10, *[history(rsm(max=1))] * 30])
        await alice.say(face(BOB), "All of that has come")
        await archived(bridge, "All of that has come")
        wire.cut()
        wire.thaw()
        await bridge.logged(READY, times=2)
        for answer in await answers(alice, ids):
            assert answer.get("type") == "result" or error_of(answer).startswith("wait/")
        # And all is well again.
        assert (await alice.request(history(rsm(max=1)))).find(f"{{{MAM}}}fin") is not None


async def test_deskbridge_stops_while_the_disk_is_busy(bridge: BridgeProcess, login: LogIn) -> None:
    """Answers that cannot be given any more are refusals, before the stream ends."""
    alice = await login(ALICE)
    with held(bridge.storage):
        ids = await ask_at_once(alice, [*[command()] * 20, *[history()] * 20])
        # Refused at once, so all that came before it is there.
        unknown = await alice.say("nobody@agents.acme.test", "?")
        await alice.expect(lambda stanza: stanza.get("id") == unknown)
        await bridge.stop()
        for answer in await answers(alice, ids):
            assert answer.get("type") == "result" or error_of(answer).startswith("wait/")


async def test_the_end_of_a_busy_day(bridge: BridgeProcess, login: LogIn) -> None:
    """Everything that has come is answered before deskbridge leaves."""
    bob = await login(BOB)
    ids = await ask_at_once(bob, [get(face(ALICE), VCARD)] * 500)
    unknown = await bob.say("nobody@agents.acme.test", "?")
    await bob.expect(lambda stanza: stanza.get("id") == unknown)
    await bridge.stop()
    assert all(iq(sender=face(ALICE))(answer) for answer in await answers(bob, ids))
