"""Prepares the demonstration's folder, and starts and stops everything in order."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from component.bridge.process import serve
from component.directory.world import World
from component.ejabberd.site import LOOPBACK
from component.loading import load
from component.model import Party, Settings, Side

from .demo_configuration import TenantVersion, follow
from .demo_page import DemoPage, page_is_installed
from .demo_server import PASSWORD, DemoError, Ports, make_certificate, make_server, register

SOURCE = Path(__file__).parents[2]
EXAMPLES = SOURCE / "examples"
GUARD = SOURCE / "ejabberd" / "mod_desk_guard.erl"


def run_demo(folder: Path, ports: Ports = Ports()) -> None:  # noqa: B008
    """Run until Ctrl-C or SIGTERM. Raises ``DemoError``, ``EjabberdMissing``, ``EjabberdServerError``."""
    ports.check()
    path = _prepare(folder, ports)
    settings, world = load(path)
    certificate = make_certificate(folder, settings)
    # deskbridge fetches uploads itself, and trusts the certificates that OpenSSL trusts (openssl-env(7)).
    os.environ["SSL_CERT_FILE"] = str(certificate)
    server = make_server(folder, settings, ports, GUARD)
    server.start()
    try:
        uvloop.run(_demonstrate(path, settings, world, ports, certificate))
    finally:
        server.stop()


async def _demonstrate(path: Path, settings: Settings, world: World, ports: Ports, certificate: Path) -> None:
    people = [party for tenant in world.tenants for side in Side for party in world.parties(tenant, side)]
    await register(settings, people)
    version = TenantVersion(path)
    async with AsyncExitStack() as stack:
        page = None
        if page_is_installed():
            page = await stack.enter_async_context(DemoPage(people, ports, version, certificate))
        print("\n".join(_welcome(page, people, ports, certificate)), flush=True)
        await serve(path, settings, world, reloaded=version.reloaded)


def _welcome(page: DemoPage | None, people: list[Party], ports: Ports, certificate: Path) -> Iterator[str]:
    yield ""
    if page:
        yield f"Open  {page.url}  in a browser: a Work user and an agent, side by side."
    else:
        yield "There is no demo page: its chat client is missing. `make run` gets it with npm, where there is npm."
    yield ""
    yield f"Or log in with any XMPP client at {LOOPBACK} port {ports.client}, password {PASSWORD!r}."
    yield f"The certificate to trust is {certificate}; README says how."
    yield ""
    yield f"  {'account':32} {'':12} others write to"
    for party in people:
        kind = "Work user" if party.side is Side.WORK else "agent"
        yield f"  {party.account:32} {kind:12} {party.face}"
    yield ""
    yield "Ctrl-C stops everything; the data stay."
    yield ""


def _prepare(folder: Path, ports: Ports) -> Path:
    """Put the example configuration into the folder, unless it is there, and set the ports in it; its path."""
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
    path = folder / "deskbridge.toml"
    follow(path, ports)
    return path
