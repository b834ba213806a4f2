"""The web page on which a Work user and an agent chat side by side, and its server on loopback.

Each side is Converse.js in a frame with its own origin (a port), so that the two share no storage. The page loads only
from here and from ejabberd; its Content-Security-Policy forbids everything else.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from component.ejabberd.site import LOOPBACK
from component.model import Party, Profile, Side

from .demo_configuration import TenantVersion
from .demo_server import PASSWORD, DemoError, Ports

ASSETS = Path(__file__).with_name("assets")
CONVERSE = ASSETS.parent / "node_modules" / "converse.js" / "dist"
OWN_NAMES = ("localhost", LOOPBACK)
"""The host names that a browser may use for this server. Other names that resolve to loopback (DNS rebinding) are
refused."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page_is_installed() -> bool:
    """Whether Converse.js is there, which ``make run`` gets with npm."""
    return (CONVERSE / "converse.min.js").is_file()


class DemoPage:
    """For ``async with``: serves meanwhile. The page tells where ejabberd's ``certificate`` is. Raises ``DemoError`` if
    a port is taken."""

    def __init__(self, people: Sequence[Party], ports: Ports, version: TenantVersion, certificate: Path) -> None:
        self._people = people
        self._ports = ports
        self._version = version
        self._certificate = certificate
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self._ports.page}/"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_get("/setup.json", self._setup)
        app.router.add_put("/version", self._change_version)
        app.router.add_static("/assets/", ASSETS)
        app.router.add_static("/converse/", CONVERSE)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            for port in self._ports.of_page:
                await web.TCPSite(self._runner, LOOPBACK, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise DemoError(f"the demo page cannot be served on port {port}: {error.strerror}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _index(self, request: web.Request) -> web.StreamResponse:
        """The page on the first port, one side of it on each of the others."""
        is_page = request.url.port == self._ports.page
        return web.FileResponse(ASSETS / ("page.html" if is_page else "side.html"))

    async def _setup(self, _: web.Request) -> web.Response:
        """What the scripts need to know."""
        return web.json_response(
            {
                "password": PASSWORD,
                "page_port": self._ports.page,
                "side_ports": self._ports.sides,
                "client_port": self._ports.client,
                "websocket_port": self._ports.web,
                "uploads": {
                    "secure": f"https://{LOOPBACK}:{self._ports.uploads}/upload/",
                    "plain": f"http://{LOOPBACK}:{self._ports.web}/upload/",
                },
                "certificate": str(self._certificate),
                "version": self._version.current(),
                "versions": list(Profile),
                "people": [_person(party) for party in self._people],
            }
        )

    async def _change_version(self, request: web.Request) -> web.Response:
        """``{"version": "9.9"}``: how far back agents see, from now on."""
        try:
            version = Profile((await request.json())["version"])
        except (ValueError, TypeError, KeyError):
            raise web.HTTPBadRequest(text="There is no such version.") from None
        try:
            await self._version.change(version)
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="The bridge did not reload: see what it logs.") from None
        return web.json_response({"version": self._version.current()})

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers only requests to its own names, and accepts changes only from its own page."""
        names = {f"{name}:{port}" for name in OWN_NAMES for port in self._ports.of_page}
        if request.host not in names:
            raise web.HTTPMisdirectedRequest(text="This server answers to localhost alone.\n")
        if request.method != "GET" and request.headers.get("Origin") not in self._origins(self._ports.page):
            raise web.HTTPForbidden(text="Only the demo page may ask for this.\n")
        response = await handler(request)
        response.headers.update(self._headers(request))
        return response

    def _headers(self, request: web.Request) -> Mapping[str, str]:
        policy = self._page_policy() if request.url.port == self._ports.page else self._side_policy()
        return {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "; ".join(f"{key} {' '.join(sources)}" for key, sources in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def _page_policy(self) -> dict[str, list[str]]:
        """The stanzas that it shows have style attributes."""
        return {
            "default-src": ["'self'"],
            "style-src-attr": ["'unsafe-inline'"],
            "frame-src": self._origins(*self._ports.sides),
            "img-src": ["'self'", "data:"],
            "base-uri": ["'none'"],
            "form-action": ["'none'"],
            "frame-ancestors": ["'none'"],
        }

    def _side_policy(self) -> dict[str, list[str]]:
        """Converse.js sets styles by script, and shows pictures that people uploaded to ejabberd."""
        uploads = self._origins(self._ports.web)
        sockets = [origin.replace("http:", "ws:") for origin in uploads]
        return {
            "default-src": ["'self'"],
            "style-src": ["'self'", "'unsafe-inline'"],
            "img-src": ["'self'", "data:", "blob:", *uploads],
            "media-src": ["'self'", *uploads],
            "connect-src": ["'self'", *sockets, *uploads],
            "base-uri": ["'none'"],
            "form-action": ["'none'"],
            "frame-ancestors": self._origins(self._ports.page),
        }

    @staticmethod
    def _origins(*ports: int) -> list[str]:
        return [f"http://{name}:{port}" for name in OWN_NAMES for port in ports]


def _person(party: Party) -> dict[str, Any]:
    """``service`` answers this person's commands, ``searches`` are the hosts on which they may search."""
    tenant = party.tenant
    return {
        "name": party.name,
        "kind": "work" if party.side is Side.WORK else "agent",
        "title": party.person.title,
        "account": party.account,
        "face": party.face,
        "service": tenant.service,
        "searches": [tenant.agent_faces] if party.side is Side.WORK else [tenant.work_faces, tenant.agent_faces],
        "rooms": f"conference.{tenant.work_host}",
    }
