"""C10: the page in a real browser, also as if the sanitiser had let everything through: it is the second wall."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from component.ejabberd.private_server import free_ports
from component.ejabberd.site import LOOPBACK
from component.richtext.html_reader import from_html, read_blocks
from component.richtext.page_html import html
from tests.support import devtools
from tests.support.browser import Browser, Page
from tests.support.web import TOKEN, Site, new_link, site

pytestmark = pytest.mark.skipif(not devtools.usable, reason="needs chromium")

PHONE, DESK = (390, 844), (1280, 800)

HOSTILE = """
<p id=text>Hello</p>
<script>document.title = "run"; document.getElementById("text").textContent = "run"</script>
<script src="{elsewhere}/script.js"></script>
<img src=x onerror="document.title='run'"><img src="{elsewhere}/img.png" srcset="{elsewhere}/img2.png 2x">
<svg onload="document.title='run'"><image href="{elsewhere}/svg.png"/><use href="{elsewhere}/use.svg#a"/></svg>
<iframe src="{elsewhere}/frame"></iframe><iframe srcdoc="<script>parent.document.title='run'</script>"></iframe>
<object data="{elsewhere}/object"></object><embed src="{elsewhere}/embed"><portal src="{elsewhere}/portal"></portal>
<video src="{elsewhere}/video" poster="{elsewhere}/poster" autoplay></video>
<audio src="{elsewhere}/audio" autoplay></audio>
<link rel=stylesheet href="{elsewhere}/style.css"><link rel=prefetch href="{elsewhere}/prefetch">
<link rel=preconnect href="{elsewhere}"><link rel=dns-prefetch href="{elsewhere}">
<link rel=icon href="{elsewhere}/icon">
<link rel=manifest href="{elsewhere}/manifest"><link rel=modulepreload href="{elsewhere}/module.js">
<style>@import url("{elsewhere}/import.css"); p {{ background: url("{elsewhere}/style.png") }}</style>
<p style="background-image:url({elsewhere}/inline.png);list-style:url({elsewhere}/list.png)">styled</p>
<base href="{elsewhere}/"><meta http-equiv=refresh content="0;url={elsewhere}/refresh">
<meta http-equiv=set-cookie content="a=b"><meta http-equiv=Content-Security-Policy content="script-src *">
<form action="{elsewhere}/form" id=form><input name=a autofocus onfocus="document.title='run'">
<button>Send</button></form>
<input type=image src="{elsewhere}/input.png"><table background="{elsewhere}/table.png"><tr><td>x</table>
<details open ontoggle="document.title='run'">x</details><marquee onstart="document.title='run'">x</marquee>
<a id=script href="javascript:document.title='run'">script</a>
<a id=data href="data:text/html,<script>document.title='run'</script>">data</a>
<a id=ping href="#x" ping="{elsewhere}/ping">ping</a>
</div></main><script>document.title='run'</script>
"""


@asynccontextmanager
async def elsewhere(**headers: str) -> AsyncIterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A server of somebody else, that answers with these headers: its address, and what it was asked, with headers."""
    asked: list[tuple[str, dict[str, str]]] = []

    async def note(request: web.BaseRequest) -> web.Response:
        asked.append((request.path, dict(request.headers)))
        return web.Response(text="<title>elsewhere</title>", content_type="text/html", headers=headers)

    (port,) = free_ports(1)
    runner = web.ServerRunner(web.Server(note))
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield f"http://{LOOPBACK}:{port}", asked
    finally:
        await runner.cleanup()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "browser") as browser:
        yield browser


async def opened(browser: Browser, url: str, size: tuple[int, int] = DESK, dark: bool = False) -> Page:
    page = await browser.open(url, *size, dark=dark)
    await page.shows("main")
    return page


async def colours(page: Page, selector: str) -> list[str]:
    """Of its ground and its ink."""
    found: list[str] = await page.evaluate(
        """selector => ["backgroundColor", "color"]
            .map(name => getComputedStyle(document.querySelector(selector))[name])""",
        selector,
    )
    return found


async def title(page: Page) -> Any:
    return await page.evaluate("() => document.title")


async def test_nothing_runs_nothing_is_loaded_nobody_leaves(served: Site, browser: Browser) -> None:
    async with elsewhere() as (url, asked):
        await served.store.submit(new_link(content=HOSTILE.format(elsewhere=url)))
        page = await opened(browser, f"{served.url}/m/{TOKEN}")
        await page.shows("a", "ping")
        for name in ("script", "data", "ping"):
            await page.evaluate("id => document.getElementById(id).click()", name)
        await page.click("button", "Send")
        await asyncio.sleep(0.7)
        assert await page.evaluate("() => location.href.split('#')[0]") == f"{served.url}/m/{TOKEN}"
        assert await title(page) == "Message from Alice Ames"
        assert await page.evaluate("() => document.getElementById('text').textContent") == "Hello"
        assert asked == []
        assert await page.evaluate("() => self.origin") == "null"  # shares nothing with other pages of this address
    _, figures = await served.get("/metrics")
    assert [line for line in figures.splitlines() if line.startswith("deskbridge_web_requests_total")] == [
        'deskbridge_web_requests_total{route="/m",status="200"} 1.0'
    ]


async def test_a_click_leads_away_and_tells_nobody_from_where(served: Site, browser: Browser) -> None:
    """C10, C5: the target of a link, and that of a redirect, learn neither the link nor where it stood."""
    async with elsewhere() as (url, asked):
        await served.store.submit(
            new_link(content=f'<p><a href="{url}/handbook">The handbook</a></p>'),
            new_link("f" * 22, kind="file", content=f"{url}/upload.pdf"),
        )
        page = await opened(browser, f"{served.url}/m/{TOKEN}")
        await page.click("a", "The handbook")
        await page.until(lambda: _is(title(page), "elsewhere"), "the other page")
        await page.evaluate("to => { location = to }", f"{served.url}/f/{'f' * 22}")
        await page.until(lambda: _is(_came("/upload.pdf", asked), True), "the upload")
        assert [path for path, _ in asked if path != "/favicon.ico"] == ["/handbook", "/upload.pdf"]
        assert TOKEN not in str(asked) and "ffff" not in str(asked)
        assert all("Referer" not in headers for path, headers in asked if path != "/favicon.ico")


async def test_a_file_behind_a_link_can_be_saved(served: Site, browser: Browser, tmp_path: Path) -> None:
    """A price list, mostly. Chromium would not say a word where the page did not allow it."""
    async with elsewhere(**{"Content-Disposition": "attachment; filename=prices.pdf"}) as (url, _):
        await served.store.submit(new_link(content=f'<p><a href="{url}/prices.pdf">Prices</a></p>'))
        page = await opened(browser, f"{served.url}/m/{TOKEN}")
        await page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        await page.click("a", "Prices")
        await page.until(lambda: _exists(tmp_path / "prices.pdf"), "the file")


async def _exists(path: Path) -> bool:
    return path.exists()  # noqa: ASYNC240


async def _is(value: Any, expected: object) -> bool:
    return bool(await value == expected)


async def _came(path: str, asked: list[tuple[str, dict[str, str]]]) -> bool:
    return path in [each for each, _ in asked]


async def test_readable_on_every_screen(served: Site, browser: Browser) -> None:
    """Nothing sticks out on a phone; light and dark follow the reader's choice, and both have enough contrast."""
    wide = f"<h2>Prices</h2><table><tr><td>{'x' * 90}<td>12.00</table><pre>{'y' * 300}</pre><p>{'z' * 300}</p>"
    await served.store.submit(new_link(content=html(read_blocks(from_html(wide)), None)))
    for path in (f"/m/{TOKEN}", "/m/wrong"):
        for dark in (False, True):
            for size in (PHONE, DESK):
                page = await opened(browser, served.url + path, size, dark)
                assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
                ground, ink = await colours(page, "main")
                assert _contrast(ground, ink) > 7
                assert (_light(ground) < 0.1) is dark
                assert float((await page.evaluate("() => getComputedStyle(document.body).fontSize"))[:-2]) >= 16
                await page.close()


COLOURED = """
<p id=ink><span style="color: #000080">█</span></p>
<p id=coded><span style="color: #0b6f62"><code>█</code></span></p>
<p id=marked><span style="background-color: #ffff00">█</span></p>
<p id=on-it><span style="background-color: #ffff00">&nbsp;</span></p>
<p id=chip><span style="background-color: #000080; color: #ffffff">█</span></p>
<p id=link><a href="https://example.org/"><span style="background-color: #ffff00">█</span></a></p>
"""


async def test_colours_of_a_message_keep_their_contrast_in_the_dark(served: Site, browser: Browser) -> None:
    """C10: whoever chose them thought of white paper. In the light they are as chosen."""
    await served.store.submit(new_link(content=COLOURED))
    light = await opened(browser, f"{served.url}/m/{TOKEN}", PHONE)
    assert await painted(browser, light, "#ink span") == "rgb(0, 0, 128)"
    await light.close()
    dark = await opened(browser, f"{served.url}/m/{TOKEN}", PHONE, dark=True)
    paper, _ = await colours(dark, "main")
    assert _light(paper) < 0.1
    assert _contrast(await painted(browser, dark, "#ink span"), paper) > 7
    assert _contrast(await painted(browser, dark, "#coded code"), paper) > 4.5
    yellow = await painted(browser, dark, "#on-it span")
    assert _contrast(await painted(browser, dark, "#marked span"), yellow) > 7
    assert _contrast(await painted(browser, dark, "#link span"), yellow) > 4.5
    red, green, blue = _parts(yellow)
    assert min(red, green) > blue  # yellow still
    assert _light(await painted(browser, dark, "#chip span")) < _light(paper) + 0.1  # dark on a light ground


async def painted(browser: Browser, page: Page, selector: str) -> str:
    """The colour that is seen in the middle of an element, whatever made it."""
    middle = """selector => {
        const box = document.querySelector(selector).getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    }"""
    place = await page.evaluate(middle, selector)
    png = base64.b64encode(await page.screenshot()).decode()
    look = """async (png, x, y) => {
        const picture = new Image();
        picture.src = `data:image/png;base64,${png}`;
        await picture.decode();
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.drawImage(picture, -Math.floor(x), -Math.floor(y));
        return `rgb(${canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).join(", ")})`;
    }"""
    other = await browser.open("about:blank")  # the page itself may do nothing of this
    colour = str(await other.evaluate(look, png, *place))
    await other.close()
    return colour


async def test_right_to_left(served: Site, browser: Browser) -> None:
    source = """<p>שלום</p><ul><li>אחד</li></ul><blockquote>מתי?</blockquote><p>English</p>
        <table><tr><td>One<td>Two<tr><td>Three<td>Four</table>"""
    await served.store.submit(new_link(content=html(read_blocks(from_html(source)), "he"), sender="אליס"))
    page = await opened(browser, f"{served.url}/m/{TOKEN}", PHONE)
    directions = await page.evaluate(
        """() => [...document.querySelectorAll("h1, .message ul, .message blockquote, .message table")]
            .map(one => getComputedStyle(one).direction)"""
    )
    assert directions == ["rtl", "rtl", "rtl", "ltr"]
    starts_left = """() => [...document.querySelectorAll(".message p")].map(one => {
        const range = document.createRange();
        range.selectNodeContents(one);
        return range.getBoundingClientRect().left - one.getBoundingClientRect().left < 1;
    })"""
    assert await page.evaluate(starts_left) == [False, False, True]


def _parts(colour: str) -> list[float]:
    return [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(", ")]


def _light(colour: str) -> float:
    """Relative luminance, WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)
