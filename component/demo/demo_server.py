"""The demonstration's ejabberd: on loopback, with a certificate of its own and open for new accounts."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from component.ejabberd.ejabberd_api import EjabberdApi
from component.ejabberd.ejabberd_yml import complete
from component.ejabberd.private_server import EjabberdServer, Install, accepts
from component.ejabberd.site import LOOPBACK, Site
from component.model import Party, Settings

PASSWORD = "demo"
CERTIFICATE = "certificate.pem"


class DemoError(Exception):
    """The demonstration cannot run; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All on loopback, each with an option of its name. ejabberd's are ``client`` for XMPP clients, ``web`` for
    WebSocket and the page's uploads, ``uploads`` for uploads of other clients, with TLS, ``component`` and ``api`` for
    the bridge. ``links`` is the bridge's own; ``page`` is the page's, which uses the next two as well."""

    client: int = 5222
    web: int = 5280
    uploads: int = 5443
    component: int = 5347
    api: int = 5281
    links: int = 8088
    page: int = 5290

    @property
    def sides(self) -> tuple[int, int]:
        """Of the frames in the page."""
        return self.page + 1, self.page + 2

    @property
    def of_page(self) -> tuple[int, ...]:
        return self.page, *self.sides

    @property
    def of_ejabberd(self) -> tuple[int, ...]:
        return self.client, self.web, self.uploads, self.component, self.api

    def check(self) -> None:
        """Raises ``DemoError`` if one is in use or given twice."""
        options: dict[int, str] = {}
        for option, port in self._by_option():
            if port in options:
                raise DemoError(
                    f"port {port} cannot be that of {options[port]} and of {option} (the page takes three in a row)"
                )
            if accepts(port):
                raise DemoError(
                    f"port {port} is in use: stop what listens there (another demonstration, an ejabberd?), "
                    f"or choose another with {option}"
                )
            options[port] = option

    def _by_option(self) -> Iterator[tuple[str, int]]:
        for field in fields(self):
            yield f"--{field.name}-port", getattr(self, field.name)
        yield from (("--page-port", side) for side in self.sides)


def make_server(folder: Path, settings: Settings, ports: Ports, guard: Path) -> EjabberdServer:
    """Not started yet. Raises ``EjabberdMissing``."""
    home = _home(folder)
    config = complete(settings, _site(home, ports), with_secret=True)
    return EjabberdServer(home, config, ports=ports.of_ejabberd, guard=guard, install=Install.of_system())


async def register(settings: Settings, people: list[Party]) -> None:
    """Make their accounts, where they do not exist yet."""
    async with EjabberdApi(settings.ejabberd.api_url) as api:
        # One by one: ejabberd's SQLite refuses writes while another connection writes.
        for party in people:
            await api.register(party.account, PASSWORD)


def make_certificate(folder: Path, settings: Settings) -> Path:
    """Most clients need TLS, even on loopback, and a certificate that they trust. This one is self-signed, made at the
    first start, and can sign no other certificate."""
    public, with_key = folder / "certificate.crt", _home(folder) / CERTIFICATE
    if not (public.exists() and with_key.exists()):
        hosts = [host for tenant in settings.tenants for host in (tenant.work_host, tenant.desk_host)]
        names = ",".join((*(f"DNS:{host}" for host in hosts), "DNS:localhost", f"IP:{LOOPBACK}"))
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        command += ["-subj", "/CN=deskbridge demonstration", "-addext", f"subjectAltName={names}"]
        command += ["-addext", "basicConstraints=critical,CA:FALSE"]
        command += ["-keyout", str(with_key), "-out", str(public)]
        subprocess.run(command, check=True, capture_output=True)
        with with_key.open("a") as file:
            file.write(public.read_text())
    return public.resolve()


def _home(folder: Path) -> Path:
    """ejabberd's own folder."""
    home = (folder / "ejabberd").resolve()
    home.mkdir(exist_ok=True)
    return home


def _site(home: Path, ports: Ports) -> Site:
    return Site(
        client_ip=LOOPBACK,
        client_port=ports.client,
        http_port=ports.web,
        http_url=f"https://{LOOPBACK}:{ports.uploads}",
        uploads_port=ports.uploads,
        upload_from_web_pages=True,
        certificate=str(home / CERTIFICATE),
        tls_required=False,
        spool=str(home / "spool"),
        bytes_per_second=None,
        extra_commands=("register",),
        loglevel="warning",
    )
