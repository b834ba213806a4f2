"""Calls to ejabberd's HTTP API, and the private server that demonstration and tests run."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.ejabberd.private_server import (
    EjabberdMissing,
    EjabberdServer,
    EjabberdServerError,
    Install,
    accepts,
    free_ports,
)
from tests.support.log_ins import LogIn
from tests.support.server import GUARD, TestServer, install, make_server, server_folder

HOLGER = "holger@cc.acme.test"
SERVICE = "agents.acme.test"


class TestRosters:
    async def test_a_contact_comes_changes_and_goes(self, ejabberd: TestServer) -> None:
        await ejabberd.register(HOLGER)
        async with ejabberd.api() as api:
            for subscription in ("to", "both"):
                await api.add_contact(HOLGER, SERVICE, "Service", ["Desk"], subscription)
                assert await api.roster(HOLGER) == {SERVICE: subscription}
            for _ in range(2):
                await api.delete_contact(HOLGER, SERVICE)
                assert await api.roster(HOLGER) == {}

    async def test_names_are_shown_as_given(self, ejabberd: TestServer, login: LogIn) -> None:
        name = 'Łucja "Lu" O\'Neil <&> 樱'
        async with ejabberd.api() as api:
            await api.add_contact("hedy@cc.acme.test", f"lu@{SERVICE}", name, ["Sales & more", "Second"])
        hedy = await login("hedy@cc.acme.test")
        item = (await hedy.roster())[f"lu@{SERVICE}"]
        assert item.get("name") == name
        assert {group.text for group in item} == {"Sales & more", "Second"}

    async def test_an_account_need_not_exist_yet(self, ejabberd: TestServer) -> None:
        async with ejabberd.api() as api:
            await api.add_contact("later@cc.acme.test", SERVICE)
            assert await api.roster("later@cc.acme.test") == {SERVICE: "both"}


class TestSessions:
    async def test_are_the_resources_connected_now(self, ejabberd: TestServer, login: LogIn) -> None:
        one = await login(HOLGER, "one")
        await login(HOLGER, "two", available=False)
        async with ejabberd.api() as api:
            assert await api.sessions(HOLGER) == {"one", "two"}
            await one.logout()
            assert await api.sessions(HOLGER) == {"two"}
            assert await api.sessions("nobody@cc.acme.test") == set()


class TestErrors:
    async def test_nobody_listens(self) -> None:
        [port] = free_ports(1)
        async with EjabberdApi(f"http://127.0.0.1:{port}/api") as api:
            with pytest.raises(EjabberdApiError, match=rf"add_rosteritem.* at http://127.0.0.1:{port}/api .*api_url"):
                await api.add_contact(HOLGER, SERVICE)

    async def test_not_while_another_process_may_have_taken_over(self, ejabberd: TestServer) -> None:
        """H2"""
        await ejabberd.register(HOLGER)
        async with EjabberdApi(ejabberd.settings.ejabberd.api_url, may_call=lambda: False) as stale:
            with pytest.raises(EjabberdApiError, match="another process may have taken over"):
                await stale.add_contact(HOLGER, SERVICE)
        async with ejabberd.api() as api:
            assert await api.roster(HOLGER) == {}

    async def test_not_allowed(self, ejabberd: TestServer) -> None:
        async with ejabberd.api() as api:
            with pytest.raises(EjabberdApiError, match="api_permissions") as caught:
                await api.call("change_password", {"user": "a", "host": "cc.acme.test", "newpass": "hush"})
        assert caught.value.status == 403
        assert "hush" not in str(caught.value)

    async def test_an_account_that_exists(self, ejabberd: TestServer) -> None:
        async with ejabberd.api() as api:
            assert await api.register("once@work.acme.test", "x") is True
            assert await api.register("once@work.acme.test", "y") is False


class TestPrivateServer:
    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        with server_folder() as path:
            yield path

    async def test_keeps_its_data(self, folder: Path) -> None:
        """However it ends: accounts and rosters are on disk when the call returns."""
        test_server = make_server(folder, install())
        test_server.server.start()
        try:
            await test_server.register(HOLGER)
            async with test_server.api() as api:
                await api.add_contact(HOLGER, SERVICE)
            test_server.server.kill()
            assert not accepts(test_server.client_port)
            test_server.server.start()
            await test_server.server.restart_async()
            async with test_server.api() as api:
                assert await api.roster(HOLGER) == {SERVICE: "both"}
            client = await test_server.client(HOLGER)
            async with client:
                assert SERVICE in await client.roster()
        finally:
            test_server.server.stop()

    def test_ends_with_the_process_that_started_it(self, folder: Path) -> None:
        """Even if that is killed: no test run and no demonstration leaves an ejabberd behind."""
        script = (
            "import sys; from pathlib import Path; from tests.support.server import install, make_server\n"
            "started = make_server(Path(sys.argv[1]), install()); started.server.start()\n"
            "print(started.client_port, flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", script, str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            port = int(parent.stdout.readline())
            assert accepts(port)
            parent.kill()
        deadline = time.monotonic() + 90
        while accepts(port):
            assert time.monotonic() < deadline, "ejabberd is still there"
            time.sleep(0.05)

    def test_says_which_port_is_taken(self, ejabberd: TestServer, folder: Path) -> None:
        port = ejabberd.client_port
        with pytest.raises(EjabberdServerError, match=f"port {port} is in use"):
            EjabberdServer(folder, "", ports=[port], guard=GUARD, install=install()).start()

    def test_says_what_to_install(self, tmp_path: Path) -> None:
        with pytest.raises(EjabberdMissing, match="install Debian's packages ejabberd and erlang-p1-sqlite3"):
            Install.of_root(tmp_path)
