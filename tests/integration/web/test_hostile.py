"""R2: requests that no browser makes. None costs more than its own connection, and none is told anything."""

import asyncio
import gc
import os
import resource
import socket
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from component.ejabberd.site import LOOPBACK
from component.store.api import StoreError
from component.web import http_routes, listener
from component.web import link_responses as links
from component.web import web_server as server
from tests.support.waiting import until
from tests.support.web import TOKEN, Site, new_link, site

REQUEST = f"GET /m/{TOKEN} HTTP/1.1\r\nHost: x\r\n".encode()

SECONDS = 60.0
"""The last resort: much longer than any deadline, or until a test is given up."""


@pytest.fixture
async def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """Without deadlines, and at a pace that keeps no test waiting; for visitors time stands still."""
    deadlines(monkeypatch, request=10 * SECONDS, connection=10 * SECONDS)
    monkeypatch.setattr(listener, "PER_SECOND", 10_000.0)
    monkeypatch.setattr(http_routes, "Visitors", partial(http_routes.Visitors, clock=lambda: 0.0))
    async with site(tmp_path) as running:
        await running.store.submit(new_link(content="<p>" + "x" * 200_000 + "</p>"))
        yield running


def deadlines(monkeypatch: pytest.MonkeyPatch, *, request: float, connection: float) -> None:
    """Seconds, for connections that are made from now on."""
    monkeypatch.setitem(server._BOUNDS, "keepalive_timeout", request)
    monkeypatch.setattr(server, "CONNECTION_SECONDS", connection)


async def alive(web: Site) -> bool:
    response, _ = await web.get("/healthz")
    return response.status == 200


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What still came over the connection, whose other end has cut it or does so now."""
    async with asyncio.timeout(SECONDS):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        REQUEST + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
        REQUEST + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"<stream:stream xmlns='jabber:client'>\n\n",
        b"GET\r\n\r\n",
        b"GET /m/x HTTP/9.9\r\n\r\n",
        b"GET /m/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        REQUEST + b"Content-Length: -5\r\n\r\n",
        REQUEST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        REQUEST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n",
        REQUEST + b"No colon\r\n\r\n",
        REQUEST + b"Bad\x00Name: x\r\n\r\n",
        REQUEST + b"X: a\x00b\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:40]),
)
async def test_what_is_no_request(web: Site, sent: bytes) -> None:
    """Refused in a few words, which repeat nothing and do not say what runs here; or the connection just ends."""
    answer = await web.raw(sent)
    assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 404 "))
    assert b"aiohttp" not in answer and b"Python" not in answer and b"aaaa" not in answer
    assert await alive(web)


async def test_one_request_a_connection(web: Site) -> None:
    """Nothing can be hidden behind a request, and nobody keeps a connection."""
    answer = await web.raw((REQUEST + b"Connection: keep-alive\r\n\r\n") * 3)
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"\r\nConnection: close\r\n" in answer


async def test_a_body_is_not_read(web: Site) -> None:
    """Nobody waits for the rest of it."""
    for header in (b"Content-Length: 100000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n"):
        answer = await web.raw(REQUEST + header + bytes(50_000))
        assert not answer or answer.startswith(b"HTTP/1.1 200 ")


async def test_no_upgrade(web: Site) -> None:
    answer = await web.raw(REQUEST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


class TestSlow:
    async def test_a_request_that_trickles_in(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """Slow loris: a byte now and then does not keep the connection."""
        deadlines(monkeypatch, request=0.1, connection=0.5)
        reader, writer = await asyncio.open_connection(LOOPBACK, web.port)
        writer.write(REQUEST + b"X: ")

        async def trickle() -> None:
            while True:
                writer.write(b"a")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        assert await ended(reader) == b""
        trickling.cancel()
        writer.close()

    async def test_nothing_at_all(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """The connection is kept for a while and no longer."""
        reader, writer = await asyncio.open_connection(LOOPBACK, web.port)
        deadlines(monkeypatch, request=0.1, connection=10 * SECONDS)
        assert await web.raw(b"") == b""
        writer.write(REQUEST + b"\r\n")
        assert (await ended(reader)).startswith(b"HTTP/1.1 200 ")
        writer.close()

    async def test_a_response_that_nobody_fetches(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """The connection is cut, and what was to be sent is let go."""
        deadlines(monkeypatch, request=10 * SECONDS, connection=0.5)
        writers = []
        for _ in range(20):
            _, writer = await asyncio.open_connection(LOOPBACK, web.port, limit=1)
            writer.transport.pause_reading()
            writer.write(REQUEST + b"\r\n")
            writers.append(writer)
        assert await alive(web)
        await until(lambda: connections() == 0)
        for writer in writers:
            writer.close()


def connections() -> int:
    """How many there are."""
    gc.collect()
    return len([each for each in gc.get_objects() if type(each) is server._Connection and each.transport])


async def test_too_many_connections(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is closed; the others go on, and there is room again later."""
    monkeypatch.setattr(listener, "MOST_OF_THIS_MACHINE", 10)
    idle = [await asyncio.open_connection(LOOPBACK, web.port) for _ in range(10)]
    assert await web.raw(REQUEST + b"\r\n") == b""
    idle[0][1].write(REQUEST + b"\r\n")
    assert (await ended(idle[0][0])).startswith(b"HTTP/1.1 200 ")
    await until(lambda: connections() < 10)
    assert await alive(web)
    for _, writer in idle:
        writer.close()


async def test_thousands_of_guesses(web: Site) -> None:
    """Nobody gets through, most are turned away before anything is looked up, and others are served meanwhile."""
    answers: Counter[int] = Counter()
    gate = asyncio.Semaphore(50)

    async def guess(number: int) -> None:
        async with gate:
            head = await web.raw(f"GET /m/{number:022d} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answers[int(head[9:12])] += 1

    guessing = asyncio.gather(*(guess(number) for number in range(2_000)))
    while not guessing.done():
        assert await alive(web)
        await asyncio.sleep(0.1)
    await guessing
    assert answers == {404: http_routes.EACH.burst, 429: 2_000 - http_routes.EACH.burst}
    page = await web.raw(REQUEST + b"X-Forwarded-For: 203.0.113.9\r\n\r\n")
    assert page.startswith(b"HTTP/1.1 200 ")


async def test_a_flood_takes_its_turn(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than so many a second wait in the kernel, where they take no time from the bridge; none is
    lost."""
    monkeypatch.setattr(listener, "PER_SECOND", 50.0)
    monkeypatch.setattr(listener, "BURST", 5.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    answers = await asyncio.gather(*(web.raw(REQUEST + b"\r\n") for _ in range(30)))
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
    assert loop.time() - began > (30 - 5) / 50 - 0.1, "no machine is too slow for that"


async def test_turned_away_in_words(web: Site) -> None:
    for _ in range(http_routes.EACH.burst + 1):
        answer = await web.raw(b"GET /m/x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: 5\r\n" in answer
    assert b"Please try again in a moment" in answer


class TestSlowDatabase:
    async def test_says_so(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(links, "PATIENCE_SECONDS", 0.2)

        async def never(_: str) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(web.store.links, "find", never)
        response, text = await web.get(f"/m/{TOKEN}")
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
        assert "Please try again in a moment" in text
        assert await alive(web)

    async def test_takes_no_more_than_some_of_the_readers(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """The bridge's own questions get through."""
        monkeypatch.setattr(links, "PATIENCE_SECONDS", SECONDS)
        real, at_once, answers = web.store.links.find, Counter[str](), Counter[int]()
        some_are_turned_away = asyncio.Event()

        async def slow(token: str) -> Any:
            at_once["now"] += 1
            at_once["most"] = max(at_once["most"], at_once["now"])
            await some_are_turned_away.wait()
            at_once["now"] -= 1
            return await real(token)

        async def visit() -> None:
            response, _ = await web.get(f"/m/{TOKEN}")
            answers[response.status] += 1
            if answers[503] == 20:
                some_are_turned_away.set()

        monkeypatch.setattr(web.store.links, "find", slow)
        await asyncio.gather(*(visit() for _ in range(links.MOST_WAITING + 20)))
        assert at_once["most"] == links.AT_ONCE
        assert answers == {200: links.MOST_WAITING, 503: 20}

    async def test_that_fails(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(_: str) -> None:
            raise StoreError("disk I/O error")

        monkeypatch.setattr(web.store.links, "find", broken)
        response, text = await web.get(f"/m/{TOKEN}")
        assert response.status == 503
        assert "disk" not in text

    async def test_that_breaks_something(self, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """R4: nobody is told what, and no log has the link."""
        monkeypatch.setattr(web.store.links, "find", None)
        response, text = await web.get(f"/m/{TOKEN}")
        assert response.status == 500
        assert "NoneType" not in text


async def test_no_log_has_a_link(web: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(0)
    await web.get(f"/m/{TOKEN}")
    monkeypatch.setattr(web.store.links, "find", None)
    await web.get(f"/m/{TOKEN}")
    assert TOKEN not in caplog.text
    assert "a request could not be answered" in caplog.text


async def test_no_more_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The listener waits until there are some again, and goes on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with site(tmp_path) as web:
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))  # one more, for the client
        try:
            client = socket.create_connection((LOOPBACK, web.port))
            await until(lambda: "a connection could not be accepted" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        reader, writer = await asyncio.open_connection(sock=client)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await ended(reader)).startswith(b"HTTP/1.1 200 ")
        writer.close()
    assert caplog.text.count("a connection could not be accepted") == 1
