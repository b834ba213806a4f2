"""What links open (C5, C10), and how often they were opened."""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TypeVar

from aiohttp import web

from component.metrics import Metrics
from component.model import Tenant
from component.policy.web_addresses import usable
from component.store.api import FoundLink, LeaseLost, Store, StoreError

from .message_page import Message, message_page
from .responses import busy, dead, download, html, redirect
from .uploads import Uploads

A = TypeVar("A")
T = TypeVar("T")

log = logging.getLogger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{22,86}")
"""128 bits at least, in base64url."""

AT_ONCE = 2
"""Links that are looked up at the same time. The bridge needs the store's other readers."""

MOST_WAITING = 64
PATIENCE_SECONDS = 5.0

COUNTS_WRITTEN_EVERY_SECONDS = 10.0

KINDS = {"m": "page", "f": "file", "t": "transcript"}
"""The first part of a link's path, and what kind of link it is."""


Transcript = Callable[[FoundLink], Awaitable[str | None]]
"""The file; None if its reader may no longer read it, or nothing of it is left."""


class LinkCounts:
    """How often links were opened: counted in memory, written every few seconds, as no visitor should wait for a disk.

    A crash loses the count of the last seconds.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: Counter[int] = Counter()

    def add(self, link_id: int) -> None:
        self._counted[link_id] += 1

    async def run(self) -> None:
        """Write until cancelled. Also with an empty count, because the audit log may be due for an earlier one."""
        while True:
            await asyncio.sleep(COUNTS_WRITTEN_EVERY_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write what was counted. What cannot be written is kept for the next time."""
        counted, self._counted = self._counted, Counter()
        try:
            await self._store.links.opened(counted, time.time_ns() // 1000)
        except LeaseLost:
            pass  # this process has nothing more to write
        except StoreError as problem:
            self._counted.update(counted)
            log.warning("the counts of opened links could not be written, and will be tried again: %s", problem)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a link; ``visitor`` is the client's address. ``more_time`` has to be called while a long response
    is sent."""

    request: web.BaseRequest
    visitor: str
    more_time: Callable[[], None]

    @property
    def counts(self) -> bool:
        """Not a HEAD request, and not the next range of a film."""
        return self.request.method == "GET" and "Range" not in self.request.headers


class LinkResponses:
    """Opens links. ``tenant`` gives a tenant by its id, unless it is gone, ``transcript`` the file that such a link
    opens."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        tenant: Callable[[str], Tenant | None],
        transcript: Transcript,
        uploads: Uploads,
    ) -> None:
        self.openings = LinkCounts(store)
        self._store = store
        self._metrics = metrics
        self._tenant = tenant
        self._transcript = transcript
        self._uploads = uploads
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def open(self, letter: str, token: str, visit: Visit) -> web.StreamResponse:
        """What the link shows, or the page for dead links."""
        kind = KINDS[letter]
        response, outcome = await self._open(kind, token, visit)
        self._metrics.link(kind, outcome)
        return response

    async def _open(self, kind: str, token: str, visit: Visit) -> tuple[web.StreamResponse, str]:
        if not TOKEN.fullmatch(token):
            return dead(), "dead"
        try:
            found = await self._in_turn(self._store.links.find, token)
            if found is None or found.link.kind != kind or not found.link.live(time.time_ns() // 1000):
                return dead(), "dead"
            file = await self._in_turn(self._transcript, found) if kind == "transcript" else None
        except (StoreError, TimeoutError) as problem:
            log.warning("a link could not be looked up: %s", problem or "it took too long")
            return busy(), "failed"
        response = download(file, found.link.title) if file is not None else await self._show(found, visit)
        if response is None:
            log.warning("link %d has no content that may be shown", found.link.id)
            return dead(), "dead"
        if response.status >= 400:
            return response, "dead" if response.status == 404 else "failed"
        if visit.counts:
            self.openings.add(found.link.id)
        return response, "opened"

    async def _in_turn(self, ask: Callable[[A], Awaitable[T]], what: A) -> T:
        if self._waiting >= MOST_WAITING:
            raise TimeoutError("too many at once")
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._places:
                return await ask(what)
        finally:
            self._waiting -= 1

    async def _show(self, found: FoundLink, visit: Visit) -> web.StreamResponse | None:
        link = found.link
        match link.kind:
            case "file":
                # Checked when the link was made, and again before it is used.
                if usable(found.content) != found.content:
                    return None
                if not self._uploads.holds(found.content):
                    return redirect(found.content)
                return await self._uploads.answer(
                    visit.request, found.content, link.title, visit.visitor, visit.more_time
                )
            case "transcript":
                return None  # its reader may no longer read it
        tenant = self._tenant(link.tenant)
        organisation, zone = (tenant.name, tenant.time_zone) if tenant is not None else ("", UTC)
        message = Message(link.title, link.sender, organisation, link.made_at, link.expires_at, zone, found.content)
        return html(message_page(message))
