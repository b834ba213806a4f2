"""Whose turn it is: accounts that wait for a worker, some before the others, none with two workers at once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class Turns:
    """Shut at first; while it is shut, nobody's turn comes. Who is added twice waits once."""

    def __init__(self) -> None:
        self._first: dict[str, None] = {}
        self._others: dict[str, None] = {}
        self._busy: set[str] = set()
        self._open = False
        self._news = asyncio.Event()

    def __len__(self) -> int:
        """Accounts that wait, or are being dealt with."""
        return len(self._first) + len(self._others) + len(self._busy)

    @property
    def accounts(self) -> set[str]:
        """The same, by name."""
        return {*self._first, *self._others, *self._busy}

    def __contains__(self, account: str) -> bool:
        return account in self._first or account in self._others

    def open(self) -> None:
        self._open = True
        self._news.set()

    def shut(self) -> None:
        self._open = False

    def add(self, accounts: Iterable[str], first: bool = False) -> None:
        """``first``, before all those who are not."""
        for account in accounts:
            if first:
                self._others.pop(account, None)
                self._first[account] = None
            elif account not in self._first:
                self._others[account] = None
        self._news.set()

    @asynccontextmanager
    async def next(self) -> AsyncIterator[str]:
        """Wait for an account whose turn it is. If it is added meanwhile, its turn comes again afterwards."""
        account = await self._take()
        self._busy.add(account)
        try:
            yield account
        finally:
            self._busy.discard(account)
            self._news.set()

    async def _take(self) -> str:
        while True:
            for queue in (self._first, self._others) if self._open else ():
                for account in queue:
                    if account not in self._busy:
                        del queue[account]
                        return account
            self._news.clear()
            await self._news.wait()
