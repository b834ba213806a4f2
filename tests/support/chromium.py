"""A Chromium without a screen, told what to do over its DevTools protocol: what a page does, and what it looks like.

https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import contextlib
import os
import re
import shutil
import signal
from itertools import count
from pathlib import Path
from typing import Any, Self

import aiohttp

SECONDS = 30.0
PHONE, DESK = (390, 844), (1280, 800)

usable = shutil.which("chromium") is not None

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip


class Chromium:
    """``async with Chromium(folder) as browser``, which keeps its profile in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "chromium", *_FLAGS, f"--user-data-dir={self._folder}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                address = await self._address()
            self._errors = asyncio.create_task(self._drain())
            self._session = aiohttp.ClientSession()
            self._socket = await self._session.ws_connect(address, max_msg_size=0)
        except BaseException:
            self._end()
            raise
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        self._errors.cancel()
        await self._session.close()
        self._end()
        await self._process.wait()

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _address(self) -> str:
        assert self._process.stderr
        async for line in self._process.stderr:
            if found := re.search(rb"DevTools listening on (ws://\S+)", line):
                return found[1].decode()
        raise AssertionError("Chromium did not start")

    async def _drain(self) -> None:
        assert self._process.stderr
        async for _ in self._process.stderr:
            pass

    async def _read(self) -> None:
        async for message in self._socket:
            data = message.json()
            if "id" in data:
                self._answers.pop(data["id"]).set_result(data)
            elif page := self._pages.get(data.get("sessionId", "")):
                page.happened(data["method"], data["params"])

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """The result of a command of the protocol."""
        id = next(self._ids)
        self._answers[id] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send_json(
            {"id": id, "method": method, "params": params} | ({"sessionId": session} if session else {})
        )
        async with asyncio.timeout(SECONDS):
            data = await answer
        assert "error" not in data, f"{method}: {data['error']}"
        return dict(data["result"])

    async def page(self) -> "Page":
        """A new empty page, which is watched from its beginning."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = self._pages[attached["sessionId"]] = Page(self, attached["sessionId"], target["targetId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        return page


class Page:
    """One tab. ``requests`` are the addresses that it asked for, ``said`` what it logged, with what was blocked."""

    def __init__(self, browser: Chromium, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target
        self.requests: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.places: list[str] = []
        self._loaded = asyncio.Event()

    def happened(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(str(params))
            case "Log.entryAdded":
                self.said.append(params["entry"]["text"])
            case "Page.frameNavigated" if "parentId" not in params["frame"]:
                self.places.append(params["frame"]["url"])
            case "Page.loadEventFired":
                self._loaded.set()

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        return await self._browser.call(method, self._session, **params)

    async def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        async with asyncio.timeout(SECONDS):
            await self._loaded.wait()

    async def value(self, expression: str) -> Any:
        """What an expression is on the page. DevTools may run scripts where the page may not."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def looks(self, size: tuple[int, int], dark: bool = False, media: str = "screen") -> None:
        """Show it on a screen of that size."""
        width, height = size
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if size == PHONE else 1, mobile=size == PHONE,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def picture(self) -> bytes:
        """What it looks like, whole, as PNG."""
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    async def close(self) -> None:
        await self._browser.call("Target.closeTarget", targetId=self._target)
