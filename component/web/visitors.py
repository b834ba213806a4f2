"""Who asks: their address, how often they may come, and what is none of their business (R2)."""

import re
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from component.model import Limits
from component.token_bucket import Buckets

EACH = Limits(messages_per_second=20, burst=200)
"""Requests of one address. A whole office may share one; a guess needs 2^128."""

ALL = Limits(messages_per_second=200, burst=400)
"""Requests of everybody together."""

ADDED_BY_PROXIES = re.compile(
    r"via|.*forward.*|.*prox(y|ied).*|.*(client|real|peer|remote|source|originating|connecting|user)-?(ip|addr).*"
    r"|x-(original|rewrite|accel|edge|ssl)-.*|x-(url-)?scheme|x-varnish|surrogate-.*|front-end-https|early-data|cdn-.*"
    r"|(ssl|x)-client-.*|(cf|cloudfront|fastly|fly|x-(envoy|amzn|amz-cf|arr|azure|appengine|akamai|vercel|cloud))-.*",
    re.IGNORECASE,
)
"""Names of headers that only a proxy adds: RFC 7239, RFC 9110, and what is in use besides. What asks for health and
metrics sends none like them."""

Address = IPv4Address | IPv6Address

_UNKNOWN = IPv4Address("255.255.255.255")


def client(peer: str | None, headers: Mapping[str, str]) -> Address:
    """The client's address; ``peer`` is the other end of the connection.

    A proxy is believed only on this machine, and only what itself has added, the last entry of X-Forwarded-For:
    everything before it, and everything from elsewhere, may be made up.
    """
    address = _read(peer)
    if address.is_loopback and "X-Forwarded-For" in headers:
        return _read(headers["X-Forwarded-For"].rpartition(",")[2].strip())
    return address


def may_watch(peer: str | None, headers: Mapping[str, str]) -> bool:
    """May they see health and metrics? Only from this machine or a private network, and not through a proxy."""
    address = _read(peer)
    return not address.is_global and address != _UNKNOWN and not any(map(ADDED_BY_PROXIES.fullmatch, headers))


class Visitors:
    """Holds visitors to a rate, each of them and all together. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = Buckets(lambda: EACH, clock)
        self._all = Buckets(lambda: ALL, clock)

    def may_come(self, address: Address) -> bool:
        """Whether this one may come once more now."""
        return self._each.take(_network(address)) and self._all.take("")


def _read(text: str | None) -> Address:
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return _UNKNOWN
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _network(address: Address) -> str:
    """One customer has all of an IPv6 /64."""
    return str(address) if isinstance(address, IPv4Address) else address.exploded[:19]
