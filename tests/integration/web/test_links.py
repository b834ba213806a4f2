"""C5, C10: what links show, and what dead ones do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from component.store.api import StoreError, Supersede, Which, Withdraw
from component.web import link_responses
from component.web.responses import HEADERS
from tests.support.people import ACME
from tests.support.store import ALICE, joined, message
from tests.support.web import DAY_US, TOKEN, Site, new_link, now_us, site


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


async def test_c10_the_page_has_the_message_its_sender_and_its_time(web: Site) -> None:
    await web.store.submit(new_link(made_at=1_795_480_000_000_000, content="<p>One <strong>two</strong></p>"))
    response, text = await web.get(f"/m/{TOKEN}")
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Alice Ames</h1>" in text
    assert f"<bdi>{ACME.name}</bdi>" in text
    assert '<time dir="ltr" datetime="2026-11-24T00:26:40Z">24 November 2026, 00:26 UTC</time>' in text
    assert '<div class="message" dir="auto" lang=""><p>One <strong>two</strong></p></div>' in text
    assert "<title>Message from Alice Ames</title>" in text
    assert '<meta name="robots" content="noindex' in text


async def test_times_are_those_of_the_tenant(tmp_path: Path) -> None:
    """``time_zone``, with its name: the page cannot know where its reader is."""
    zone = ZoneInfo("America/New_York")
    async with site(tmp_path, replace(ACME, time_zone=zone)) as web:
        await web.store.submit(new_link(made_at=1_795_480_000_000_000, expires_at=4_088_000_000_000_000))
        _, text = await web.get(f"/m/{TOKEN}")
        assert 'datetime="2026-11-24T00:26:40Z">23 November 2026, 19:26 America/New York</time>' in text
        assert 'datetime="2099-07-17T19:33:20Z">17 July 2099, 15:33 America/New York</time>' in text


async def test_the_page_of_a_tenant_that_is_gone(web: Site) -> None:
    """Links may be older than the configuration."""
    await web.store.submit(new_link(tenant="initech"))
    response, text = await web.get(f"/m/{TOKEN}")
    assert response.status == 200
    assert "UTC</time>" in text and "bdi" not in text


async def test_names_are_text(web: Site) -> None:
    """Only the content is HTML, as nobody but the sanitiser makes it."""
    await web.store.submit(new_link(sender="<script>Eve</script>", title='"><script>'))
    _, text = await web.get(f"/m/{TOKEN}")
    assert "<script>" not in text
    assert "&lt;script&gt;Eve&lt;/script&gt;" in text


async def test_c10_every_response_keeps_the_browser_from_more(web: Site) -> None:
    """Strict policy, no referrer, not indexed, no cookies, nothing kept."""
    await web.store.submit(new_link(), new_link("f" * 22, kind="file", content="https://upload.acme.test/a.pdf"))
    for path in (f"/m/{TOKEN}", f"/f/{'f' * 22}", "/m/wrong", "/", "/robots.txt", "/healthz"):
        response, _ = await web.get(path)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert "Set-Cookie" not in response.headers
        assert "aiohttp" not in str(response.headers) and "Python" not in str(response.headers)
    policy = HEADERS["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} < set(policy)
    assert not [part for part in policy if part.startswith(("script", "img", "sandbox")) and "scripts" in part]


async def test_c5_a_file_is_redirected_to(web: Site) -> None:
    upload = "https://upload.acme.test:5443/up/Price%20list.pdf?v=1&k=%C3%A9"
    await web.store.submit(new_link(kind="file", content=upload))
    response, text = await web.get(f"/f/{TOKEN}")
    assert (response.status, response.headers["Location"], text) == (302, upload, "The file is at another address.\n")
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "aesgcm://host/x#00",
        "ftp://host/x",
        "//host/x",
        "/m/x",
        "https:///x",
        "https://user:secret@host/x",
        "https://host/\r\nSet-Cookie: a=b",
        "https://host/a b",
        "https://höst/",
        "https:\\\\host\\x",
        "https://[::1/x",
        "",
    ],
)
async def test_c5_nothing_else_is_redirected_to(web: Site, address: str) -> None:
    await web.store.submit(new_link(kind="file", content=address))
    response, _ = await web.get(f"/f/{TOKEN}")
    assert response.status == 404
    assert "Location" not in response.headers and "Set-Cookie" not in response.headers


async def test_s3_a_transcript_is_a_file_to_save(web: Site) -> None:
    await web.store.submit(new_link(kind="transcript", title='Übergabe "7".csv', content="who,what\n"))
    response, text = await web.get(f"/t/{TOKEN}")
    assert (response.headers["Content-Type"], text) == ("text/csv; charset=utf-8", "who,what\n")
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%9Cbergabe%20%227%22.csv"


class TestDead:
    """C10: one helpful page, whatever the reason; nobody learns whether there ever was a link."""

    async def test_all_look_alike(self, web: Site) -> None:
        chat = joined(web.store)
        gone, retracted = message(web.store, chat), message(web.store, chat)
        await web.store.submit(
            chat, gone, retracted, new_link("g" * 22, message_id=gone.id), new_link("r" * 22, message_id=retracted.id)
        )
        await web.store.submit(
            Withdraw(gone.id, now_us()),
            Supersede(
                chat.id, ALICE, f"client-{retracted.id}", web.store.next_message_id(), now_us(), is_version=False
            ),
            new_link("e" * 22, expires_at=now_us() - 1),
            new_link("v" * 22),
            new_link("f" * 22, kind="file", content="https://upload.acme.test/a.pdf"),
        )
        await web.store.links.revoke(Which(tokens=["v" * 22]), "operator", now_us())
        dead = ["g" * 22, "r" * 22, "e" * 22, "v" * 22, "f" * 22, "n" * 22, "short", "a" * 600, "%2e%2e"]
        answers = [await web.get(f"/m/{token}") for token in dead]
        for response, text in answers:
            assert response.status == 404
            assert text == answers[0][1]
            assert {**response.headers, "Date": ""} == {**answers[0][0].headers, "Date": ""}
        assert "Ask the person who sent it" in answers[0][1]

    async def test_revoked_at_once(self, web: Site) -> None:
        await web.store.submit(new_link())
        assert (await web.get(f"/m/{TOKEN}"))[0].status == 200
        await web.store.links.revoke(Which(tokens=[TOKEN]), "operator", now_us())
        for headers in ({}, {"If-None-Match": "*"}, {"If-Modified-Since": "Tue, 24 Nov 2099 00:00:00 GMT"}):
            assert (await web.get(f"/m/{TOKEN}", headers=headers))[0].status == 404

    async def test_a_link_of_one_kind_is_no_link_of_another(self, web: Site) -> None:
        await web.store.submit(new_link(kind="file", content="https://upload.acme.test/a.pdf"))
        assert [(await web.get(f"/{letter}/{TOKEN}"))[0].status for letter in "mft"] == [404, 302, 404]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/m", "/m/", "/f/", f"/m/{TOKEN}/", f"/m/{TOKEN}/x", f"//m/{TOKEN}", f"/x/../m/{TOKEN}", f"/M/{TOKEN}",
        f"/m/{TOKEN[:-1]}", f"/m/{TOKEN}%00", f"/m/%46{TOKEN[1:]}", f"/m/{TOKEN.lower()}", "/m/%", "/m/.htaccess",
        "/favicon.ico", "/sitemap.xml", "/.well-known/security.txt", "/m/' OR 1=1 --", "/index.html",
    ],
)  # fmt: skip
async def test_nothing_else_is_there(web: Site, path: str) -> None:
    """No listing, no index, no second way of writing a link."""
    await web.store.submit(new_link())
    request = f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\n\r\n"
    assert (await web.raw(request.encode())).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("path", [f"/m/{TOKEN}?utm_source=mail", f"http://links.acme.test/m/{TOKEN}", f"/m/{TOKEN}?"])
async def test_what_others_add_to_a_link_does_no_harm(web: Site, path: str) -> None:
    await web.store.submit(new_link())
    assert (await web.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())).startswith(b"HTTP/1.1 200 ")


async def test_nobody_is_invited_to_index(web: Site) -> None:
    _, text = await web.get("/robots.txt")
    assert text == "User-agent: *\nDisallow: /\n"


class TestMethods:
    async def test_head_has_all_but_the_body(self, web: Site) -> None:
        await web.store.submit(new_link(), new_link("f" * 22, kind="file", content="https://upload.acme.test/a.pdf"))
        for path in (f"/m/{TOKEN}", f"/f/{'f' * 22}", "/m/wrong", "/robots.txt", "/readyz"):
            got, text = await web.get(path)
            head, nothing = await web.get(path, method="HEAD")
            assert nothing == ""
            assert head.status == got.status
            assert {**head.headers, "Date": ""} == {**got.headers, "Date": ""}
            assert int(head.headers["Content-Length"]) == len(text.encode())

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "CONNECT"])
    async def test_others_are_not_allowed(self, web: Site, method: str) -> None:
        await web.store.submit(new_link())
        for path in (f"/m/{TOKEN}", "/nothing", "/metrics"):
            answer = await web.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 405 " if method != "CONNECT" else b"HTTP/1.1 4")
            assert method == "CONNECT" or b"\r\nAllow: GET, HEAD\r\n" in answer


class TestCounting:
    """O5: who asks how often a link was opened gets a number, and the audit log a line."""

    async def openings(self, web: Site) -> tuple[int, list[str]]:
        await web.openings.write()
        found = await web.store.links.find(TOKEN)
        assert found is not None
        return found.link.opened, [entry.detail async for entry in web.store.audit.entries(subject="link 1")]

    async def test_visits_count_and_looks_do_not(self, web: Site) -> None:
        await web.store.submit(new_link())
        assert await self.openings(web) == (0, [])
        await web.get(f"/m/{TOKEN}")
        await web.get(f"/m/{TOKEN}", method="HEAD")
        await web.get(f"/f/{TOKEN}")
        assert await self.openings(web) == (1, [""])
        await asyncio.gather(*(web.get(f"/m/{TOKEN}") for _ in range(20)))
        assert await self.openings(web) == (21, [""])

    async def test_a_stop_writes_down(self, tmp_path: Path) -> None:
        async with site(tmp_path) as web:
            await web.store.submit(new_link(kind="file", content="https://upload.acme.test/a.pdf"))
            await web.get(f"/f/{TOKEN}")
        async with site(tmp_path) as web:
            assert await self.openings(web) == (1, [""])

    async def test_what_cannot_be_written_yet_is_written_later(
        self, web: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await web.store.submit(new_link())
        await web.get(f"/m/{TOKEN}")

        async def full(*_: Any) -> None:
            raise StoreError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(web.store.links, "opened", full)
            await web.openings.write()
        assert await self.openings(web) == (1, [""])


async def test_a_link_lives_for_its_days(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    end = now_us() + DAY_US
    await web.store.submit(new_link(expires_at=end), new_link("l" * 22, expires_at=end + 1))
    assert (await web.get(f"/m/{TOKEN}"))[0].status == 200
    monkeypatch.setattr(link_responses, "time", SimpleNamespace(time_ns=lambda: end * 1_000))
    assert (await web.get(f"/m/{TOKEN}"))[0].status == 404
    assert (await web.get(f"/m/{'l' * 22}"))[0].status == 200
