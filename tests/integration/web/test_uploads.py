"""C5, AD2: files in ejabberd's uploads come through deskbridge, as their addresses tell whose they are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from component.ejabberd.site import LOOPBACK
from component.web.responses import HEADERS
from component.web.uploads import AT_ONCE_EACH, Uploads
from tests.support.web import TOKEN, Site, new_link, site

OWNER = "3a0f2c8e1b7d4f6a9c5e8b2d1f4a7c6e9b8d0f3a"
FILE = b"".join(number.to_bytes(4, "big") for number in range(64_000))
BASE = "/upload/work.acme.test"


@dataclass
class Server:
    """Serves uploads as ejabberd does: whole, with their length. ``files`` are by path, ``asked`` are all requests."""

    url: str
    files: dict[str, Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def has(self, name: str, content: bytes = FILE, type: str = "image/jpeg") -> str:
        """Where the file is."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(body=content, content_type=type)

        return self.answers(name, answer)

    def answers(self, name: str, answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> str:
        path = f"{BASE}/{OWNER}/RaNdOm/{name}"
        self.files[path] = answer
        return self.url + path

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        found = self.files.get(request.path)
        return web.Response(status=404) if found is None else await found(request)


@asynccontextmanager
async def running() -> AsyncIterator[Server]:
    made = Server("")
    runner = web.ServerRunner(web.Server(made.answer))
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    made.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running() as server:
        yield server


@pytest.fixture
async def here(tmp_path: Path, server: Server) -> AsyncIterator[Site]:
    """A web part that knows of the uploads."""
    async with site(tmp_path) as running:
        running.uploads.learn("upload.work.acme.test", f"{server.url}{BASE}/{'0' * 40}/chance/deskbridge")
        yield running


async def fetch(
    site: Site, headers: Mapping[str, str] = {}, method: str = "GET"
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of the link."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{site.url}/f/{TOKEN}", headers=headers, allow_redirects=False) as response,
    ):
        return response.status, response.headers, await response.read()


async def opens(site: Site, url: str, title: str = "photo.jpg") -> None:
    await site.store.submit(new_link(kind="file", content=url, title=title))


class TestPassedOn:
    async def test_whole_and_without_a_word_of_where_it_lies(self, here: Site, server: Server) -> None:
        await opens(here, server.has("photo.jpg"), "Ürlaub 1.jpg")
        status, headers, body = await fetch(here)
        assert (status, body) == (200, FILE)
        assert headers["Content-Length"] == str(len(FILE))
        assert headers["Content-Type"] == "image/jpeg"
        assert headers["Content-Disposition"] == "inline; filename*=UTF-8''%C3%9Crlaub%201.jpg"
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert OWNER not in str(headers) and "Location" not in headers

    @pytest.mark.parametrize("type", ["text/html", "image/svg+xml", "application/pdf", "text/plain", "x/y"])
    async def test_what_could_be_read_as_a_page_is_saved(self, here: Site, server: Server, type: str) -> None:
        await opens(here, server.has("x.html", b"<script>alert(1)</script>", type))
        _, headers, _ = await fetch(here)
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"].startswith("attachment;")
        assert headers["X-Content-Type-Options"] == "nosniff"

    async def test_a_look_at_the_headers_fetches_nothing(self, here: Site, server: Server) -> None:
        await opens(here, server.has("photo.jpg"))
        status, headers, body = await fetch(here, method="HEAD")
        assert (status, headers["Content-Length"], body) == (200, str(len(FILE)), b"")
        assert [method for method, _ in server.asked] == ["HEAD"]

    @pytest.mark.parametrize(
        ("range", "first", "last"),
        [
            ("bytes=0-0", 0, 0),
            ("bytes=100-199", 100, 199),
            ("bytes=70000-", 70_000, 255_999),
            ("bytes=-300", 255_700, 255_999),
            ("bytes=255000-999999999", 255_000, 255_999),
        ],
    )
    async def test_in_pieces_as_players_ask(
        self, here: Site, server: Server, range: str, first: int, last: int
    ) -> None:
        await opens(here, server.has("film.mp4", FILE, "video/mp4"))
        status, headers, body = await fetch(here, {"Range": range})
        assert (status, body) == (206, FILE[first : last + 1])
        assert headers["Content-Range"] == f"bytes {first}-{last}/{len(FILE)}"

    @pytest.mark.parametrize("range", ["bytes=0-1,5-9", "lines=1-2", "bytes=9-1", "bytes=x", ""])
    async def test_whole_for_what_is_no_range(self, here: Site, server: Server, range: str) -> None:
        await opens(here, server.has("photo.jpg"))
        assert (await fetch(here, {"Range": range}))[::2] == (200, FILE)

    async def test_whole_for_who_wants_a_piece_of_another_version(self, here: Site, server: Server) -> None:
        await opens(here, server.has("photo.jpg"))
        assert (await fetch(here, {"Range": "bytes=0-9", "If-Range": '"x"'}))[::2] == (200, FILE)

    async def test_there_is_nothing_behind_the_end(self, here: Site, server: Server) -> None:
        await opens(here, server.has("photo.jpg"))
        status, headers, _ = await fetch(here, {"Range": f"bytes={len(FILE)}-"})
        assert (status, headers["Content-Range"]) == (416, f"bytes */{len(FILE)}")

    async def test_visits_are_counted_but_not_pieces(self, here: Site, server: Server) -> None:
        await opens(here, server.has("film.mp4", FILE, "video/mp4"))
        for headers in ({}, {"Range": "bytes=100-199"}, {"Range": "bytes=200-299"}):
            await fetch(here, headers)
        await here.openings.write()
        found = await here.store.links.find(TOKEN)
        assert found is not None and found.link.opened == 1


class TestTrouble:
    async def test_an_upload_that_ejabberd_has_removed_is_a_dead_link(self, here: Site, server: Server) -> None:
        await opens(here, f"{server.url}{BASE}/{OWNER}/RaNdOm/gone.jpg")
        status, _, body = await fetch(here)
        assert status == 404 and b"This link does not work" in body

    async def test_no_redirect_is_followed(self, here: Site, server: Server) -> None:
        async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": f"{server.url}/secret"})

        await opens(here, server.answers("x.jpg", elsewhere))
        assert (await fetch(here))[0] == 503
        assert ("GET", "/secret") not in server.asked

    async def test_ejabberd_is_away(self, here: Site) -> None:
        here.uploads.learn("upload.work.acme.test", f"http://{LOOPBACK}:9/upload/o/r/deskbridge")
        await opens(here, f"http://{LOOPBACK}:9/upload/{OWNER}/RaNdOm/x.jpg")
        status, _, body = await fetch(here)
        assert status == 503 and b"try again" in body

    async def test_a_file_that_breaks_off_is_seen_to_be_broken(self, here: Site, server: Server) -> None:
        """Never a shorter file that looks whole."""

        async def half(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(len(FILE)), "Content-Type": "image/png"})
            await response.prepare(request)
            await response.write(FILE[:1000])
            assert request.transport is not None
            request.transport.abort()
            return response

        await opens(here, server.answers("x.png", half))
        with pytest.raises(aiohttp.ClientError):
            await fetch(here)

    async def test_nobody_takes_all_places(self, here: Site, server: Server) -> None:
        """R2: one visitor has a few files under way, and the next gets theirs."""
        go_on = asyncio.Event()

        async def slow(request: web.BaseRequest) -> web.StreamResponse:
            await go_on.wait()
            return web.Response(body=FILE)

        await opens(here, server.answers("slow.bin", slow))
        first = [asyncio.create_task(fetch(here)) for _ in range(AT_ONCE_EACH)]
        while len(server.asked) < AT_ONCE_EACH:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await fetch(here))[0] == 503
        other = asyncio.create_task(fetch(here, {"X-Forwarded-For": "192.0.2.7"}))
        while len(server.asked) == AT_ONCE_EACH:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        go_on.set()
        assert [(await task)[0] for task in (*first, other)] == [200] * (AT_ONCE_EACH + 1)
        assert (await fetch(here))[0] == 200


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("https://up.test/upload/o/r/a.jpg", True),
        ("https://up.test/upload/o/r/a%20b.jpg", True),
        ("https://up.test/upload//r/a.jpg", True),  # whoever has no local part
        ("https://up.test/upload/o/r/", False),
        ("https://up.test/upload/o/r/a.jpg?x=1", False),
        ("https://up.test/upload/o/r/a.jpg#x", False),
        ("https://up.test/upload/o/../../admin", False),
        ("https://up.test/upload/o/r/..", False),
        ("https://up.test/upload/o/r/%2e%2e", False),
        ("https://up.test/upload/o/r/%2e%2e%2fx", False),
        ("https://up.test/upload/o/r/a/b", False),
        ("https://up.test/uploads/o/r/a.jpg", False),
        ("https://up.test.evil.test/upload/o/r/a.jpg", False),
        ("http://up.test/upload/o/r/a.jpg", False),
        ("http://127.0.0.1:5281/api/status", False),
    ],
)
def test_nothing_else_is_ever_fetched(address: str, ours: bool) -> None:
    """R2: Work users choose the addresses of their files, and deskbridge may reach what they cannot."""
    uploads = Uploads()
    uploads.learn("upload.work.acme.test", "https://up.test/upload/0/chance/deskbridge")
    assert uploads.holds(address) is ours


async def test_the_size_of_an_upload(server: Server) -> None:
    async with Uploads() as uploads:
        assert await uploads.size(server.has("photo.jpg")) == len(FILE)
        assert await uploads.size(f"{server.url}{BASE}/{OWNER}/RaNdOm/gone.jpg") is None
        assert await uploads.size(f"http://{LOOPBACK}:9/upload/o/r/x") is None
