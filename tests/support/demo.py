"""``deskbridge demo`` as a newcomer runs it, on free ports, and its page as they use it."""

import asyncio
import random
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Self

from component.demo.demo_page import page_is_installed
from component.demo.demo_server import Ports
from component.ejabberd.private_server import EjabberdMissing, Install, accepts, free_ports
from tests.support import devtools
from tests.support.browser import Frame, Page

READY = "ready after"
SECONDS = 120.0

BOB, ALICE = "bob@work.acme.test", "alice@cc.acme.test"


def usable() -> bool:
    """Whether there is all that the page and its tests need."""
    try:
        Install.of_system()
    except EjabberdMissing:
        return False
    return devtools.usable and page_is_installed()


class DemoProcess:
    """For ``async with``. ``folder`` must be one that ejabberd's user can get to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "demo.log"
        self.ports = free_ports_of_demo()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.ports.page}/"

    @property
    def certificate(self) -> Path:
        """What clients have to believe."""
        return self.folder / "certificate.crt"

    async def __aenter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "component.cli", "demo", "--folder", str(self.folder)),
                *(f"--{name}-port={port}" for name, port in asdict(self.ports).items()),
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                while READY not in self.log.read_text():
                    assert self._process.returncode is None, self.log.read_text()
                    await asyncio.sleep(0.05)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            await asyncio.wait_for(self._process.wait(), SECONDS)


class DemoPage:
    """The demo page with its two sides."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.left = Side(page, "left")
        self.right = Side(page, "right")

    async def log_in(self, left: str = BOB, right: str = ALICE) -> None:
        """With one click each."""
        await self.left.log_in(left, wait=False)
        await self.right.log_in(right)
        await self.page.shows(f"{self.left.place}.ready")

    async def press(self, step: str, button: str) -> None:
        """A button of the guide."""
        await self.page.click(f"li[data-step={step}] button:enabled", button)

    async def leave(self) -> None:
        for side in (self.left, self.right):
            if await self.page.evaluate("place => !document.querySelector(place + ' .log').hidden", side.place):
                await side.logs_out()
        await self.page.close()

    async def guide_says(self, step: str, text: str) -> str:
        return await self.page.shows(f"li[data-step={step}] output", text)


class Side:
    """Converse.js on one side, as the person there uses it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.place = f"#{name}"
        self.frame = Frame(page, f"#{name} iframe")

    async def log_in(self, account: str, *, wait: bool = True) -> None:
        await self.page.choose(f"{self.place} .who", account)
        await self.page.click(f"{self.place} .enter")
        if wait:
            await self.page.shows(f"{self.place}.ready")

    async def contacts(self, *wanted: str) -> dict[str, list[str]]:
        """Group -> names, once all of ``wanted`` are there."""
        for name in wanted:
            await self.frame.shows(".contact-name", name)
        script = """() => [...document.querySelectorAll(".roster-group")].map(group => [
            group.querySelector(".group-toggle").innerText.trim(),
            [...group.querySelectorAll(".contact-name")].map(name => name.innerText.trim())])"""
        return dict(await self.frame.evaluate(script))

    async def sees(self, name: str, status: str) -> None:
        """A contact's presence, as the dot beside the name says it in words."""
        await self.frame.page.until(lambda: self._status(name, status), f"{name}: {status}")

    async def _status(self, name: str, status: str) -> bool:
        script = """name => [...document.querySelectorAll("converse-roster-contact")]
            .filter(contact => contact.innerText.includes(name))
            .map(contact => contact.querySelector(".chat-status")?.getAttribute("title"))"""
        return status in await self.frame.evaluate(script, name)

    async def open_chat(self, name: str, face: str = "") -> None:
        """By a click on a contact; ``face`` tells apart the two of somebody who has both licences."""
        await self.frame.click(f"a.open-chat[data-jid='{face}']" if face else "a.open-chat", name)
        await self.frame.shows(".chat-title, .chatbox-title", name)

    async def say(self, text: str) -> None:
        await self.frame.type(".chat-textarea", text, enter=True)

    async def reads(self, text: str) -> str:
        """The message with ``text`` in it, as soon as it is shown."""
        return await self.frame.shows(".chat-msg__text", text)

    async def has(self, messages: list[str]) -> bool:
        return await self.messages() == messages

    async def attach(self, *files: Path) -> None:
        await self.frame.shows(".chat-toolbar .toggle-fileupload, .chat-toolbar .fileupload, .chat-toolbar button")
        await self.frame.attach(".chat-toolbar input[type=file]", *files)

    async def messages(self) -> list[str]:
        return await self.frame.texts(".chat-msg__text")

    async def everything(self, *, sent: bool = True) -> str:
        """All stanzas that this person's client received, or also sent, as the page lists them."""
        await self.page.evaluate("place => { document.querySelector(place + ' .wire').open = true; }", self.place)
        if not await self.page.evaluate("place => document.querySelector(place + ' .requests').checked", self.place):
            await self.page.click(f"{self.place} .requests")
        which = "" if sent else ":not(.sent)"
        return "\n".join(await self.page.texts(f"{self.place} .wire li{which} pre"))

    async def logs_out(self) -> None:
        await self.page.click(f"{self.place} .log")
        await self.page.shows(f"{self.place} .enter")


def free_ports_of_demo() -> Ports:
    return Ports(*free_ports(6), page=_three_in_a_row())


def _three_in_a_row() -> int:
    """The first of three free ports, out of the range from which Linux takes ports for everybody else."""
    while True:
        first = random.randrange(20_000, 32_000)
        if not any(accepts(port) for port in range(first, first + 3)):
            return first
