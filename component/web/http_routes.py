"""From a request to its response: one look at the path as it was sent, which nothing decodes or tidies up."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import partial

from aiohttp import web

from component.metrics import Metrics

from .link_responses import KINDS, LinkResponses, Visit
from .responses import METHODS, busy, dead, figures, plain, wrong_method
from .visitors import Visitors, client, may_watch

log = logging.getLogger(__name__)

ROBOTS = "User-agent: *\nDisallow: /\n"

_LINK = re.compile(rf"/([{''.join(KINDS)}])/([^/]+)")
_WHOLE = re.compile(r"https?://[^/]*(?=/)")


class HttpRoutes:
    """Answers requests. ``missing`` says in words what keeps the bridge from being ready."""

    def __init__(self, links: LinkResponses, metrics: Metrics, missing: Callable[[], Sequence[str]]) -> None:
        self._links = links
        self._metrics = metrics
        self._visitors = Visitors()
        self._watch: dict[str, Callable[[], web.Response]] = {
            "/healthz": partial(plain, "ok\n"),
            "/readyz": lambda: ready(missing()),
            "/metrics": lambda: figures(metrics.text()),
        }

    async def answer(self, request: web.BaseRequest, more_time: Callable[[], None]) -> web.StreamResponse:
        """Raises nothing but that the visitor has gone: whatever goes wrong has a page. ``more_time`` is called while a
        long response goes on."""
        started = time.perf_counter()
        route: str = "error"
        response: web.StreamResponse = busy(500)
        try:
            route, response = await self._route(request, more_time)
        except ConnectionError:
            raise
        except Exception:
            log.exception("a request could not be answered")  # without its path, which may be a link
        self._metrics.web_request(route, response.status, time.perf_counter() - started)
        return response

    async def _route(self, request: web.BaseRequest, more_time: Callable[[], None]) -> tuple[str, web.StreamResponse]:
        """The name of the route, for counting, and the response."""
        path = _path(request)
        watch = self._watch.get(path)
        if watch is not None and may_watch(request.remote, request.headers):
            return path, watch() if request.method in METHODS.split(", ") else wrong_method()
        visitor = client(request.remote, request.headers)
        if not self._visitors.may_come(visitor):
            return "limited", busy(429)
        if request.method not in METHODS.split(", "):
            return "other", wrong_method()
        if path == "/robots.txt":
            return path, plain(ROBOTS)
        link = _LINK.fullmatch(path)
        if link is None:
            return "other", dead()
        return f"/{link[1]}", await self._links.open(link[1], link[2], Visit(request, str(visitor), more_time))


def ready(missing: Sequence[str]) -> web.Response:
    """200 only if nothing is missing."""
    return plain("".join(f"{what}\n" for what in missing) or "ready\n", 503 if missing else 200)


def _path(request: web.BaseRequest) -> str:
    """Without a query, which mail programs and the like add, and which means nothing here."""
    return _WHOLE.sub("", request.raw_path).partition("?")[0]
