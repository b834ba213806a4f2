"""A way to a server that breaks when a test wants it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto

from component.ejabberd.ejabberd_yml import LOOPBACK


class Cut(Enum):
    """What becomes of what the client was sending, and of both connections, when it is cut."""

    BEFORE = auto()
    """The server does not get it, and does not notice that the client is gone."""

    AFTER = auto()
    """The server gets it, and answers nobody."""

    LATE = auto()
    """The server gets it when `Proxy.deliver_late` is called, and does not notice before that the client is gone."""


class Proxy:
    """Passes everything on to ``port``, until something goes by that was to be cut at (`cut_at`)."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.cuts = 0
        self._server_port = port
        self._cut: tuple[bytes, Cut] | None = None
        self._late: list[tuple[asyncio.StreamWriter, bytes]] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._refusing = False

    def cut_at(self, text: bytes, how: Cut) -> None:
        """When a client next sends something with ``text`` in it."""
        self._cut = (text, how)

    async def deliver_late(self) -> None:
        for server, sent in self._late:
            server.write(sent)
            await server.drain()
        self._late.clear()

    def refuse(self, refusing: bool = True) -> None:
        """Nobody gets through any more, or everybody again; who is through stays so."""
        self._refusing = refusing

    async def serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._refusing:
            client.close()
            return
        try:
            server_reader, server = await asyncio.open_connection(LOOPBACK, self._server_port)
        except OSError:
            client.transport.abort()
            return
        self._open |= {client, server}
        back = asyncio.create_task(_pass_on(server_reader, client))
        try:
            while data := await client_reader.read(65_536):
                if self._cut is None or self._cut[0] not in data:
                    server.write(data)
                    continue
                how, self._cut = self._cut[1], None
                self.cuts += 1
                back.cancel()
                await asyncio.gather(back, return_exceptions=True)
                if how is Cut.AFTER:
                    server.write(data)
                    await server_reader.read(65_536)  # its answer
                    server.close()
                elif how is Cut.LATE:
                    self._late.append((server, data))
                client.transport.abort()
                return
            server.close()
        except ConnectionError:
            server.close()
        finally:
            back.cancel()

    def close(self) -> None:
        for writer in self._open:
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()
    except ConnectionError:
        writer.close()


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, LOOPBACK, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.close()
