"""H3: a second process waits for the first to end, however it does, and goes on from there."""

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from component.ejabberd.private_server import free_ports
from tests.support.archive import ask, whole
from tests.support.bridge import READY, BridgeProcess
from tests.support.client import XmppClient
from tests.support.commands import Run
from tests.support.faces import ALICE, BOB, CAROL, DAN, SUE, face, shows
from tests.support.faces import watch as see
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import error_of
from tests.support.server import TestServer
from tests.support.watching import ALICE_AND_CAROL, PEOPLE, copy, watch

pytestmark = pytest.mark.usefixtures("empty_rosters")

KILLED_SECONDS, STOPPED_SECONDS = 15.0, 2.0


@pytest.fixture
async def first(ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    async with BridgeProcess(tmp_path, ejabberd.settings) as process:
        yield process


@pytest.fixture
async def second(first: BridgeProcess) -> AsyncIterator[BridgeProcess]:
    """Stands by, on the same machine and with the same files."""
    process = first.beside("second")
    await process.stand_by()
    yield process
    await process.stop()


async def heard(client: XmppClient, id: str) -> bool:
    """Whether it comes at all; waits for it."""
    return (await client.expect(message(id=id))).get("id") == id


def open_files(pid: int) -> list[str]:
    return [str(link.resolve()) for link in Path(f"/proc/{pid}/fd").iterdir()]


class TestWaiting:
    async def test_it_says_for_whom(self, first: BridgeProcess, second: BridgeProcess) -> None:
        assert second.count(f"standing by for process {first.pid} on ") == 1

    async def test_it_opens_no_stream_and_no_database(
        self, ejabberd: TestServer, first: BridgeProcess, second: BridgeProcess, login: LogIn
    ) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        assert await heard(alice, await bob.say(face(ALICE), "undisturbed"))
        assert second.count("connected to ejabberd") == 0
        assert [file for file in open_files(second.pid) if "deskbridge.db" in file] == []

    async def test_it_ends_at_once_when_told_to(self, second: BridgeProcess) -> None:
        second.signal(signal.SIGTERM)
        assert await second.ended() == 0
        assert second.log.read_text().splitlines()[-1].endswith("stopped")

    async def test_its_health_says_so_where_it_has_an_address_of_its_own(self, first: BridgeProcess) -> None:
        (port,) = free_ports(1)
        config = first.folder / "second.toml"
        web = f"http://127.0.0.1:{port}"
        config.write_text(first.config.read_text().replace(first.web.removeprefix("http://"), f"127.0.0.1:{port}"))
        second = first.beside("second")
        second.config = config
        await second.stand_by()
        try:
            async with aiohttp.ClientSession() as http:
                for path, status, text in (
                    ("/healthz", 200, "ok"),
                    ("/readyz", 503, f"standing by for process {first.pid} on "),
                    ("/metrics", 200, "deskbridge_active 0.0"),
                    ("/m/Fq3kTzZ1uQe8pWm0RbXy9g", 503, ""),
                ):
                    async with http.get(web + path) as response:
                        assert (response.status, text in await response.text()) == (status, True), path
                await first.kill()
                await second.logged(READY)
                async with http.get(f"{web}/metrics") as response:
                    assert "deskbridge_active 1.0" in await response.text()
        finally:
            await second.stop()

    async def test_it_reads_its_files_again_when_told_to(
        self, first: BridgeProcess, second: BridgeProcess, login: LogIn
    ) -> None:
        """They are what counts when its turn has come (D1)."""
        tenant = first.settings.tenants[0].id
        people = (first.folder / f"{tenant}.toml").read_text()
        for text in ("no TOML at all", people.replace('agent = "dan"', 'agent = "daniel"')):
            first.write_people(tenant, text)
            await second.reload()
        assert (second.count("reload refused"), second.count("reloaded")) == (1, 1)
        await first.stop()
        await second.logged(READY)
        bob = await login(BOB)
        await bob.say(face(DAN), "Are you still there?")
        assert error_of(await bob.expect(message(type="error"))) == "cancel/item-not-found"


class TestTakingOver:
    async def test_after_a_kill(self, first: BridgeProcess, second: BridgeProcess, login: LogIn) -> None:
        """Messages, history and links to come go on as before, and the first can stand by in its turn."""
        bob, alice = await login(BOB), await login(ALICE)
        said = [await bob.say(face(ALICE), "Before")]
        assert await heard(alice, said[0])
        began = time.monotonic()
        await first.kill()
        await second.logged(READY)
        assert time.monotonic() - began < KILLED_SECONDS
        said.append(await bob.say(face(ALICE), "After"))
        assert await heard(alice, said[1])
        assert (await ask(alice)).bodies == ["Before", "After"]
        await first.stand_by()
        await second.kill()
        await first.logged(READY, 2)
        said.append(await bob.say(face(ALICE), "And back"))
        assert await heard(alice, said[2])
        await first.logged("the web server listens", 2)
        async with aiohttp.ClientSession() as http, http.get(f"{first.web}/readyz") as response:
            assert response.status == 200

    async def test_after_a_clean_stop(self, first: BridgeProcess, second: BridgeProcess) -> None:
        await first.stop()
        began = time.monotonic()
        await second.logged(READY)
        assert time.monotonic() - began < STOPPED_SECONDS * 3  # on a machine that tests keep busy

    async def test_what_was_under_way(self, first: BridgeProcess, second: BridgeProcess, login: LogIn) -> None:
        """What is on disk and was not confirmed is delivered, under the same id (A5)."""
        bob, alice = await login(BOB), await login(ALICE)
        said = [await bob.say(face(ALICE), str(number)) for number in range(200)]
        assert await heard(alice, said[50])
        await first.kill()
        await second.logged(READY)
        last = await bob.say(face(ALICE), "last")
        assert await heard(alice, last)
        *archived, newest = [result.body for result in await whole(alice)]
        assert newest == "last"
        assert archived == sorted(archived, key=int)
        shown = {stanza.get("id") for stanza in alice.received if message()(stanza)}
        assert {said[int(body)] for body in archived} <= shown

    async def test_conversations_watches_and_statuses_go_on(
        self, ejabberd: TestServer, tmp_path: Path, login: LogIn
    ) -> None:
        first = BridgeProcess(tmp_path, ejabberd.settings)
        for tenant in ejabberd.settings.tenants:
            first.write_people(tenant.id, PEOPLE)
        second = first.beside("second")
        async with first:
            await second.stand_by()
            bob, alice, carol, sue = [await login(who) for who in (BOB, ALICE, CAROL, SUE)]
            await see(alice, BOB)
            await (await Run(bob, "set-status").execute()).complete(status="busy")
            await alice.expect(shows(BOB, show="dnd"))
            await alice.say(face(CAROL), "Are you there?")
            await carol.expect(message(body="Are you there?"))
            await watch(sue, ALICE_AND_CAROL)
            await copy(sue, "▸ Alice Ames: Are you there?")
            await first.kill()
            await second.logged(READY)
            await alice.expect(shows(BOB, show="dnd"))
            await carol.say(face(ALICE), "I am")
            await alice.expect(message(body="I am"))
            await copy(sue, "▸ Carol Cho: I am")
            assert (await ask(carol)).bodies == ["Are you there?", "I am"]
            await second.stop()
