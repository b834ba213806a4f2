"""Files in ejabberd's own uploads (XEP-0363), fetched from there and passed on as they come.

The address of an upload holds a digest of its owner's account: whoever were sent there could try guesses of the account
(AD2). So these files come through deskbridge; for what lies anywhere else on the web, there is only a redirect.
"""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from .responses import busy, dead, file, no_such_range

log = logging.getLogger(__name__)

AT_ONCE = 32
AT_ONCE_EACH = 6
"""Files on the way, to all visitors and to one: a browser fetches a film in several pieces."""

CHUNK_BYTES = 64 * 1024
ANSWER_SECONDS = 10.0
"""So long ejabberd may be silent."""

SIZE_SECONDS = 2.0
"""So long a message waits to learn how large its file is."""

MOST_SIZES = 1_000
"""Remembered: one file is often sent to several people."""

_BEHIND_THE_BASE = 3
"""Segments of an upload's address: its owner, chance, its name."""


class Uploads:
    """Where ejabberd's uploads are, and what lies there; ``async with``."""

    def __init__(self) -> None:
        self._bases: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._http: aiohttp.ClientSession | None = None
        self._on_the_way: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    def learn(self, service: str, example: str) -> str:
        """What all uploads of an upload service begin with, by an ``example`` of where one of them can be fetched."""
        self._bases[service] = base = example.rsplit("/", _BEHIND_THE_BASE)[0]
        return base

    def holds(self, url: str) -> bool:
        """Whether this is the address of an upload, and can be nothing else of the same server."""
        return any(url.startswith(f"{base}/") and _is_upload(url[len(base) + 1 :]) for base in self._bases.values())

    async def size(self, url: str) -> int | None:
        """Bytes of an upload; None if ejabberd does not say so soon."""
        known = self._sizes.get(url)
        if known is not None:
            return known
        size = await self._ask_size(url)
        if size is not None:
            if len(self._sizes) >= MOST_SIZES:
                self._sizes.clear()
            self._sizes[url] = size
        return size

    async def _ask_size(self, url: str) -> int | None:
        try:
            async with asyncio.timeout(SIZE_SECONDS), self._ask("HEAD", url) as response:
                return response.content_length if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def answer(
        self, request: web.BaseRequest, url: str, name: str, visitor: str, more_time: Callable[[], None]
    ) -> web.StreamResponse:
        """The upload, on its way already, or a page that says why there is none. ``more_time`` is called whenever the
        visitor has taken something."""
        if self._on_the_way.total() >= AT_ONCE or self._on_the_way[visitor] >= AT_ONCE_EACH:
            return busy()
        try:
            with self._counted(visitor):
                return await self._pass_on(request, url, name, more_time)
        except (aiohttp.ClientError, TimeoutError) as problem:
            log.warning("a file could not be fetched from ejabberd's uploads: %s", problem or "it took too long")
            return busy()

    async def _pass_on(
        self, request: web.BaseRequest, url: str, name: str, more_time: Callable[[], None]
    ) -> web.StreamResponse:
        async with self._ask(request.method, url) as found:
            if found.status != 200:
                return dead() if found.status in (403, 404, 410) else busy()
            size = found.content_length
            piece = _piece(request, size)
            if piece is None:
                return no_such_range(size or 0)
            response = file(name, found.content_type, size, piece)
            await response.prepare(request)
            if request.method == "GET":
                await _send(found.content, piece, response, more_time)
            return response

    @contextmanager
    def _counted(self, visitor: str) -> Iterator[None]:
        self._on_the_way[visitor] += 1
        try:
            yield
        finally:
            self._on_the_way[visitor] -= 1
            if not self._on_the_way[visitor]:
                del self._on_the_way[visitor]

    @asynccontextmanager
    async def _ask(self, method: str, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Raises aiohttp's errors, and ``TimeoutError``. No redirect is followed: it could lead anywhere."""
        if self._http is None:
            # Only now: nobody needs the machine's certificates before.
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS, sock_read=ANSWER_SECONDS)
            connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), limit=2 * AT_ONCE)
            self._http = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        headers = {"Accept-Encoding": "identity"}
        async with self._http.request(method, url, headers=headers, allow_redirects=False) as response:
            yield response


def _is_upload(rest: str) -> bool:
    """Whether an address goes on behind its base as ejabberd makes it."""
    segments = rest.split("/")
    names = [unquote(segment) for segment in segments[1:]]
    return (
        len(segments) == _BEHIND_THE_BASE
        and not any(character in rest for character in "?#")
        and all(name not in ("", ".", "..") and "/" not in name for name in names)
    )


def _piece(request: web.BaseRequest, size: int | None) -> range | None:
    """Which bytes are asked for; None for such as there are not. Of a file that does not tell its size, all (RFC 9110
    §14.2). Nobody has a validator of ours, so who wants a piece only of the same file gets all of it (§13.1.5)."""
    whole = range(size) if size is not None else range(0)
    if size is None or "Range" not in request.headers or "If-Range" in request.headers:
        return whole
    try:
        asked = request.http_range
    except ValueError:  # several pieces at once, other units, or no range at all
        return whole
    piece = range(*slice(asked.start, asked.stop).indices(size))
    return piece or None


async def _send(
    content: aiohttp.StreamReader, piece: range, response: web.StreamResponse, more_time: Callable[[], None]
) -> None:
    """Raises ``ConnectionError``: a response that has begun can only be broken off."""
    try:
        async for chunk in _cut(content, piece):
            await response.write(chunk)
            more_time()
    except (aiohttp.ClientError, TimeoutError) as problem:
        log.warning("a file was broken off by ejabberd's uploads: %s", problem or "it took too long")
        raise ConnectionResetError from problem


async def _cut(content: aiohttp.StreamReader, piece: range) -> AsyncIterator[bytes]:
    """What of ``content`` is in the piece; all, if that is empty. ejabberd itself knows nothing of pieces."""
    place = 0
    async for chunk in content.iter_chunked(CHUNK_BYTES):
        cut = chunk[max(0, piece.start - place) : piece.stop - place] if piece else chunk
        if cut:
            yield cut
        place += len(chunk)
        if piece and place >= piece.stop:
            return
