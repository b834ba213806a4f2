"""The web server: a limited number of connections, each for one request and a short time, whatever is sent (R2)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from component.background_tasks import BackgroundTasks
from component.metrics import Metrics
from component.model import WebSettings

from .http_routes import HttpRoutes
from .link_responses import LinkResponses
from .listener import ConnectionCount, Listener
from .responses import plain

log = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
"""Until the whole request has arrived, counted from the connection."""

CONNECTION_SECONDS = 60.0
"""Including the response; for a large file, for each of its chunks."""

SHUTDOWN_SECONDS = 1.0

AGAIN_SECONDS = 1.0
"""Before another attempt to listen, where another process has the address for now."""

LINE_BYTES = 2_048
HEADER_BYTES = 4_096
MOST_HEADERS = 64

_BOUNDS: dict[str, Any] = {
    "access_log": None,  # it would contain links
    "keepalive_timeout": REQUEST_SECONDS,
    "lingering_time": 0,
    "max_line_size": LINE_BYTES,
    "max_field_size": HEADER_BYTES,
    "max_headers": MOST_HEADERS,
    "auto_decompress": False,
}


class WebError(Exception):
    """The listener cannot start; the text says why and what to do."""


class _Connection(web.RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Invalid HTTP gets a short answer that neither repeats the input nor names the server."""
        if status >= 500:
            log.error("a request could not be answered", exc_info=exc)
        return plain("This is not a request that can be answered here.\n", status)


class _Server(web.Server):
    """Ends slow connections, which aiohttp would keep as long as some data arrives."""

    def __init__(self, routes: HttpRoutes) -> None:
        super().__init__(self._answer)
        self._routes = routes
        self._room = ConnectionCount()
        self._deadlines: dict[web.RequestHandler, tuple[str, asyncio.TimerHandle]] = {}

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **_BOUNDS)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        host = _host(transport)
        seconds = CONNECTION_SECONDS if self._room.enter(host) else 0.0
        self._deadlines[handler] = (host, asyncio.get_running_loop().call_later(seconds, transport.abort))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._routes.answer(request, partial(self._more_time, request.protocol))

    def _more_time(self, handler: web.RequestHandler) -> None:
        """Its response is still being received."""
        if handler in self._deadlines and handler.transport is not None:
            host, deadline = self._deadlines[handler]
            deadline.cancel()
            later = asyncio.get_running_loop().call_later(CONNECTION_SECONDS, handler.transport.abort)
            self._deadlines[handler] = host, later

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        host, deadline = self._deadlines.pop(handler)
        deadline.cancel()
        self._room.leave(host)


class Web:
    """The web server of one process: ``async with Web(...)``. Raises ``WebError`` if it cannot listen, unless it is
    ``patient``: then it tries again until it can.

    ``missing`` says what keeps the bridge from being ready.
    """

    def __init__(
        self, settings: WebSettings, metrics: Metrics, missing: Callable[[], Sequence[str]], *, patient: bool = False
    ) -> None:
        self._at = settings.listen
        self._patient = patient
        self._tasks = BackgroundTasks()
        self._routes = HttpRoutes(metrics, missing)

    async def __aenter__(self) -> Self:
        self._server = _Server(self._routes)
        self._listener = Listener(self._server)
        try:
            await self._listen()
        except WebError as problem:
            if not self._patient:
                raise
            log.info("%s; trying again", problem)
            self._tasks.start(self._try_again(), "listening for browsers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.close()
        await self._listener.close()
        self._server.pre_shutdown()
        await self._server.shutdown(SHUTDOWN_SECONDS)

    @asynccontextmanager
    async def opening(self, links: LinkResponses) -> AsyncIterator[None]:
        """Links can be opened. Without that, whoever has one is asked to come again."""
        async with BackgroundTasks() as tasks:
            tasks.start(links.openings.run(), "counting how often links are opened")
            self._routes.links = links
            try:
                yield
            finally:
                self._routes.links = None
                await tasks.close()
                await links.openings.write()

    async def _listen(self) -> None:
        host, _, port = self._at.rpartition(":")
        try:
            await self._listener.open(host.strip("[]"), int(port))
        except OSError as problem:
            reason = problem.strerror or problem
            raise WebError(
                f"cannot listen at {self._at}: {reason} (does deskbridge run already? `listen` in [web] says where)"
            ) from problem
        log.info("the web server listens at %s", self._at)

    async def _try_again(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            with suppress(WebError):
                return await self._listen()


def _host(transport: asyncio.Transport) -> str:
    """The address at the other end."""
    peer: Any = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""
