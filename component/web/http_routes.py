"""From a request to its response: who asks, whether they may, and what they get.

The path is compared as it was sent; nothing decodes or normalises it.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from component.metrics import Metrics
from component.model import Limits
from component.token_bucket import Buckets

from .link_responses import KINDS, LinkResponses, Visit
from .responses import METHODS, busy, dead, figures, plain, wrong_method

EACH = Limits(messages_per_second=20, burst=200)
"""Requests from one address. A whole office may share one; guessing a token takes 2^128 of them."""

ALL = Limits(messages_per_second=200, burst=400)
"""Requests from all addresses together."""

ADDED_BY_PROXIES = re.compile(
    r"via|.*forward.*|.*prox(y|ied).*|.*(client|real|peer|remote|source|originating|connecting|user)-?(ip|addr).*"
    r"|x-(original|rewrite|accel|edge|ssl)-.*|x-(url-)?scheme|x-varnish|surrogate-.*|front-end-https|early-data|cdn-.*"
    r"|(ssl|x)-client-.*|(cf|cloudfront|fastly|fly|x-(envoy|amzn|amz-cf|arr|azure|appengine|akamai|vercel|cloud))-.*",
    re.IGNORECASE,
)
"""Names of headers that only a proxy adds: RFC 7239, RFC 9110, and others in use. Monitoring that asks for health and
metrics sends none of them."""

Address = IPv4Address | IPv6Address

_UNKNOWN = IPv4Address("255.255.255.255")

log = logging.getLogger(__name__)

ROBOTS = "User-agent: *\nDisallow: /\n"

_LINK = re.compile(rf"/([{''.join(KINDS)}])/([^/]+)")
_WHOLE = re.compile(r"https?://[^/]*(?=/)")


def client(peer: str | None, headers: Mapping[str, str]) -> Address:
    """The client's address; ``peer`` is the other end of the connection.

    A proxy is trusted only on this machine, and only for the entry that it has added itself, the last one of
    X-Forwarded-For. Everything before that, and everything from elsewhere, may be forged.
    """
    address = _read(peer)
    if address.is_loopback and "X-Forwarded-For" in headers:
        return _read(headers["X-Forwarded-For"].rpartition(",")[2].strip())
    return address


def may_watch(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether they may see health and metrics. Only from this machine or a private network, and not through a proxy."""
    address = _read(peer)
    return not address.is_global and address != _UNKNOWN and not any(map(ADDED_BY_PROXIES.fullmatch, headers))


class Visitors:
    """Limits the rate of visitors, for each of them and for all together. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = Buckets(lambda: EACH, clock)
        self._all = Buckets(lambda: ALL, clock)

    def may_come(self, address: Address) -> bool:
        """Whether this address may send a request now."""
        return self._each.take(_network(address)) and self._all.take("")


def _read(text: str | None) -> Address:
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return _UNKNOWN
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _network(address: Address) -> str:
    """An IPv6 /64 counts as one address, because one customer has all of it."""
    return str(address) if isinstance(address, IPv4Address) else address.exploded[:19]


class HttpRoutes:
    """Answers requests. ``missing`` says what keeps the bridge from being ready, in words for operators."""

    def __init__(self, metrics: Metrics, missing: Callable[[], Sequence[str]]) -> None:
        self.links: LinkResponses | None = None
        """None while they cannot be opened, as there is no database yet, or any more."""
        self._metrics = metrics
        self._visitors = Visitors()
        self._watch: dict[str, Callable[[], web.Response]] = {
            "/healthz": partial(plain, "ok\n"),
            "/readyz": lambda: ready(missing()),
            "/metrics": lambda: figures(metrics.text()),
        }

    async def answer(self, request: web.BaseRequest, more_time: Callable[[], None]) -> web.StreamResponse:
        """Raises only ``ConnectionError``, if the visitor has gone: every other error has a page. ``more_time`` is
        called while a long response is sent."""
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
        if self.links is None:
            return f"/{link[1]}", busy()
        return f"/{link[1]}", await self.links.open(link[1], link[2], Visit(request, str(visitor), more_time))


def ready(missing: Sequence[str]) -> web.Response:
    """200 only if nothing is missing."""
    return plain("".join(f"{what}\n" for what in missing) or "ready\n", 503 if missing else 200)


def _path(request: web.BaseRequest) -> str:
    """Without the query, which e-mail programs add and which means nothing here."""
    return _WHOLE.sub("", request.raw_path).partition("?")[0]
