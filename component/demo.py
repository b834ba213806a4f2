"""``deskbridge demo``: a private ejabberd with the example tenant, and the bridge beside it, on loopback.

For newcomers and for trying things out: known passwords, no federation, everything in one folder. A second start finds
its data again.
"""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import uvloop

from component.config import load_settings
from component.ejabberd.api import EjabberdApi
from component.ejabberd.config import LOOPBACK, Site, complete
from component.ejabberd.install import Install
from component.ejabberd.pieces import api_port
from component.ejabberd.server import EjabberdServer, accepts
from component.gateway.process import serve
from component.model import Party, Settings, Side
from component.world import World

PASSWORD = "demo"
CLIENT_PORT = 5222
WEB_PORT = 5280

SOURCE = Path(__file__).parents[1]
EXAMPLES = SOURCE / "examples"
GUARD = SOURCE / "ejabberd" / "mod_desk_guard.erl"


class DemoError(Exception):
    """The demonstration cannot run; the text says why and what to do."""


def run(folder: Path) -> None:
    """Run until Ctrl-C or SIGTERM. Raises ``DemoError``, ``EjabberdMissing``, ``EjabberdServerError``."""
    path = _prepare(folder)
    settings = load_settings(path)
    world = World.load(settings)
    server = _server(folder, settings)
    server.start()
    try:
        uvloop.run(_demonstrate(path, settings, world))
    finally:
        server.stop()


async def _demonstrate(path: Path, settings: Settings, world: World) -> None:
    people = [party for tenant in world.tenants for side in Side for party in world.parties(tenant, side)]
    async with EjabberdApi(settings.ejabberd.api_url) as api:
        # One by one: ejabberd's SQLite refuses what comes while another connection writes.
        for party in people:
            await api.register(party.account, PASSWORD)
    print("\n".join(_who_can_log_in(people)), flush=True)
    await serve(path, settings, world)


def _who_can_log_in(people: list[Party]) -> Iterator[str]:
    yield ""
    yield f"Log in with any XMPP client at {LOOPBACK} port {CLIENT_PORT}, password {PASSWORD!r}:"
    yield ""
    yield f"  {'account':32} {'':12} others write to"
    for party in people:
        kind = "Work user" if party.side is Side.WORK else "agent"
        yield f"  {party.account:32} {kind:12} {party.face}"
    yield ""
    yield "Ctrl-C stops both servers; the data stay."
    yield ""


def _prepare(folder: Path) -> Path:
    """Put the example configuration into the folder, unless it is there; its path."""
    if not EXAMPLES.is_dir() or not GUARD.is_file():
        raise DemoError("the demonstration runs from a source checkout: clone the project and run `make run` there")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("deskbridge.toml", "acme.toml"):
        if not (folder / name).exists():
            shutil.copy(EXAMPLES / name, folder / name)
    secret = folder / "component.secret"
    if not secret.exists():
        secret.touch(0o600)
        secret.write_text(secrets.token_urlsafe(32) + "\n")
    return folder / "deskbridge.toml"


def _server(folder: Path, settings: Settings) -> EjabberdServer:
    ports = (settings.xmpp.port, api_port(settings), CLIENT_PORT, WEB_PORT)
    taken = [port for port in (*ports, int(settings.web.listen.rpartition(":")[2])) if accepts(port)]
    if taken:
        raise DemoError(f"port {taken[0]} is in use: stop what listens there (another demonstration, an ejabberd?)")
    install = Install.of_system()
    home = (folder / "ejabberd").resolve()
    home.mkdir(exist_ok=True)
    site = Site(
        client_ip=LOOPBACK,
        client_port=CLIENT_PORT,
        http_port=WEB_PORT,
        http_url=f"http://{LOOPBACK}:{WEB_PORT}",
        certificate=_certificate(home, settings),
        tls_required=False,
        spool=str(home / "spool"),
        bytes_per_second=None,
        extra_commands=("register",),
        loglevel="warning",
    )
    config = complete(settings, site, with_secret=True)
    return EjabberdServer(home, config, ports=ports, guard=GUARD, install=install)


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
