"""A Work user with a real client in a terminal, profanity, talks with an agent."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.server import PASSWORD, TestServer
from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(
    not (shutil.which("profanity") and shutil.which("tmux")), reason="needs Debian's profanity and tmux"
)

ALICE = "alice@agents.acme.test"
BOB = "bob@directory.acme.test"


@pytest.fixture
async def profanity(ejabberd: TestServer, bridge: BridgeProcess, tmp_path: Path) -> AsyncIterator[Terminal]:
    """profanity, with Bob logged in."""
    await ejabberd.register("bob@work.acme.test")
    home = tmp_path / "home"
    home.mkdir()
    environ = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(home / "data"), "LC_ALL": "C.UTF-8"}
    async with Terminal("profanity", home, environ, farewell="/quit") as terminal:
        await terminal.shows("Profanity")
        await terminal.type(f"/connect bob@work.acme.test server 127.0.0.1 port {ejabberd.client_port} tls disable")
        await terminal.shows("Enter password:")
        await terminal.type(PASSWORD)
        await terminal.shows("logged in successfully")
        yield terminal


async def test_a_conversation_in_profanity(profanity: Terminal, login: LogIn) -> None:
    """C1, M1, M2, P5, P1: contact, presence, text both ways, and a refusal in words."""
    alice = await login("alice@cc.acme.test")
    await profanity.type(f"/sub request {ALICE}")
    await profanity.type(f"/msg {ALICE} Good morning, is the price list out?")
    await alice.expect(message(sender=BOB, body="Good morning, is the price list out?"))
    await alice.say(BOB, "It is: see the intranet.")
    await profanity.shows("It is: see the intranet.")
    await alice.logout()
    await profanity.type("And the old one?")
    await profanity.shows("And the old one?")
    await profanity.type("/win 1")
    await profanity.shows("This agent is logged out")
