"""How well-known clients read an archive: what they ask, when they stop, and how they tell what they have already.

Each is the behaviour of one client as its source has it, no more: a cache of what it has shown, by archive id, and the
requests it makes. A real client would not notice some mistakes; these fail.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.archive import Page, Result, ask
from tests.support.client import XmppClient

MOST_PAGES = 50


class Reader:
    """What a client shows of its history, oldest first. ``peer`` is the contact whose chat is open."""

    def __init__(self, client: XmppClient, peer: str) -> None:
        self.client = client
        self.peer = peer
        self.shown: list[Result] = []
        self.pages: list[Page] = []

    @property
    def bodies(self) -> list[str | None]:
        return [result.body for result in self.shown]

    @property
    def newest(self) -> str | None:
        return self.shown[-1].id if self.shown else None

    async def first_login(self) -> None:
        """The account is new to the client."""
        raise NotImplementedError

    async def catch_up(self) -> None:
        """Log in again, and fetch what was missed."""
        raise NotImplementedError

    async def ask(self, **wanted: Any) -> Page:
        assert len(self.pages) < MOST_PAGES, f"{type(self).__name__} asks for ever"
        page = await ask(self.client, **wanted)
        self.pages.append(page)
        return page

    async def forwards(self, **wanted: Any) -> None:
        """Page by page until one is complete."""
        while True:
            page = await self.ask(**wanted)
            self._show(page, at_end=True)
            if page.complete:
                return
            wanted["after"] = page.last

    async def backwards(self, **wanted: Any) -> None:
        """From the newest back until a page is complete."""
        wanted["before"] = ""
        older: list[Result] = []
        while True:
            page = await self.ask(**wanted)
            older = page.results + older
            if page.complete:
                break
            wanted["before"] = page.first
        self._check_new(older)
        self.shown += older

    def _show(self, page: Page, at_end: bool) -> None:
        self._check_new(page.results)
        self.shown = self.shown + page.results if at_end else page.results + self.shown

    def _check_new(self, results: list[Result]) -> None:
        known = {result.id for result in self.shown}
        twice = [result.body for result in results if result.id in known]
        assert not twice, f"{type(self).__name__} was given {twice} twice"


class Gajim(Reader):
    """Asks for everything of the last week, then for all after the newest id it has; 70 at a time, forwards."""

    async def first_login(self) -> None:
        week_ago = datetime.now(UTC) - timedelta(days=7)
        await self.forwards(start=week_ago.strftime("%Y-%m-%dT%H:%M:%SZ"), max=70)

    async def catch_up(self) -> None:
        await self.forwards(after=self.newest, max=70)


class Dino(Reader):
    """Fetches the newest page of everything and goes back, 20 at a time, to what it has: by time and by id."""

    async def first_login(self) -> None:
        await self.backwards(max=20)

    async def catch_up(self) -> None:
        await self.backwards(max=20, start=self.shown[-1].stamp, after_id=self.newest)


class Conversations(Reader):
    """Catches up on everything forwards, 50 at a time; scrolling up asks for one chat, backwards. It takes the page
    that brings it to ``<count>`` for the last."""

    async def first_login(self) -> None:
        got = 0
        before: str | None = ""
        while before is not None:
            page = await self.ask(with_=self.peer, max=50, before=before)
            self._show(page, at_end=False)
            got += len(page.results)
            assert page.count is not None and page.complete == (got >= page.count)
            before = None if page.complete else page.first

    async def catch_up(self) -> None:
        await self.forwards(max=50, after=self.newest)


class Converse(Reader):
    """Asks for each chat: the newest 50, then older ones when scrolled up. It would go on for ever with a page that is
    empty but not complete."""

    async def first_login(self) -> None:
        page = await self.ask(with_=self.peer, max=50, before="")
        self._show(page, at_end=False)
        while not page.complete:
            assert page.results
            page = await self.ask(with_=self.peer, max=50, before=self.shown[0].id)
            self._show(page, at_end=False)

    async def catch_up(self) -> None:
        await self.forwards(with_=self.peer, max=50, after=self.newest)


class Monal(Reader):
    """Learns the newest id first; scrolling up asks for one chat 25 at a time; catches up on everything after it."""

    async def first_login(self) -> None:
        self._newest_id = (await self.ask(max=1, before="")).last
        page = await self.ask(with_=self.peer, max=25, before="")
        self._show(page, at_end=False)
        while not page.complete:
            page = await self.ask(with_=self.peer, max=25, before=page.first)
            self._show(page, at_end=False)

    async def catch_up(self) -> None:
        await self.forwards(max=50, after=self._newest_id)
        self._newest_id = self.newest


class Profanity(Reader):
    """Asks when a chat is opened: backwards, 10 at a time, down to the time of what it has."""

    async def first_login(self) -> None:
        await self.backwards(with_=self.peer, max=10)

    async def catch_up(self) -> None:
        newest = datetime.fromisoformat(self.shown[-1].stamp) + timedelta(microseconds=1)
        await self.backwards(with_=self.peer, max=10, start=newest.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


READERS = (Gajim, Dino, Conversations, Converse, Monal, Profanity)
