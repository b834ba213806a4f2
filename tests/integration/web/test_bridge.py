"""The web part of a running bridge, on a real ejabberd: what operators watch (O4), and links from end to end (C5)."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from component.ejabberd.private_server import free_ports
from component.store.api import Store
from tests.support.archived import query
from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, face
from tests.support.links import token
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import send
from tests.support.server import TestServer
from tests.support.web import DAY_US, new_link, now_us
from tests.support.wire import bridge_on_a_wire

ALERTS = Path(__file__).parents[3] / "examples" / "prometheus-alerts.yml"

UPLOAD = "https://upload.acme.test/4a771ac1/prices.pdf"
FILE = f"<body>{UPLOAD}</body><x xmlns='jabber:x:oob'><url>{UPLOAD}</url></x>"


ENCRYPTED = (
    "<body>secret</body><encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>AA</payload>"
    "</encrypted>"
)


RICH = (
    "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
    "<p>Good morning!</p><ol><li>Switch it off.</li><li onclick='alert(1)'>Hold the <strong>green</strong> button.</li>"
    "</ol><script>alert(1)</script></body></html><body>Good morning! 1. Switch it off. 2. Hold the green button.</body>"
)


class Samples:
    """What ``/metrics`` said: ``samples("sessions", tenant="acme", side="work")``."""

    def __init__(self, text: str) -> None:
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        """Of one of ours; what was not counted yet is 0."""
        assert any(known.startswith(f"deskbridge_{name}") for known, _ in self._values) or "_total" in name
        return self._values.get((f"deskbridge_{name}", frozenset(labels.items())), 0)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(http: aiohttp.ClientSession, url: str, **headers: str) -> tuple[int, str]:
    async with http.get(url, allow_redirects=False, headers=headers) as response:
        return response.status, response.headers.get("Location") or await response.text()


async def becomes(http: aiohttp.ClientSession, url: str, expected: tuple[int, str]) -> None:
    async with asyncio.timeout(90):
        while await get(http, url) != expected:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def metrics(http: aiohttp.ClientSession, bridge: BridgeProcess) -> Samples:
    return Samples((await get(http, f"{bridge.web}/metrics"))[1])


async def deskbridge(bridge: BridgeProcess, *arguments: str) -> tuple[int, str]:
    """A command beside the running bridge: its exit code and what it said."""
    command, *rest = arguments
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "component.cli", *command.split(), "--config", str(bridge.config), *rest),
        env={**os.environ, "DESKBRIDGE_XMPP_SECRET": bridge.settings.xmpp.secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_o4_ready_with_the_stream_and_not_without(
    ejabberd: TestServer, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """The web part stays while ejabberd is away; it says what is missing, and links still open."""
    async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
        await becomes(http, f"{bridge.web}/readyz", (200, "ready\n"))
        wire.refusing = True
        wire.cut()
        await becomes(http, f"{bridge.web}/readyz", (503, "there is no connection to ejabberd\n"))
        assert await get(http, f"{bridge.web}/healthz") == (200, "ok\n")
        assert (await get(http, f"{bridge.web}/m/{'x' * 22}"))[0] == 404
        away = await metrics(http, bridge)
        assert (away("up"), away("ready"), away("stream_connections_total")) == (0, 0, 1)
        assert away("granted", host="cc.acme.test", grant="archive") == 0
        wire.refusing = False
        await becomes(http, f"{bridge.web}/readyz", (200, "ready\n"))
        back = await metrics(http, bridge)
        assert (back("up"), back("ready"), back("stream_connections_total")) == (1, 1, 2)
        assert back("granted", host="cc.acme.test", grant="message") == 1
        assert back("granted", host="cc.globex.test", grant="archive") == 1


async def test_o4_before_ejabberd_is_there(ejabberd: TestServer, tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """It listens from the start, and stops when told to."""
    nowhere = replace(ejabberd.settings, xmpp=replace(ejabberd.settings.xmpp, port=free_ports(1)[0]))
    bridge = BridgeProcess(tmp_path, nowhere)
    await bridge.start(wait=False)
    try:
        await bridge.logged("the web server listens")
        await bridge.logged("no connection to ejabberd")
        assert await get(http, f"{bridge.web}/readyz") == (503, "there is no connection to ejabberd\n")
        found = await metrics(http, bridge)
        assert found("stream_failures_total") >= 1 and found("up") == 0
    finally:
        await bridge.stop()


async def test_o1_a_port_that_is_taken(bridge: BridgeProcess, ejabberd: TestServer, tmp_path: Path) -> None:
    """By a bridge for another ejabberd: one for the same would end before (H2)."""
    (tmp_path / "second").mkdir()
    (port,) = free_ports(1)
    second = BridgeProcess(
        tmp_path / "second", replace(ejabberd.settings, xmpp=replace(ejabberd.settings.xmpp, port=port))
    )
    second.web = bridge.web
    second.write_config()
    code, output = await deskbridge(second, "run")
    assert code == 1
    listen = bridge.web.removeprefix("http://")
    assert f"Error: cannot listen at {listen}: Address already in use (does deskbridge run already?" in output
    assert "Traceback" not in output


async def test_o4_metrics(bridge: BridgeProcess, login: LogIn, http: aiohttp.ClientSession) -> None:
    """Messages by direction, verdict and rule; who is there; what the store and the archive do; nobody's name."""
    before = await metrics(http, bridge)
    assert before("sessions", tenant="acme", side="agent") == 0
    alice, bob = await login(ALICE), await login(BOB)
    await login(BOB, "phone")
    for text in ("one", "two"):
        await bob.say(face(ALICE), text)
        await alice.expect(message(body=text))
    id = await send(bob, face(ALICE), ENCRYPTED)
    await bob.expect(message(id=id, type="error"))
    await send(alice, face(BOB), "<composing xmlns='http://jabber.org/protocol/chatstates'/>")
    await alice.say(face(BOB), "three")
    await bob.expect(message(body="three"))
    await get(http, f"{bridge.web}/m/{'x' * 22}")
    found = await metrics(http, bridge)
    to_agent = {"sender": "work", "receiver": "agent"}
    to_work = {"sender": "agent", "receiver": "work"}
    assert found("messages_total", **to_agent, verdict="accepted", rule="") == 2
    assert found("messages_total", **to_agent, verdict="refused", rule="C16") == 1
    assert found("messages_total", **to_work, verdict="accepted", rule="") == 1
    assert found("messages_total", **to_work, verdict="dropped", rule="C1") == 1
    assert found("people_logged_in", tenant="acme", side="work") == 1
    assert found("sessions", tenant="acme", side="work") == 2
    assert found("sessions", tenant="acme", side="agent") == 1
    assert found("sessions", tenant="globex", side="agent") == 0
    assert found("store_submissions_total", outcome="written") >= 3
    assert found("store_submissions_total", outcome="failed") == 0
    assert found("store_commit_seconds_count") > before("store_commit_seconds_count")
    assert found("store_backlog") <= 1
    assert found("delivery_waiting") == 0
    assert found("links_opened_total", kind="page", outcome="dead") == 1
    assert found("web_requests_total", route="/m", status="404") == 1
    _, text = await get(http, f"{bridge.web}/metrics")
    assert not [name for name in ("alice", "bob", "Alice", "Bob", "secret") if name in text]
    assert "process_resident_memory_bytes" in text
    typed = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    watched = set(re.findall(r"deskbridge_\w+", ALERTS.read_text()))
    assert watched and {name.removesuffix("_bucket") for name in watched} <= typed


async def test_o4_nothing_of_it_through_a_proxy(bridge: BridgeProcess, http: aiohttp.ClientSession) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await get(http, bridge.web + path))[0] == 200
        status, text = await get(http, bridge.web + path, **{"X-Forwarded-For": "127.0.0.1"})
        assert status == 404 and "This link does not work" in text


async def test_c5_a_file_from_end_to_end(bridge: BridgeProcess, login: LogIn, http: aiohttp.ClientSession) -> None:
    """The agent's link leads to the upload until an operator revokes it, while the bridge runs; all is written down."""
    alice, bob = await login(ALICE), await login(BOB)
    id = await send(bob, face(ALICE), FILE)
    text = (await alice.expect(message(id=id))).findtext("{*}body") or ""
    link = text.rpartition(" ")[2]
    assert link == f"{bridge.web}/f/{token(text)}"
    assert await get(http, link) == (302, UPLOAD)
    _, output = await deskbridge(bridge, "links list", "--person", BOB, "--json")
    listed = json.loads(output)
    assert (listed["id"], listed["kind"], listed["sender"], listed["title"]) == (1, "file", "Bob Berg", "prices.pdf")
    lives = datetime.fromisoformat(listed["expires_at"]) - datetime.fromisoformat(listed["made_at"])
    assert lives == timedelta(days=bridge.settings.web.link_days)
    assert await deskbridge(bridge, "links revoke", link) == (0, "link 1 is revoked\n")
    status, page = await get(http, link)
    assert status == 404 and "This link does not work" in page
    await bridge.stop()
    _, output = await deskbridge(bridge, "links list", "--json")
    assert (json.loads(output)["opened"], json.loads(output)["works"]) == (1, False)
    _, log = await deskbridge(bridge, "audit", "--about", "link 1")
    assert "acme: web link.opened link 1" in log and "link.revoked link 1" in log


async def test_c10_a_formatted_message_from_end_to_end(
    bridge: BridgeProcess, login: LogIn, http: aiohttp.ClientSession
) -> None:
    """What the Work user's client shows as text has a link to the page with all of it (C10), which goes with the
    message (C13)."""
    alice, bob = await login(ALICE), await login(BOB)
    id = await send(alice, face(BOB), RICH)
    text = (await bob.expect(message(id=id))).findtext("{*}body") or ""
    link = text.rpartition(" ")[2]
    assert link == f"{bridge.web}/m/{token(text)}"
    status, page = await get(http, link)
    assert status == 200
    assert "<li>Hold the <strong>green</strong> button.</li>" in page
    assert (
        "<h1>Alice Ames</h1>" in page and "<bdi>Acme</bdi>" in page and "<title>Message from Alice Ames</title>" in page
    )
    assert "script" not in page and "onclick" not in page
    assert "alice@cc.acme.test" not in page
    retract = await send(
        alice,
        face(BOB),
        f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/><body>gone</body>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>",
    )
    await bob.expect(message(id=retract))
    assert (await get(http, link))[0] == 404


async def test_expired_links_are_deleted_a_month_later(ejabberd: TestServer, tmp_path: Path) -> None:
    """Until then operators can see who had opened them."""
    bridge = BridgeProcess(tmp_path, ejabberd.settings)
    store = await Store.open(bridge.storage)
    for days in (31, 29):
        await store.submit(new_link(f"{days:022d}", expires_at=now_us() - days * DAY_US))
    await store.close()
    async with bridge:
        async with asyncio.timeout(90):
            while query(bridge, "SELECT id FROM link") != [2]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
