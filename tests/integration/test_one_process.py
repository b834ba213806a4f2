"""H2: a second bridge on the same database or the same hosts ends, with words that name the first."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from component.ejabberd.private_server import free_ports
from component.model import Settings
from tests.support.archive import ask
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, BOB, face
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.server import TestServer
from tests.support.storage import SQLITE, storage_of
from tests.support.wire import Wire, bridge_on_a_wire

pytestmark = pytest.mark.usefixtures("empty_rosters")


@pytest.fixture
async def first(ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    (tmp_path / "first").mkdir()
    async with BridgeProcess(tmp_path / "first", ejabberd.settings) as process:
        yield process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the second."""
    (tmp_path / "second").mkdir()
    return tmp_path / "second"


async def outcome(config: Path, secret: str) -> tuple[int, str]:
    """The status with which a bridge ends that has this configuration, and its error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "component.cli", "--log-level", "error", "run", "--config", str(config),
        env={**os.environ, "DESKBRIDGE_XMPP_SECRET": secret},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def is_refused(config: Path, secret: str, first: BridgeProcess, words: str) -> None:
    """With one line that begins so, and says which process is the first, since when, and with which configuration."""
    status, error = await outcome(config, secret)
    assert status == 3
    assert error.startswith(f"Error: {words}")
    assert error.count("\n") == 1
    when = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    assert re.search(rf"process {first.pid} on \S+, {when}, with {re.escape(str(first.config))}; ", error)


async def serves(bob: XmppClient, alice: XmppClient, said: str) -> None:
    """Messages go both ways, and an agent finds them in her history (A1)."""
    sent = await bob.say(face(ALICE), said)
    await alice.expect(message(id=sent, body=said))
    answered = await alice.say(face(BOB), f"You said: {said}")
    await bob.expect(message(id=answered))
    page = await ask(alice)
    assert page.bodies[-2:] == [said, f"You said: {said}"]


def elsewhere(settings: Settings) -> Settings:
    """The same tenants at another ejabberd."""
    (port,) = free_ports(1)
    return replace(settings, xmpp=replace(settings.xmpp, port=port))


class TestTheSameDatabase:
    async def test_a_second_bridge_ends(
        self, ejabberd: TestServer, first: BridgeProcess, login: LogIn, folder: Path
    ) -> None:
        """Before it does anything; under another name of the file, and for another ejabberd, as well."""
        bob, alice = await login(BOB), await login(ALICE)
        storage = first.storage
        if storage.startswith(SQLITE):
            (folder / "deskbridge.db").symlink_to(first.folder / "deskbridge.db")
            storage = storage_of(folder)
        other = BridgeProcess(folder, elsewhere(ejabberd.settings), storage=storage)
        for process in (first, other):
            words = f"the database {process.storage}: "
            await is_refused(process.config, ejabberd.settings.xmpp.secret, first, words)
        await serves(bob, alice, "undisturbed")
        assert first.count("connected to ejabberd") == 1

    async def test_it_is_free_again_however_the_first_ends(self, first: BridgeProcess) -> None:
        await first.stop()
        await first.restart()
        await first.kill()
        await first.restart()


class TestTheSameHosts:
    """With another database, by way of another port, and as if on another machine."""

    async def test_a_second_bridge_ends(
        self, ejabberd: TestServer, first: BridgeProcess, login: LogIn, folder: Path
    ) -> None:
        """The guard tells it of the first, which keeps its stream, and gets back what ejabberd takes away from both
        when one leaves."""
        bob, alice = await login(BOB), await login(ALICE)
        async with Wire(ejabberd.settings.xmpp.port) as wire:
            settings = replace(ejabberd.settings, xmpp=replace(ejabberd.settings.xmpp, port=wire.port))
            second = BridgeProcess(folder, settings)
            for times in (1, 2):
                await is_refused(
                    second.config, settings.xmpp.secret, first, "deskbridge serves agents.acme.test already: "
                )
                await serves(bob, alice, f"undisturbed {times}")
        assert first.count("connected to ejabberd") == 1

    async def test_hardly_anything_is_lost_without_a_word(
        self, ejabberd: TestServer, first: BridgeProcess, login: LogIn, folder: Path
    ) -> None:
        """What Bob says meanwhile arrives, or he is told that it did not. XEP-0114 acknowledges nothing, so what is on
        its way to the second's stream in the moment when it ends is beyond anybody's reach: few of the hundreds that he
        says, and nothing of what he says after."""
        bob, alice = await login(BOB), await login(ALICE)
        async with Wire(ejabberd.settings.xmpp.port) as wire:
            settings = replace(ejabberd.settings, xmpp=replace(ejabberd.settings.xmpp, port=wire.port))
            second = BridgeProcess(folder, settings)
            ending = asyncio.create_task(outcome(second.config, settings.xmpp.secret))
            said = []
            while not ending.done():
                said.append(await bob.say(face(ALICE), "Hello"))
                await asyncio.sleep(0.01)
            last = await bob.say(face(ALICE), "Hello again")
            await alice.expect(message(id=last))
        heard = {stanza.get("id") for stanza in alice.take(message())}
        told = {stanza.get("id") for stanza in bob.take(message(type="error"))}
        assert len(set(said) - heard - told) < len(said) / 20

    async def test_at_another_ejabberd_it_may_run(
        self, ejabberd: TestServer, first: BridgeProcess, folder: Path
    ) -> None:
        second = BridgeProcess(folder, elsewhere(ejabberd.settings))
        await second.start(wait=False)
        await second.logged("no connection to ejabberd")
        await second.stop()


async def test_a_stream_that_is_left_over_is_ended(ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
    """The network between the two breaks in such a way that ejabberd does not notice, and would go on to hand half of
    all stanzas to nobody (R3)."""
    bob, alice = await login(BOB), await login(ALICE)
    async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
        await serves(bob, alice, "before")
        wire.lose()
        await bridge.logged("ready after", 2)
        await bridge.logged("ended 1 older stream(s) of agents.acme.test")
        for number in range(8):
            await serves(bob, alice, f"after {number}")
