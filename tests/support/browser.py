"""A page in Chromium, used as a person uses it: looked at, clicked, typed into. Waits until things are there."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.devtools import DevTools, DevToolsError

SECONDS = 120.0
POLL_SECONDS = 0.1
LOCAL = ("", "localhost", "127.0.0.1")

FIND = """(selector, text) => [...document.querySelectorAll(selector)].filter(one =>
    one.checkVisibility({visibilityProperty: true}) && (one.innerText ?? one.value ?? "").includes(text))"""
"""Elements that a person can see, whose text has ``text`` in it."""


class Browser:
    """For ``async with``; ``folder`` keeps its profile, and so what pages remember from one visit to the next."""

    def __init__(self, folder: Path) -> None:
        self._devtools = DevTools(folder)

    async def __aenter__(self) -> Self:
        await self._devtools.__aenter__()
        return self

    async def __aexit__(self, *problem: Any) -> None:
        await self._devtools.__aexit__(*problem)

    async def open(self, url: str, width: int = 1440, height: int = 900, *, dark: bool = False) -> "Page":
        target = (await self._devtools.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self._devtools.call("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self._devtools, attached["sessionId"])
        await page.prepare(width, height, dark)
        await page.call("Page.navigate", url=url)
        return page


class Frame:
    """A document. ``selector`` is that of its ``iframe`` in the page, none for the page itself."""

    def __init__(self, page: "Page", selector: str | None) -> None:
        self.page = page
        self.selector = selector

    async def evaluate(self, function: str, *arguments: Any) -> Any:
        """What the JavaScript function returns for ``arguments``, which JSON can tell."""
        answer = await self._evaluate(function, arguments, by_value=True)
        return answer.get("value")

    async def texts(self, selector: str) -> list[str]:
        """The texts of all visible elements, in order."""
        found = await self.evaluate(f"selector => ({FIND})(selector, '').map(one => one.innerText.trim())", selector)
        return list(found)

    async def shows(self, selector: str, text: str = "", seconds: float = SECONDS) -> str:
        """The text of the first such element with ``text`` in it, as soon as there is one."""

        async def look() -> list[str]:
            script = f"(selector, text) => ({FIND})(selector, text).map(one => one.innerText.trim())"
            return list(await self.evaluate(script, selector, text))

        return str((await self.page.until(look, f"{selector} with {text!r}", seconds))[0])

    async def hides(self, selector: str, text: str = "", seconds: float = SECONDS) -> None:
        """Wait until there is none (any more)."""

        async def look() -> bool:
            return not await self.evaluate(f"(selector, text) => ({FIND})(selector, text).length", selector, text)

        await self.page.until(look, f"no {selector} with {text!r}", seconds)

    async def click(self, selector: str, text: str = "") -> None:
        """With the mouse, in the middle of the first such element."""
        x, y = await self._middle(selector, text)
        await self.page.click_at(x, y)

    async def type(self, selector: str, text: str, *, enter: bool = False) -> None:
        """Key by key."""
        await self.click(selector)
        for character in text:
            await self.page.press_key(text=character, key=character)
        if enter:
            await self.page.press_key(text="\r", key="Enter", code="Enter", windowsVirtualKeyCode=13)

    async def choose(self, selector: str, value: str) -> None:
        """An option of a ``select``."""
        await self.shows(selector)
        script = """(selector, value) => {
            const select = document.querySelector(selector);
            select.value = value;
            select.dispatchEvent(new Event("change", {bubbles: true}));
        }"""
        await self.evaluate(script, selector, value)

    async def attach(self, selector: str, *files: Path) -> None:
        """Files for an ``input`` of type ``file``, visible or not."""
        answer = await self._evaluate("selector => document.querySelector(selector)", [selector], by_value=False)
        await self.page.call("DOM.setFileInputFiles", objectId=answer["objectId"], files=[str(file) for file in files])

    async def _middle(self, selector: str, text: str) -> tuple[float, float]:
        """Of the visible part of an element that has stopped moving."""
        before: list[float] = []

        async def look() -> list[float] | None:
            nonlocal before
            found = await self._evaluate(f"(...all) => ({FIND})(...all)[0]", [selector, text], by_value=False)
            if "objectId" not in found:
                return None
            await self.page.call("DOM.scrollIntoViewIfNeeded", objectId=found["objectId"])
            quads = await self.page.call("DOM.getContentQuads", objectId=found["objectId"])
            if not quads["quads"]:
                return None
            here, before = before, quads["quads"][0]
            return before if here == before else None

        quad = await self.page.until(look, f"{selector} with {text!r} to click")
        return sum(quad[0::2]) / 4, sum(quad[1::2]) / 4

    async def _evaluate(self, function: str, arguments: Sequence[Any], *, by_value: bool) -> dict[str, Any]:
        context = await self.page.context(self.selector)
        expression = f"({function})({', '.join(map(json.dumps, arguments))})"
        options = {"contextId": context, "awaitPromise": True, "returnByValue": by_value, "userGesture": True}
        answer = await self.page.call("Runtime.evaluate", expression=expression, **options)
        if problem := answer.get("exceptionDetails"):
            raise DevToolsError(problem.get("exception", {}).get("description") or problem["text"])
        return dict(answer["result"])


class Page(Frame):
    """A tab. ``requests`` has the address of everything it or its frames asked for, ``problems`` what its scripts
    complained of."""

    def __init__(self, devtools: DevTools, session: str) -> None:
        super().__init__(self, None)
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._devtools = devtools
        self._session = session
        self._contexts: dict[str, int] = {}
        self._listen()

    def frame(self, selector: str) -> Frame:
        return Frame(self, selector)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self._devtools.call(method, self._session, **parameters)

    async def prepare(self, width: int, height: int, dark: bool) -> None:
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.bringToFront")
        await self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def close(self) -> None:
        await self.call("Page.close")

    async def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def screenshot(self) -> bytes:
        """A PNG of what is visible."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def click_at(self, x: float, y: float) -> None:
        place = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, **place)

    async def press_key(self, **key: Any) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown", **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **{**key, "text": ""})

    async def context(self, selector: str | None) -> int:
        """The number of the world in which scripts of a frame run."""

        async def look() -> int | None:
            if selector is None:
                return self._contexts.get((await self.call("Page.getFrameTree"))["frameTree"]["frame"]["id"])
            document = await self.call("DOM.getDocument", depth=0)
            node = await self.call("DOM.querySelector", nodeId=document["root"]["nodeId"], selector=selector)
            if not node["nodeId"]:
                return None
            described = await self.call("DOM.describeNode", nodeId=node["nodeId"])
            return self._contexts.get(described["node"].get("frameId", ""))

        return await self.until(look, f"a document in {selector or 'the page'}")

    async def until(self, look: Callable[[], Awaitable[Any]], what: str, seconds: float = SECONDS) -> Any:
        """The first answer of ``look`` that is true. While a page changes, looking may fail."""
        problem: Exception | None = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        if found := await look():
                            return found
                    except DevToolsError as error:
                        problem = error
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise AssertionError(f"the page does not show {what} {problem or ''}{self.problems or ''}") from None

    def strangers(self) -> list[str]:
        """What was asked for elsewhere than on this machine."""
        return [url for url in self.requests if (urlsplit(url).hostname or "") not in LOCAL]

    def _listen(self) -> None:
        def created(event: dict[str, Any]) -> None:
            aux = event["context"]["auxData"]
            if aux.get("isDefault"):
                self._contexts[aux["frameId"]] = event["context"]["id"]

        def destroyed(event: dict[str, Any]) -> None:
            gone = event["executionContextId"]
            self._contexts = {frame: context for frame, context in self._contexts.items() if context != gone}

        def complained(event: dict[str, Any]) -> None:
            details = event["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])

        def logged(event: dict[str, Any]) -> None:
            if event["entry"]["level"] == "error":
                self.problems.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")

        def wrote(event: dict[str, Any]) -> None:
            if event["type"] == "error":
                self.problems += [str(each.get("value") or each.get("description")) for each in event["args"]]

        for event, listener in (
            ("Runtime.executionContextCreated", created),
            ("Runtime.executionContextDestroyed", destroyed),
            ("Runtime.exceptionThrown", complained),
            ("Log.entryAdded", logged),
            ("Runtime.consoleAPICalled", wrote),
            ("Network.requestWillBeSent", lambda event: self.requests.append(event["request"]["url"])),
            ("Network.webSocketCreated", lambda event: self.requests.append(event["url"])),
        ):
            self._devtools.listen(event, self._session, listener)
