"""Files in ejabberd's own uploads (XEP-0363), fetched from there and streamed to the visitor.

The address of an upload contains a hash of its owner's account, against which a visitor could test guesses (AD2). So
these files pass through deskbridge; for files elsewhere on the web there is only a redirect.
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
"""Files in transfer, to all visitors and to one: a browser fetches a film in several ranges."""

CHUNK_BYTES = 64 * 1024
ANSWER_SECONDS = 10.0
"""How long ejabberd may be silent."""

SIZE_SECONDS = 2.0
"""How long a message waits for the size of its file."""

MOST_SIZES = 1_000
"""Cached sizes: one file is often sent to several people."""

_BEHIND_THE_BASE = 3
"""Segments of an upload's address: a hash of its owner, a random token, its name."""


class Uploads:
    """The addresses of ejabberd's uploads, and access to them; ``async with``."""

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
        """The base address of an upload service, from an ``example`` of an address."""
        self._bases[service] = base = example.rsplit("/", _BEHIND_THE_BASE)[0]
        return base

    def holds(self, url: str) -> bool:
        """Whether this is the address of an upload, and cannot be anything else on the same server."""
        return any(url.startswith(f"{base}/") and _is_upload(url[len(base) + 1 :]) for base in self._bases.values())

    async def size(self, url: str) -> int | None:
        """Bytes of an upload; None if ejabberd does not answer in time."""
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
        """The upload, already being sent, or an error page. ``more_time`` is called whenever the visitor has received
        something."""
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
        """Raises aiohttp's errors, and ``TimeoutError``. Redirects are not followed: they could lead anywhere."""
        if self._http is None:
            # Only now, as the machine's certificates are not needed before.
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS, sock_read=ANSWER_SECONDS)
            connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), limit=2 * AT_ONCE)
            self._http = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        headers = {"Accept-Encoding": "identity"}
        async with self._http.request(method, url, headers=headers, allow_redirects=False) as response:
            yield response


def _is_upload(rest: str) -> bool:
    """Whether the rest of an address has the form that ejabberd makes."""
    segments = rest.split("/")
    names = [unquote(segment) for segment in segments[1:]]
    return (
        len(segments) == _BEHIND_THE_BASE
        and not any(character in rest for character in "?#")
        and all(name not in ("", ".", "..") and "/" not in name for name in names)
    )


def _piece(request: web.BaseRequest, size: int | None) -> range | None:
    """The requested range of bytes; None if it is outside of the file. All of a file of unknown size (RFC 9110 §14.2).
    We send no validators, so an If-Range request gets all of the file (§13.1.5)."""
    whole = range(size) if size is not None else range(0)
    if size is None or "Range" not in request.headers or "If-Range" in request.headers:
        return whole
    try:
        asked = request.http_range
    except ValueError:  # several ranges, other units, or no valid range
        return whole
    piece = range(*slice(asked.start, asked.stop).indices(size))
    return piece or None


async def _send(
    content: aiohttp.StreamReader, piece: range, response: web.StreamResponse, more_time: Callable[[], None]
) -> None:
    """Raises ``ConnectionError``: a response that has begun can only be aborted."""
    try:
        async for chunk in _cut(content, piece):
            await response.write(chunk)
            more_time()
    except (aiohttp.ClientError, TimeoutError) as problem:
        log.warning("ejabberd aborted the transfer of an uploaded file: %s", problem or "it took too long")
        raise ConnectionResetError from problem


async def _cut(content: aiohttp.StreamReader, piece: range) -> AsyncIterator[bytes]:
    """The part of ``content`` in the range; all of it if the range is empty. ejabberd does not support ranges."""
    place = 0
    async for chunk in content.iter_chunked(CHUNK_BYTES):
        cut = chunk[max(0, piece.start - place) : piece.stop - place] if piece else chunk
        if cut:
            yield cut
        place += len(chunk)
        if piece and place >= piece.stop:
            return
