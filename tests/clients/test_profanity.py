"""A Work user with a real client in a terminal, profanity, talks with an agent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.profanity import needs_profanity, profanity
from tests.support.server import TestServer
from tests.support.terminal import Terminal

pytestmark = needs_profanity

ALICE = "alice@agents.acme.test"
BOB = "bob@directory.acme.test"


@pytest.fixture
async def terminal(ejabberd: TestServer, bridge: BridgeProcess, tmp_path: Path) -> AsyncIterator[Terminal]:
    """Profanity, with Bob logged in."""
    async with profanity(ejabberd, "bob@work.acme.test", tmp_path) as terminal:
        yield terminal


async def test_a_conversation_in_profanity(terminal: Terminal, login: LogIn) -> None:
    """C1, M1, M2, P5, P1: contact, presence, text both ways, and a refusal in words."""
    alice = await login("alice@cc.acme.test")
    await terminal.type(f"/sub request {ALICE}")
    await terminal.type(f"/msg {ALICE} Good morning, is the price list out?")
    await alice.expect(message(sender=BOB, body="Good morning, is the price list out?"))
    await alice.say(BOB, "It is: see the intranet.")
    await terminal.shows("It is: see the intranet.")
    await alice.logout()
    await terminal.type("And the old one?")
    await terminal.shows("And the old one?")
    await terminal.type("/win 1")
    await terminal.shows("This agent is logged out")
