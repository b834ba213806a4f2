"""A tab of Chromium that shows one document, and notes everything that a harmless document does not do."""

import asyncio
import base64
from collections.abc import Callable, Coroutine
from typing import Any, Self

from tests.support.devtools import DevTools

ADDRESS = "https://page.test/"
SECONDS = 30.0

Event = dict[str, Any]


class Tab:
    """``happened`` is what the document did: requests and moves by their addresses, the rest by the event's name.

    Nothing leaves the browser, as every request is answered here.
    """

    def __init__(self, chromium: DevTools, session: str) -> None:
        self._chromium = chromium
        self._session = session
        self._loaded = asyncio.Event()
        self._page = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.happened: list[str] = []

    @classmethod
    async def of(cls, chromium: DevTools) -> Self:
        target = await chromium.call("Target.createTarget", url="about:blank")
        attached = await chromium.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        tab = cls(chromium, attached["sessionId"])
        for name in ("Page.frameAttached", "Page.windowOpen", "Runtime.exceptionThrown"):
            tab._listen(name, lambda _, name=name: tab.happened.append(name))
        tab._listen("Page.frameRequestedNavigation", lambda event: tab.happened.append(event["url"]))
        tab._listen("Page.javascriptDialogOpening", tab._close_dialog)
        tab._listen("Page.loadEventFired", lambda _: tab._loaded.set())
        tab._listen("Fetch.requestPaused", tab._answer)
        for domain in ("Page", "Runtime", "Fetch"):
            await tab.call(f"{domain}.enable")
        return tab

    async def call(self, method: str, **parameters: Any) -> Event:
        return await self._chromium.call(method, self._session, **parameters)

    async def show(self, page: str) -> None:
        """A document from a server that forbids nothing."""
        self._loaded.clear()
        self._page = page
        await self.call("Page.navigate", url=ADDRESS)
        await asyncio.wait_for(self._loaded.wait(), SECONDS)

    async def run(self, script: str) -> Any:
        """The value of an expression in the document."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _listen(self, event: str, listener: Callable[[Event], None]) -> None:
        self._chromium.listen(event, self._session, listener)

    def _start(self, call: Coroutine[Any, Any, Event]) -> None:
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _close_dialog(self, _: Event) -> None:
        self.happened.append("Page.javascriptDialogOpening")
        self._start(self.call("Page.handleJavaScriptDialog", accept=True))

    def _answer(self, event: Event) -> None:
        url, body = event["request"]["url"], ""
        if url == ADDRESS and self._page:
            body, self._page = self._page, ""
        else:
            self.happened.append(url)
        headers = [{"name": "Content-Type", "value": "text/html; charset=utf-8"}]
        encoded = base64.b64encode(body.encode()).decode()
        answer = {"requestId": event["requestId"], "responseCode": 200, "responseHeaders": headers, "body": encoded}
        self._start(self.call("Fetch.fulfillRequest", **answer))
