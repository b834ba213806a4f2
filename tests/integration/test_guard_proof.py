"""The bridge proves at every start, and from then on, that no path leads around it (M7, O4)."""

from pathlib import Path

import aiohttp
import pytest

from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, face
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.server import TestServer
from tests.support.wire import bridge_on_a_wire

DESK = "cc.acme.test"
IN_FORCE, AROUND = f"the guard of {DESK} is in force", f"agents of {DESK} can get around deskbridge"

pytestmark = pytest.mark.usefixtures("empty_rosters")


async def get(bridge: BridgeProcess, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(bridge.web + path) as response:
        return response.status, await response.text()


async def gauge(bridge: BridgeProcess, host: str) -> str:
    """What the metric says of the guard of a desk host."""
    _, text = await get(bridge, "/metrics")
    (line,) = [line for line in text.splitlines() if line.startswith(f'deskbridge_guard_in_force{{host="{host}"}}')]
    return line.rpartition(" ")[2]


async def test_a_guard_that_is_taken_out(ejabberd: TestServer, bridge: BridgeProcess, login: LogIn) -> None:
    """It is not ready, and says where and what to do; messages go on. Back in its place, it is ready again."""
    await bridge.logged(IN_FORCE)
    assert await get(bridge, "/readyz") == (200, "ready\n")
    async with ejabberd.other_guard(DESK):
        await bridge.reload()  # asks at once; otherwise it would take up to a minute
        await bridge.logged(f"ERROR   component.bridge.stream.guard_proof: {AROUND}")
        status, words = await get(bridge, "/readyz")
        assert status == 503
        assert words.startswith(AROUND)
        assert "deskbridge ejabberd-config --part" in words
        assert "globex" not in words, "its guard is in force"
        assert (await gauge(bridge, DESK), await gauge(bridge, "cc.globex.test")) == ("0.0", "1.0")
        bob, alice = await login(BOB), await login(ALICE)
        sent = await bob.say(face(ALICE), "Still there?")
        await alice.expect(message(id=sent))
    await bridge.reload()
    await bridge.logged(IN_FORCE, 2)
    assert await get(bridge, "/readyz") == (200, "ready\n")
    assert await gauge(bridge, DESK) == "1.0"


async def test_a_guard_that_lets_too_much_through(ejabberd: TestServer, bridge: BridgeProcess) -> None:
    """Loaded, but with the Work host among the component hosts."""
    await bridge.logged(IN_FORCE)
    async with ejabberd.other_guard(DESK, "agents.acme.test", "directory.acme.test", "work.acme.test"):
        await bridge.reload()
        await bridge.logged(AROUND)
    await bridge.reload()
    await bridge.logged(IN_FORCE, 2)


async def test_each_new_stream(ejabberd: TestServer, tmp_path: Path) -> None:
    """What held for the last one need not hold any more."""
    async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
        await bridge.logged(IN_FORCE)
        async with ejabberd.other_guard(DESK):
            wire.cut()
            await bridge.logged(AROUND)
        wire.cut()
        await bridge.logged(IN_FORCE, 2)
