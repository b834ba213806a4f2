"""A Work user in profanity runs commands of several steps (D4, XEP-0050)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import presence
from tests.support.profanity import needs_profanity, profanity
from tests.support.scripts import BOB, DAN
from tests.support.server import TestServer
from tests.support.terminal import Terminal

pytestmark = needs_profanity
SERVICE = "agents.acme.test"


@pytest.fixture
async def terminal(ejabberd: TestServer, log_in: LogIn, tmp_path: Path) -> AsyncIterator[Terminal]:
    """Profanity, with Bob logged in. It goes before ``log_in`` waits for everybody to be logged out."""
    async with profanity(ejabberd, "bob@work.acme.test", tmp_path) as terminal:
        yield terminal


async def test_commands_in_profanity(terminal: Terminal, alice: XmppClient) -> None:
    """Listed; a form filled in; one in two steps, and what comes of it in words."""
    await alice.send(f"<presence to='{BOB}' type='probe'/>")
    await alice.expect(presence(sender=BOB, type=None))
    await terminal.type(f"/cmd list {SERVICE}")
    await terminal.shows("find-people")
    await terminal.type(f"/cmd exec set-status {SERVICE}")
    await terminal.shows("[invisible] Invisible")
    await terminal.type("/field1 busy")
    await terminal.type("/form submit")
    await terminal.shows("Now agents see you as: Busy.")
    await alice.expect(presence(sender=BOB, type=None, show="dnd", status="Busy"))
    await terminal.type(f"/cmd exec find-people {SERVICE}")
    await terminal.shows("Name, title or address")
    await terminal.type("/field1 dan di")
    await terminal.type("/form submit")
    await terminal.shows(f"Dan Diaz (Technician, {DAN})")
    await terminal.type("/form submit")
    await terminal.shows("Dan Diaz will be among your contacts in a moment.")
