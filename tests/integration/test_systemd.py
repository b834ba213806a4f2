"""O4: what systemd is told, and when (sd_notify(3))."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.bridge import systemd
from component.bridge.systemd import Systemd
from tests.support.server import TestServer
from tests.support.waiting import until
from tests.support.wire import bridge_on_a_wire


class Letterbox:
    """Where systemd would listen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        self.told += self._socket.recv(4096).decode().splitlines()

    async def hears(self, line: str) -> None:
        await until(lambda: line in self.told)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


@pytest.fixture
async def letterbox(tmp_path: Path) -> AsyncIterator[Letterbox]:
    box = Letterbox(tmp_path / "notify")
    yield box
    box.close()


async def test_of_a_running_bridge(
    ejabberd: TestServer, tmp_path: Path, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ready once it is; what it waits for when ejabberd goes away; alive meanwhile; and the end."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(letterbox.path))
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    async with bridge_on_a_wire(ejabberd.settings, tmp_path) as (wire, bridge):
        await letterbox.hears("READY=1")
        assert letterbox.told[letterbox.told.index("READY=1") - 1] == "STATUS=ready"
        wire.refusing = True
        wire.cut()
        await letterbox.hears("STATUS=there is no connection to ejabberd")
        letterbox.told.clear()
        await letterbox.hears("WATCHDOG=1")
        wire.refusing = False
        await letterbox.hears("STATUS=ready")
        await bridge.stop()
    await letterbox.hears("STOPPING=1")
    assert letterbox.told[-2] == "STOPPING=1"
    assert letterbox.told.count("READY=1") == 0


class TestStarted:
    async def told(
        self, letterbox: Letterbox, missing: list[str], lines: int = 2, waits: bool = False, **environ: str
    ) -> list[str]:
        """At least so many lines, and what comes soon after them."""
        stop = asyncio.Event()
        teller = Systemd({"NOTIFY_SOCKET": str(letterbox.path), **environ})
        running = asyncio.create_task(teller.run(lambda: missing, stop, lambda: waits))
        await until(lambda: len(letterbox.told) >= lines)
        await asyncio.sleep(0.2)
        stop.set()
        await running
        await letterbox.hears("STOPPING=1")
        return letterbox.told[:-2]

    async def test_without_ejabberd_after_a_while(self, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Or systemd would end it and start it again and again."""
        monkeypatch.setattr(systemd, "LOOK_SECONDS", 0.05)
        monkeypatch.setattr(systemd, "PATIENCE_SECONDS", 0.15)
        assert await self.told(letterbox, ["no stream", "no grants"]) == ["STATUS=no stream; no grants", "READY=1"]

    async def test_a_standby_at_once(self, letterbox: Letterbox) -> None:
        """It does what it is there for (H3)."""
        words = "standing by for process 17 on chat1"
        assert await self.told(letterbox, [words], waits=True) == [f"STATUS={words}", "READY=1"]

    async def test_says_each_thing_once(self, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(systemd, "LOOK_SECONDS", 0.05)
        assert await self.told(letterbox, []) == ["STATUS=ready", "READY=1"]

    async def test_no_watchdog_of_another_process(self, letterbox: Letterbox) -> None:
        assert "WATCHDOG=1" not in await self.told(letterbox, [], WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        letterbox.told.clear()
        told = await self.told(letterbox, [], 6, WATCHDOG_USEC="100000", WATCHDOG_PID=str(os.getpid()))
        assert told.count("WATCHDOG=1") >= 3

    async def test_without_systemd(self) -> None:
        await Systemd({}).run(list, asyncio.Event())

    async def test_nobody_listens(self, tmp_path: Path) -> None:
        stop = asyncio.Event()
        stop.set()
        await Systemd({"NOTIFY_SOCKET": str(tmp_path / "nothing")}).run(list, stop)
        await Systemd({"NOTIFY_SOCKET": "@deskbridge-nothing"}).run(list, stop)
