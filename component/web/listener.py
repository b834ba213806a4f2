"""Takes in connections, so many a second and no more: the others wait in the kernel, and cost the bridge nothing (R2).

A request costs an eighth of a millisecond even if it is turned away at once, so a flood would take the time that the
bridge needs for messages.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

PER_SECOND = 300.0
BURST = 600.0
BACKLOG = 256
"""Connections that wait in the kernel. Beyond them, clients have to try again, which they do by themselves."""

TROUBLE_SECONDS = 0.5


class Listener:
    """``make`` gives a protocol for each connection."""

    def __init__(self, make: Callable[[], asyncio.BaseProtocol]) -> None:
        self._make = make
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []
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
        self._tasks = [asyncio.create_task(self._accept(each)) for each in self._sockets]

    async def close(self) -> None:
        """Take in no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._sockets:
            each.close()

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = await asyncio.get_running_loop().sock_accept(listening)
                await self._take_in(connection)
            except ConnectionError:  # gone already
                pass
            except OSError as problem:  # no more files, mostly
                log.warning("a connection could not be taken in: %s", problem)
                await asyncio.sleep(TROUBLE_SECONDS)
            await self._pace()

    async def _take_in(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._make, connection)
        except BaseException:
            connection.close()
            raise

    async def _pace(self) -> None:
        """Wait until there may be one more."""
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
