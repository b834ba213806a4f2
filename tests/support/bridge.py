"""deskbridge as its operators run it: a process of its own, with files of its own."""

import asyncio
import copy
import json
import os
import signal
import sys
from pathlib import Path
from typing import Self

import aiohttp

from component.ejabberd.private_server import free_ports
from component.ejabberd.site import LOOPBACK
from component.model import Settings, Tenant
from tests.support.forks import Fork
from tests.support.storage import storage_of

READY = "ready after"
STANDING_BY = "standing by"
PEOPLE_METRIC = "deskbridge_people_logged_in{"
SECONDS = 120.0

PEOPLE = """
[[groups]]
id = "sales"
name = "Sales desk"

[[groups]]
id = "support"
name = "Support desk"

[[people]]
name = "Alice Ames"
agent = "alice"
work = "alice.ames"
groups = ["sales"]

[[people]]
name = "Carol Cho"
agent = "carol"
groups = ["sales", "support"]

[[people]]
name = "Dan Diaz"
agent = "dan"
groups = ["support"]

[[people]]
name = "Sue Shah"
agent = "sue"
work = "sue"
supervises = ["sales"]

[[people]]
name = "Lena Lund"
agent = "lena"
work = "lena"

[[people]]
name = "Bob Berg"
work = "bob"

[[people]]
name = "Erin Egg"
work = "erin"
"""
"""Alice and Carol are in sales, Carol and Dan in support; Alice, Sue and Lena have both licences; Lena is in no
group; Sue supervises."""


LIMITS = {"messages_per_second": 2000, "burst": 4000, "logout_seconds": 0.1}
"""Nobody is held up, and who logs out is so soon."""


class BridgeProcess:
    """``deskbridge run`` for the tenants of ``settings``, in ``folder``; each tenant has the same people.

    Unless there is a ``roster_limit``, nobody appears as a contact by themselves: scripts ask for those they need.
    ``fresh`` starts a Python of its own, as operators do, and not a copy of one that has imported everything.
    """

    def __init__(
        self, folder: Path, settings: Settings, roster_limit: int = 0, fresh: bool = False, storage: str | None = None
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.roster_limit = roster_limit
        self.storage = storage or storage_of(folder)
        self.config = folder / "deskbridge.toml"
        self.log = folder / "deskbridge.log"
        (port,) = free_ports(1)
        self.web = f"http://{LOOPBACK}:{port}"
        self._fresh = fresh
        self._process: asyncio.subprocess.Process | Fork | None = None
        for tenant in settings.tenants:
            self.write_people(tenant.id, PEOPLE)
        self.write_config()

    def beside(self, name: str) -> Self:
        """Another process with the same files, and a log of its own."""
        other = copy.copy(self)
        other.log = self.folder / f"{name}.log"
        other._process = None
        return other

    def write_config(self, **changes: object) -> None:
        """``changes`` are keys of the first tenant, or ``limits``, of which the others stay."""
        limits = {**LIMITS, **changes.pop("limits", {})}
        tenants = [{**_tenant(tenant), "roster_limit": self.roster_limit} for tenant in self.settings.tenants]
        tenants[0].update(changes)
        xmpp = self.settings.xmpp
        tables = [
            ("[xmpp]", {"host": xmpp.host, "port": xmpp.port}),
            ("[ejabberd]", {"api_url": self.settings.ejabberd.api_url}),
            ("[storage]", {"url": self.storage}),
            ("[web]", {"listen": self.web.removeprefix("http://"), "public_url": self.web}),
            ("[limits]", limits),
            *(("[[tenants]]", tenant) for tenant in tenants),
        ]
        self.config.write_text("\n".join(f"{head}\n{_toml(table)}" for head, table in tables))

    def write_people(self, tenant: str, text: str) -> None:
        (self.folder / f"{tenant}.toml").write_text(text)

    async def stand_by(self) -> None:
        """Start, and wait until it waits."""
        waiting = self.count(STANDING_BY) if self.log.exists() else 0
        await self.start("--standby", wait=False)
        await self.logged(STANDING_BY, waiting + 1)

    async def ended(self) -> int:
        """Wait for its end; its status."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), SECONDS)

    async def start(self, *options: str, wait: bool = True) -> None:
        arguments = ("run", "--config", str(self.config), *options)
        environ = {**os.environ, "DESKBRIDGE_XMPP_SECRET": self.settings.xmpp.secret}
        with self.log.open("ab") as log:
            if self._fresh:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "component.cli", *arguments, env=environ, stdout=log, stderr=log
                )
            else:
                self._process = await Fork.start(arguments, environ, self.log)
        if wait:
            await self.logged(READY)

    async def logged(self, text: str, times: int = 1, seconds: float = SECONDS) -> None:
        """Wait until the log of this and earlier runs has ``text`` so often."""
        try:
            async with asyncio.timeout(seconds):
                while self.log.read_text().count(text) < times:
                    assert self.running, f"deskbridge ended:\n{self.log.read_text()}"
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"deskbridge did not log {text!r}:\n{self.log.read_text()}") from None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def count(self, text: str) -> int:
        return self.log.read_text().count(text)

    async def people_are(self, number: int) -> None:
        """Wait until so many are logged in, as operators are told. Who logs out is a moment later."""
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession() as http:
            while True:
                async with http.get(f"{self.web}/metrics") as response:
                    lines = (await response.text()).splitlines()
                counts = [float(line.split()[-1]) for line in lines if line.startswith(PEOPLE_METRIC)]
                if sum(counts) == number:
                    return
                await asyncio.sleep(0.02)

    async def restart(self) -> None:
        ready = self.count(READY)
        await self.start(wait=False)
        await self.logged(READY, ready + 1)

    async def reload(self) -> None:
        done = self.count("reloaded") + self.count("reload refused")
        self.signal(signal.SIGHUP)
        async with asyncio.timeout(SECONDS):
            while self.count("reloaded") + self.count("reload refused") == done:
                await asyncio.sleep(0.02)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self) -> None:
        """As systemd does it."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As the out-of-memory killer does it."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: int) -> None:
        if self.running and self._process is not None:
            self.signal(number)
            await asyncio.wait_for(self._process.wait(), SECONDS)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _tenant(tenant: Tenant) -> dict[str, object]:
    return {
        "id": tenant.id,
        "name": tenant.name,
        "mode": tenant.mode.value,
        "version": tenant.version.value,
        "work_host": tenant.work_host,
        "desk_host": tenant.desk_host,
        "agent_faces": tenant.agent_faces,
        "work_faces": tenant.work_faces,
        "directory": f"{tenant.id}.toml",
    }


def _toml(table: dict[str, object]) -> str:
    """JSON's strings, numbers and booleans are TOML's."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
