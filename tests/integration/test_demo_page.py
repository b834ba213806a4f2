"""The server of the demo page answers to its own browser pages alone, and production has none of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from component.demo.demo_configuration import TenantVersion
from component.demo.demo_page import DemoPage, page_is_installed
from component.demo.demo_server import Ports
from tests.support.bridge import BridgeProcess
from tests.support.demo import free_ports_of_demo
from tests.support.people import ALICE, BOB

CONFIG = '[[tenants]]\nid = "acme"\nversion = "9.10"  # how far back\n\n[[tenants]]\nid = "globex"\nversion = "9.9"\n'

needs_page = pytest.mark.skipif(not page_is_installed(), reason="needs Converse.js, from npm")


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Ports]:
    """The page of Alice and Bob, whose bridge is not running."""
    path = tmp_path / "deskbridge.toml"
    path.write_text(CONFIG)
    ports = free_ports_of_demo()
    async with DemoPage([BOB, ALICE], ports, TenantVersion(path), tmp_path / "certificate.crt"):
        yield ports


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@needs_page
async def test_page_and_sides_have_origins_of_their_own(page: Ports, http: aiohttp.ClientSession) -> None:
    """So that the two sides share no storage; both know who there is."""
    for port, title in (
        (page.page, "deskbridge, from both sides"),
        (page.sides[0], "One side"),
        (page.sides[1], "One side"),
    ):
        async with http.get(f"http://localhost:{port}/") as response:
            assert response.status == 200
            assert title in await response.text()
        async with http.get(f"http://127.0.0.1:{port}/setup.json") as response:
            setup = await response.json()
            assert [person["face"] for person in setup["people"]] == [
                "bob@directory.acme.test",
                "alice@agents.acme.test",
            ]
            assert (setup["version"], setup["versions"]) == ("9.10", ["9.9", "9.10"])


@needs_page
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{page}", "localhost", "localhost:{web}", "work.acme.test"]
)
@pytest.mark.parametrize("path", ["/", "/setup.json", "/converse/converse.min.js"])
async def test_another_name_for_this_computer_gets_nothing(
    page: Ports, http: aiohttp.ClientSession, host: str, path: str
) -> None:
    """A web page elsewhere whose name is made to mean loopback (DNS rebinding) would have our origin."""
    name = host.format(page=page.page, web=page.web)
    async with http.get(f"http://127.0.0.1:{page.page}{path}", headers={"Host": name}) as response:
        assert response.status == 421
        assert "acme" not in await response.text()


@needs_page
async def test_everything_comes_from_this_computer(page: Ports, http: aiohttp.ClientSession) -> None:
    """The browser is told to load nothing from elsewhere, and to show the page in no other."""
    for port in page.of_page:
        async with http.get(f"http://localhost:{port}/") as response:
            policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'self'"
        for sources in policy.values():
            for source in sources.split():
                local = source.startswith(
                    ("http://localhost:", "http://127.0.0.1:", "ws://localhost:", "ws://127.0.0.1:")
                )
                assert local or source in ("'self'", "'none'", "'unsafe-inline'", "data:", "blob:")
        ancestors = "'none'" if port == page.page else f"http://localhost:{page.page} http://127.0.0.1:{page.page}"
        assert policy["frame-ancestors"] == ancestors


@needs_page
async def test_only_the_page_changes_the_version(page: Ports, http: aiohttp.ClientSession, tmp_path: Path) -> None:
    """Neither another web page, nor what is not a version, changes a file."""
    url = f"http://localhost:{page.page}/version"
    for origin in (None, "http://evil.example", f"http://localhost:{page.sides[0]}", "null"):
        headers = {"Origin": origin} if origin else {}
        async with http.put(url, json={"version": "9.9"}, headers=headers) as response:
            assert response.status == 403
    own = {"Origin": f"http://localhost:{page.page}"}
    for wrong in ({"version": "9.11"}, {"version": ["9.9"]}, {}, [], "9.9"):
        async with http.put(url, json=wrong, headers=own) as response:
            assert response.status == 400
    async with http.put(url, data=b"\xff{", headers=own) as response:
        assert response.status == 400
    assert (tmp_path / "deskbridge.toml").read_text() == CONFIG


async def test_production_serves_none_of_it(bridge: BridgeProcess, http: aiohttp.ClientSession) -> None:
    """``deskbridge run`` listens at the address of [web] alone, and knows nothing of the page there."""
    port = int(bridge.web.rpartition(":")[2])
    assert await asyncio.to_thread(listening_ports, bridge.pid) == {port}
    for path in ("/setup.json", "/assets/page.js", "/converse/converse.min.js", "/version"):
        async with http.get(bridge.web + path) as response:
            assert response.status == 404


def listening_ports(pid: int) -> set[int]:
    """On which TCP ports a process takes connections, as Linux tells in /proc (proc(5))."""
    files = Path(f"/proc/{pid}/fd")
    own = {os.readlink(file) for file in files.iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in own:
                found.add(int(local.rpartition(":")[2], 16))
    return found
