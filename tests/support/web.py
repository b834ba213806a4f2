"""The web part with a real store and without a bridge; links to put into it, and requests that no client would make."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from component.ejabberd.private_server import free_ports
from component.ejabberd.site import LOOPBACK
from component.metrics import Metrics
from component.model import Tenant, WebSettings
from component.store.api import FoundLink, NewLink, Store
from component.web.link_responses import LinkCounts, LinkResponses
from component.web.uploads import Uploads
from component.web.web_server import Web
from tests.support.people import ACME
from tests.support.store import opened

DAY_US = 86_400_000_000
TOKEN = "Fq3kTzZ1uQe8pWm0RbXy9g"


def now_us() -> int:
    return time.time_ns() // 1000


def new_link(token: str = TOKEN, **fields: Any) -> NewLink:
    """A live link to a page, unless ``fields`` differ."""
    defaults: dict[str, Any] = {
        "tenant": "acme",
        "kind": "page",
        "made_at": now_us(),
        "expires_at": now_us() + DAY_US,
        "title": "Message from Alice Ames",
        "content": "<p>Good morning!</p>",
        "sender": "Alice Ames",
    }
    return NewLink(token=token, **(defaults | fields))


@dataclass
class Site:
    """A running web part at ``url``. What is in ``missing`` keeps it from being ready."""

    url: str
    port: int
    store: Store
    openings: LinkCounts
    uploads: Uploads
    missing: list[str] = field(default_factory=list)

    async def get(self, path: str, **options: Any) -> tuple[aiohttp.ClientResponse, str]:
        """The response, no redirect followed, and its text."""
        method = options.pop("method", "GET")
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, allow_redirects=False, **options) as response,
        ):
            return response, await response.text()

    async def raw(self, sent: bytes, seconds: float = 60.0) -> bytes:
        """Everything that comes back for these bytes, up to the end of the connection."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(seconds):
                return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def site(folder: Path, tenant: Tenant = ACME) -> AsyncIterator[Site]:
    (port,) = free_ports(1)
    missing: list[str] = []
    async with opened(folder) as store:
        settings = WebSettings(listen=f"{LOOPBACK}:{port}")
        metrics = Metrics()
        async with Uploads() as uploads, Web(settings, metrics, lambda: missing) as part:
            links = LinkResponses(store, metrics, {tenant.id: tenant}.get, _transcript, uploads)
            async with part.opening(links):
                yield Site(f"http://{LOOPBACK}:{port}", port, store, links.openings, uploads, missing)


async def _transcript(found: FoundLink) -> str:
    """Stands for what makes the file of a link."""
    return found.content
