"""The network between deskbridge and ejabberd, which a test can break."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from component.model import Settings
from tests.support.bridge import BridgeProcess


class Wire:
    """Forwards connections to a port on loopback; ``port`` is where to connect instead. Use as ``async with``."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.refusing = False
        """New connections."""
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._to_target: set[asyncio.StreamWriter] = set()
        self._lost: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._there, self._back = asyncio.Event(), asyncio.Event()
        self.thaw()

    def cut(self) -> None:
        """End all connections without a word. New ones can be made."""
        for writer in self._writers:
            writer.transport.abort()

    def lose(self) -> None:
        """End deskbridge's connections, and keep ejabberd's, which notices nothing. New ones can be made."""
        self._lost |= self._to_target
        for writer in self._writers - self._lost:
            writer.transport.abort()

    def freeze(self) -> None:
        """Keep all connections, but let nothing through any more, as behind a lost network."""
        self._there.clear()
        self._back.clear()

    def hold_back(self) -> None:
        """Let nothing of what deskbridge sends through, until ``thaw``."""
        self._there.clear()

    def thaw(self) -> None:
        self._there.set()
        self._back.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.thaw()
        self._lost.clear()
        self.cut()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to_writer}
        self._to_target.add(to_writer)
        await asyncio.gather(
            self._pump(reader, to_writer, self._there),
            self._pump(to_reader, writer, self._back),
        )
        self._writers -= {writer, to_writer} - self._lost
        self._to_target.discard(to_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await flowing.wait()
                writer.write(data)
                await writer.drain()
        if writer not in self._lost:
            writer.transport.abort()


@asynccontextmanager
async def bridge_on_a_wire(settings: Settings, folder: Path) -> AsyncIterator[tuple[Wire, BridgeProcess]]:
    """A bridge whose connection to ejabberd the test can break."""
    async with Wire(settings.xmpp.port) as wire:
        broken = replace(settings, xmpp=replace(settings.xmpp, port=wire.port))
        async with BridgeProcess(folder, broken) as bridge:
            yield wire, bridge
