"""Gajim's library finds its way around: discovery, cards, commands, search (D3, D4)."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

from slixmpp import ClientXMPP

from tests.clients.test_mam_libraries import CLIENTS, PYTHON, needs_nbxmpp
from tests.integration.services.conftest import PICTURE, TITLES
from tests.integration.services.test_discovery import REFUSED, seen
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.scripts import ALICE
from tests.support.server import PASSWORD, TestServer


async def look(ejabberd: TestServer, account: str, service: str, face: str, name: str) -> dict[str, Any]:
    arguments = (account, PASSWORD, str(ejabberd.client_port), service, face, name)
    process = await asyncio.create_subprocess_exec(
        *(PYTHON, str(Path(CLIENTS, "nbxmpp_services.py")), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    assert output, errors.decode()
    found: dict[str, Any] = json.loads(output)
    assert "problem" not in found, found
    return found


@needs_nbxmpp
async def test_nbxmpp(ejabberd: TestServer, bridge: BridgeProcess, bob: XmppClient, alice: XmppClient) -> None:
    """Nothing to register with, no room; the hash of the face is the one in its presence; forms of every step."""
    caps = (await seen(bob, ALICE)).find("{http://jabber.org/protocol/caps}c")
    assert caps is not None
    found = await look(ejabberd, "bob@work.acme.test", "agents.acme.test", ALICE, "ali")
    assert (found["service"]["gateway"], found["service"]["muc"], found["register"]) == (False, False, False)
    assert found["hash"] == caps.get("ver")
    assert not set(found["face"]) & REFUSED
    sha1 = hashlib.sha1(PICTURE).hexdigest()
    assert found["card"] == {"name": "Alice Ames", "title": TITLES["Alice Ames"], "sha1": sha1}
    assert (found["vcard4"]["fn"], found["vcard4"]["title"]) == ("Alice Ames", TITLES["Alice Ames"])
    assert found["commands"] == ["Find people", "Set status", "My conversations"]
    assert found["first stage"] == {
        "actions": ["cancel", "next"],
        "default": "next",
        "fields": {"text": "text-single"},
    }
    assert found["second stage"] == {
        "actions": ["cancel", "complete", "prev"],
        "default": "complete",
        "fields": {"add": "list-multi"},
    }
    assert found["found by command"] == found["found by search"] == [ALICE]
    assert (found["back"], found["cancelled"]) == ("text-single", "canceled")
    assert found["search fields"] == ["nick", "x-title"]
    assert found["notes"]


async def test_slixmpp(ejabberd: TestServer, bridge: BridgeProcess, bob: XmppClient, alice: XmppClient) -> None:
    """And so poezio: it finds a command's session again by an id that stays the same, also for the second form."""
    client = ClientXMPP("erin@work.acme.test/slixmpp", PASSWORD)
    for plugin in ("xep_0004", "xep_0030", "xep_0050"):
        client.register_plugin(plugin)
    client.enable_starttls = client.enable_direct_tls = False
    client.enable_plaintext = True
    client.plugin["feature_mechanisms"].unencrypted_plain = True
    steps: list[tuple[str, list[str]]] = []
    ended = asyncio.get_running_loop().create_future()

    def first(iq: Any, session: Any) -> None:
        steps.append((iq["command"]["status"], list(iq["command"]["form"].get_fields())))
        form = client.plugin["xep_0004"].make_form("submit")
        form.add_field(var="text", value="ali")
        session["payload"], session["next"] = [form], second
        client.plugin["xep_0050"].continue_command(session)

    def second(iq: Any, session: Any) -> None:
        steps.append((iq["command"]["status"], list(iq["command"]["form"].get_fields())))
        form = client.plugin["xep_0004"].make_form("submit")
        form.add_field(var="add", value="")
        session["payload"], session["next"] = [form], third
        client.plugin["xep_0050"].complete_command(session)

    def third(iq: Any, session: Any) -> None:
        steps.append((iq["command"]["status"], [note for _, note in iq["command"]["notes"]]))
        ended.set_result(None)

    def begin(_: object) -> None:
        client.plugin["xep_0050"].start_command("agents.acme.test", "find-people", {"next": first})

    client.add_event_handler("session_start", begin)
    client.connect("127.0.0.1", ejabberd.client_port)
    try:
        await asyncio.wait_for(ended, 90)
    finally:
        await client.disconnect()
    assert steps == [
        ("executing", ["text"]),
        ("executing", ["add"]),
        ("completed", ["Nobody was added to your contacts."]),
    ]
