"""The demonstration's ejabberd: on loopback, with a certificate of its own and open for new accounts."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from component.ejabberd.api import EjabberdApi
from component.ejabberd.config import LOOPBACK, Site, complete
from component.ejabberd.install import Install
from component.ejabberd.pieces import api_port
from component.ejabberd.server import EjabberdServer, accepts
from component.model import Party, Settings

PASSWORD = "demo"


class DemoError(Exception):
    """The demonstration cannot run; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """``client`` is for XMPP clients, ``web`` for WebSocket and uploads, both ejabberd's; ``page`` is the page's, and
    ``sides`` those of the frames in it."""

    client: int = 5222
    web: int = 5280
    page: int = 5290
    sides: tuple[int, int] = (5291, 5292)

    @property
    def of_page(self) -> tuple[int, ...]:
        return self.page, *self.sides


def make_server(folder: Path, settings: Settings, ports: Ports, guard: Path) -> EjabberdServer:
    """Not started yet. Raises ``DemoError`` if a port is taken, ``EjabberdMissing``."""
    wanted = (settings.xmpp.port, api_port(settings), ports.client, ports.web)
    links = int(settings.web.listen.rpartition(":")[2])
    taken = [port for port in (*wanted, links, *ports.of_page) if accepts(port)]
    if taken:
        raise DemoError(
            f"port {taken[0]} is in use: stop what listens there (another demonstration, an ejabberd?), "
            "or choose others, see `deskbridge demo --help`"
        )
    home = (folder / "ejabberd").resolve()
    home.mkdir(exist_ok=True)
    config = complete(settings, _site(home, settings, ports), with_secret=True)
    return EjabberdServer(home, config, ports=wanted, guard=guard, install=Install.of_system())


async def register(settings: Settings, people: list[Party]) -> None:
    """Make their accounts, where they do not exist yet."""
    async with EjabberdApi(settings.ejabberd.api_url) as api:
        # One by one: ejabberd's SQLite refuses what comes while another connection writes.
        for party in people:
            await api.register(party.account, PASSWORD)


def _site(home: Path, settings: Settings, ports: Ports) -> Site:
    return Site(
        client_ip=LOOPBACK,
        client_port=ports.client,
        http_port=ports.web,
        http_url=f"http://{LOOPBACK}:{ports.web}",
        upload_from_web_pages=True,
        certificate=_certificate(home, settings),
        tls_required=False,
        spool=str(home / "spool"),
        bytes_per_second=None,
        extra_commands=("register",),
        loglevel="warning",
    )


def _certificate(home: Path, settings: Settings) -> str:
    """Most clients want TLS, even on loopback: a certificate of our own, which they will ask about."""
    path = home / "certificate.pem"
    if not path.exists():
        hosts = [host for tenant in settings.tenants for host in (tenant.work_host, tenant.desk_host)]
        names = ",".join(f"DNS:{host}" for host in hosts)
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        command += ["-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}"]
        command += ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
        subprocess.run(command, check=True, capture_output=True)
        with path.open("a") as key:
            key.write(path.with_suffix(".crt").read_text())
    return str(path)
