"""Converse.js in a Chromium without a screen, logged in, and with one chat open: what a person would see there."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from aiohttp import web

from component.demo.demo_page import CONVERSE

CLIENTS = Path(__file__).parents[1] / "clients"
SECONDS = 120.0
SETTLE_SECONDS = 2.0

usable = shutil.which("chromium") is not None and CONVERSE.is_dir()


class Converse:
    """One visit to its page on ``port``; with ``peer`` empty, a chat is opened seconds after somebody has begun it.

    ``folder`` keeps the browser's profile, and what Converse remembers from one visit to the next one at the same port.
    ``web_port`` is ejabberd's.
    """

    def __init__(
        self, folder: Path, port: int, jid: str, password: str, web_port: int, peer: str, page_size: int = 50
    ) -> None:
        self._folder = folder
        self._port = port
        self._wanted = {
            "jid": jid,
            "password": password,
            "peer": peer,
            "max": page_size,
            "websocket": f"ws://localhost:{web_port}/ws",
        }
        self._shown: list[str] = []
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._browser: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_static("/dist/", CONVERSE)
        app.router.add_get("/", self._page)
        app.router.add_post("/shown", self._report)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "localhost", self._port, reuse_address=True).start()
        self._browser = await asyncio.create_subprocess_exec(
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={self._folder}",
            f"http://localhost:{self._port}/?{urlencode(self._wanted)}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self._folder.parent / "chromium.log").open("ab"),
            start_new_session=True,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._browser is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._browser.pid, signal.SIGTERM)
            await self._browser.wait()
        if self._runner is not None:
            await self._runner.cleanup()

    async def shows(self, expected: list[str]) -> None:
        """Wait until exactly these messages are shown, in this order, and nothing is added in the next seconds."""
        await self._shows(expected, lambda: self._shown)

    async def ends_with(self, expected: list[str]) -> None:
        """The same of the last messages."""
        await self._shows(expected, lambda: self._shown[-len(expected) :])

    async def _shows(self, expected: list[str], shown: Callable[[], list[str]]) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                while shown() != expected:
                    await self._next()
        except TimeoutError:
            raise AssertionError(f"Converse.js shows {self._shown}") from None
        await asyncio.sleep(SETTLE_SECONDS)
        await self._next()
        assert shown() == expected

    async def _next(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(CLIENTS / "converse.html")

    async def _report(self, request: web.Request) -> web.Response:
        self._shown = await request.json()
        self._news.set()
        return web.Response()
