"""One demonstration and one browser for all tests of this folder; a tab for each."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from tests.support import demo
from tests.support.browser import Browser
from tests.support.demo import DemoPage, DemoProcess
from tests.support.server import server_folder

Visit = Callable[..., Awaitable[DemoPage]]


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skipif(not demo.usable(), reason="needs chromium, and npm for Converse.js"))


@pytest.fixture(scope="package")
async def demonstration() -> AsyncIterator[DemoProcess]:
    with server_folder() as folder:
        folder.chmod(0o755)
        async with DemoProcess(folder) as process:
            yield process


@pytest.fixture(scope="package")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
async def visit(demonstration: DemoProcess, browser: Browser) -> AsyncIterator[Visit]:
    """``await visit()``: the demo page in a tab of its own, closed at the end; nobody of it stays logged in."""
    pages: list[DemoPage] = []

    async def open_page(**size: int) -> DemoPage:
        page = DemoPage(await browser.open(demonstration.url, **size))
        pages.append(page)
        await page.page.shows("li[data-step=log-in] button")
        return page

    yield open_page
    for page in pages:
        await page.leave()
