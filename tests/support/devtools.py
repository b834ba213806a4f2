"""Chromium without a screen, and its DevTools protocol: calls, answers and events."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp

usable = shutil.which("chromium") is not None

START_SECONDS = 120.0
CALL_SECONDS = 120.0
PORT_FILE = "DevToolsActivePort"
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    # Frames of other origins stay in the process of their page, so one session reaches them all.
    "--disable-site-isolation-trials",
    "--disable-features=OriginKeyedProcessesByDefault,Translate,OptimizationHints",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--lang=en-GB",
)

Listener = Callable[[dict[str, Any]], None]


class DevToolsError(Exception):
    """Chromium refused a call."""


class DevTools:
    """A Chromium with its profile in ``folder``, for ``async with``; ends with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listeners: dict[tuple[str | None, str], list[Listener]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / PORT_FILE).unlink(missing_ok=True)
        with (self._folder / "chromium.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "chromium", *OPTIONS, f"--user-data-dir={self._folder}", "about:blank",
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            self._http = aiohttp.ClientSession()
            self._socket = await self._http.ws_connect(await self._address(), max_msg_size=0)
        except BaseException:
            await self._end()
            raise
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await self._socket.close()
        await self._end()

    async def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        call = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json({**call, "sessionId": session} if session else call)
        try:
            answer = await asyncio.wait_for(self._answers[number], CALL_SECONDS)
        finally:
            del self._answers[number]
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    def listen(self, event: str, session: str | None, listener: Listener) -> None:
        self._listeners[session, event].append(listener)

    async def _read(self) -> None:
        async for message in self._socket:
            news = message.json()
            if answer := self._answers.get(news.get("id")):
                if not answer.done():
                    answer.set_result(news)
            elif "method" in news:
                for listener in self._listeners[news.get("sessionId"), news["method"]]:
                    listener(news["params"])

    async def _address(self) -> str:
        """Chromium writes its port and path into a file once it listens."""
        file = self._folder / PORT_FILE
        async with asyncio.timeout(START_SECONDS):
            while not (file.exists() and len(lines := file.read_text().splitlines()) == 2):
                assert self._process.returncode is None, (self._folder / "chromium.log").read_text()
                await asyncio.sleep(0.05)
        return f"ws://127.0.0.1:{lines[0]}{lines[1]}"

    async def _end(self) -> None:
        await self._http.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        await self._process.wait()
