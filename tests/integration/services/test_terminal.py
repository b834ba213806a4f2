"""A Work user in profanity runs commands of several steps (D4, XEP-0050)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.test_profanity import pytestmark as needs_profanity
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import presence
from tests.support.scripts import BOB, DAN
from tests.support.server import PASSWORD, TestServer
from tests.support.terminal import Terminal

pytestmark = needs_profanity
SERVICE = "agents.acme.test"


@pytest.fixture
async def profanity(ejabberd: TestServer, log_in: LogIn, tmp_path: Path) -> AsyncIterator[Terminal]:
    """profanity, with Bob logged in. It goes before ``log_in`` waits for everybody to be logged out."""
    home = tmp_path / "home"
    home.mkdir()
    environ = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(home / "data"), "LC_ALL": "C.UTF-8"}
    async with Terminal("profanity", home, environ) as terminal:
        await terminal.shows("Profanity")
        await terminal.type(f"/connect bob@work.acme.test server 127.0.0.1 port {ejabberd.client_port} tls disable")
        await terminal.shows("Enter password:")
        await terminal.type(PASSWORD)
        await terminal.shows("logged in successfully")
        yield terminal
        await terminal.type("/disconnect")
        async with ejabberd.api() as api, asyncio.timeout(90):
            while any("profanity" in one for one in await api.sessions("bob@work.acme.test")):  # noqa: ASYNC110 - ejabberd does not say when
                await asyncio.sleep(0.05)


async def test_commands_in_profanity(profanity: Terminal, alice: XmppClient) -> None:
    """Listed; a form filled in; one in two steps, and what comes of it in words."""
    await alice.send(f"<presence to='{BOB}' type='probe'/>")
    await alice.expect(presence(sender=BOB, type=None))
    await profanity.type(f"/cmd list {SERVICE}")
    await profanity.shows("find-people")
    await profanity.type(f"/cmd exec set-status {SERVICE}")
    await profanity.shows("[invisible] Invisible")
    await profanity.type("/field1 busy")
    await profanity.type("/form submit")
    await profanity.shows("Now agents see you as: Busy.")
    await alice.expect(presence(sender=BOB, type=None, show="dnd", status="Busy"))
    await profanity.type(f"/cmd exec find-people {SERVICE}")
    await profanity.shows("Name, title or address")
    await profanity.type("/field1 dan di")
    await profanity.type("/form submit")
    await profanity.shows(f"Dan Diaz (Technician, {DAN})")
    await profanity.type("/form submit")
    await profanity.shows("Dan Diaz will be among your contacts in a moment.")
