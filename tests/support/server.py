"""The ejabberd of a test session: two tenants, free ports, a folder of its own."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from component.ejabberd.ejabberd_api import EjabberdApi
from component.ejabberd.ejabberd_yml import complete
from component.ejabberd.private_server import EjabberdServer, Install, free_ports
from component.ejabberd.site import LOOPBACK, EjabberdDatabase, Site
from component.model import EjabberdSettings, Mode, Profile, Settings, StorageSettings, Tenant, XmppSettings
from tests.support.client import XmppClient
from tests.support.component import XmppComponent

ROOT_VARIABLE = "DESKBRIDGE_TEST_EJABBERD_ROOT"
GUARD = Path(__file__).parents[2] / "ejabberd" / "mod_desk_guard.erl"
PASSWORD = "secret"
TEST_COMMANDS = ("register", "unregister", "kick_session", "send_stanza", "send_message", "reload_config")


@dataclass
class TestServer:
    """A running ejabberd, and what tests want of it."""

    __test__ = False

    server: EjabberdServer
    settings: Settings
    version: str
    client_port: int
    web_port: int
    accounts: set[str] = field(default_factory=set)

    @property
    def _config(self) -> Path:
        return self.server.folder / "ejabberd.yml"

    @property
    def acme(self) -> Tenant:
        return self.settings.tenants[0]

    @property
    def globex(self) -> Tenant:
        return self.settings.tenants[1]

    def api(self) -> EjabberdApi:
        """For ``async with``."""
        return EjabberdApi(self.settings.ejabberd.api_url)

    def component(self, host: str | None = None) -> XmppComponent:
        """A bare component, for ``async with``; it has the component hosts of all tenants."""
        xmpp = self.settings.xmpp
        return XmppComponent(host or self.acme.service, xmpp.secret, xmpp.port)

    @asynccontextmanager
    async def other_guard(self, host: str, *component_hosts: str) -> AsyncIterator[None]:
        """ejabberd goes on with a guard on that desk host that lets these hosts through, or without one if there are
        none; and at the end as before."""
        before = self._config.read_text()
        head, of_host, rest = before.partition(f"\n  {host}:\n")
        hosts = "".join(f"          - {host}\n" for host in component_hosts)
        other, changed = re.subn(
            r"( +mod_desk_guard:\n +component_hosts:\n)( +- .+\n)+", rf"\1{hosts}" if hosts else "", rest, count=1
        )
        assert of_host and changed
        try:
            await self._go_on_with(head + of_host + other)
            yield
        finally:
            await self._go_on_with(before)

    async def _go_on_with(self, config: str) -> None:
        self._config.write_text(config)
        async with self.api() as api:
            await api.call("reload_config", {})

    async def register(self, *accounts: str) -> None:
        """Make accounts that do not exist yet, all with ``PASSWORD``."""
        new = set(accounts) - self.accounts
        async with self.api() as api:
            await asyncio.gather(*(api.register(account, PASSWORD) for account in new))
        self.accounts |= new

    async def empty_rosters(self, *others: str) -> None:
        """None of these accounts and of those made here has contacts any more."""
        async with self.api() as api:
            for account in self.accounts.union(others):
                contacts = await api.roster(account)
                await asyncio.gather(*(api.delete_contact(account, contact) for contact in contacts))

    async def client(self, account: str, resource: str = "test") -> XmppClient:
        """A client of that account, which is made if need be; not yet logged in."""
        await self.register(account)
        return XmppClient(account, PASSWORD, self.client_port, resource)


def install() -> Install:
    """The ejabberd to test with: this system's, unless the variable names the root of another."""
    return Install.of_root(Path(os.environ.get(ROOT_VARIABLE) or "/").resolve())


@contextmanager
def server_folder() -> Iterator[Path]:
    """A new folder that the ejabberd under test can see, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="deskbridge-test-", dir=install().root / "tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_ejabberd(postgresql: EjabberdDatabase | None = None) -> Iterator[TestServer]:
    """Starts one, with its own database there or in SQLite files, and stops it at the end."""
    with server_folder() as folder:
        test_server = make_server(folder, install(), postgresql)
        try:
            test_server.server.start()
            yield test_server
        finally:
            test_server.server.stop()


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate with its key in one PEM file."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=work.acme.test"]
    command += ["-addext", f"subjectAltName=DNS:work.acme.test,IP:{LOOPBACK}"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with certificate.open("a") as both:
        both.write(key.read_text())
    return certificate


def make_settings(folder: Path, component_port: int, api_port: int) -> Settings:
    """Two tenants, as a checked configuration file would give them."""
    return Settings(
        xmpp=XmppSettings(host=LOOPBACK, port=component_port, secret="component-secret"),
        ejabberd=EjabberdSettings(api_url=f"http://{LOOPBACK}:{api_port}/api"),
        storage=StorageSettings(url=f"sqlite:///{folder}/deskbridge.db"),
        tenants=(make_tenant("acme", folder), make_tenant("globex", folder)),
    )


def make_tenant(name: str, folder: Path) -> Tenant:
    return Tenant(
        id=name,
        name=name.capitalize(),
        mode=Mode.THREE,
        version=Profile.V9_10,
        work_host=f"work.{name}.test",
        desk_host=f"cc.{name}.test",
        agent_faces=f"agents.{name}.test",
        work_faces=f"directory.{name}.test",
        directory=folder / f"{name}.toml",
    )


def make_site(
    folder: Path, install: Install, client_port: int, web_port: int, postgresql: EjabberdDatabase | None = None
) -> Site:
    return Site(
        client_ip=LOOPBACK,
        client_port=client_port,
        http_port=web_port,
        http_url=f"http://{LOOPBACK}:{web_port}",
        certificate=None,
        spool=install.inside(folder / "spool"),
        bytes_per_second=None,
        extra_commands=TEST_COMMANDS,
        postgresql=postgresql,
    )


def make_server(folder: Path, install: Install, postgresql: EjabberdDatabase | None = None) -> TestServer:
    """On free ports, not started yet."""
    component_port, api_port, client_port, web_port = ports = free_ports(4)
    settings = make_settings(folder, component_port, api_port)
    site = make_site(folder, install, client_port, web_port, postgresql)
    config = complete(settings, site, with_secret=True)
    server = EjabberdServer(folder, config, ports=ports, guard=GUARD, install=install)
    return TestServer(server, settings, install.version, client_port, web_port)
