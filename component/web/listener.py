"""Accepts connections: a limited number a second, and a limited number at a time (R2).

A request costs an eighth of a millisecond even if it is turned away at once, so a flood would take the time that the
bridge needs for messages. Connections that have to wait do so in the kernel, where they cost the bridge nothing.
"""

import asyncio
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address

from component.background_tasks import BackgroundTasks

MOST_CONNECTIONS = 256
MOST_OF_ONE_ADDRESS = 32

MOST_OF_THIS_MACHINE = 256
"""From loopback, where a proxy may be. They are in addition to the others, so nobody else can use them up."""

HERE = "this machine"

log = logging.getLogger(__name__)

PER_SECOND = 300.0
BURST = 600.0
BACKLOG = 256
"""Connections that wait in the kernel. Beyond that clients have to try again, which they do automatically."""

TROUBLE_SECONDS = 0.5


class ConnectionCount:
    """Counts the connections of each host."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def enter(self, host: str) -> bool:
        """Count one more; whether it is within the limits. ``leave`` has to be called in any case."""
        key = _key(host)
        if key == HERE:
            fits = self._taken[HERE] < MOST_OF_THIS_MACHINE
        else:
            others = self._taken.total() - self._taken[HERE]
            fits = others < MOST_CONNECTIONS and self._taken[key] < MOST_OF_ONE_ADDRESS
        self._taken[key] += 1
        return fits

    def leave(self, host: str) -> None:
        key = _key(host)
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]


def _key(host: str) -> str:
    try:
        return HERE if ip_address(host).is_loopback else host
    except ValueError:
        return host


class Listener:
    """``make`` makes a protocol for each connection."""

    def __init__(self, make: Callable[[], asyncio.BaseProtocol]) -> None:
        self._make = make
        self._sockets: list[socket.socket] = []
        self._tasks = BackgroundTasks()
        self._tokens, self._since = BURST, time.monotonic()

    async def open(self, host: str, port: int) -> None:
        """Listen at every address that the host has. Raises ``OSError``."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                self._sockets.append(_listening(family, address))
        except OSError:
            await self.close()
            raise
        for each in self._sockets:
            self._tasks.start(self._accept(each), "accepting connections of browsers")

    async def close(self) -> None:
        """Accept no more."""
        await self._tasks.close()
        for each in self._sockets:
            each.close()

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = await asyncio.get_running_loop().sock_accept(listening)
                await self._take_in(connection)
            except ConnectionError:  # gone already
                pass
            except OSError as problem:  # usually too many open files
                log.warning("a connection could not be accepted: %s", problem)
                await asyncio.sleep(TROUBLE_SECONDS)
            await self._pace()

    async def _take_in(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._make, connection)
        except BaseException:
            connection.close()
            raise

    async def _pace(self) -> None:
        """Wait until the next one is allowed."""
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._since) * PER_SECOND) - 1
        self._since = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / PER_SECOND)


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made
