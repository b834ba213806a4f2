"""Group commit: whatever was submitted while one batch was being written makes the next one."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .errors import StoreError
from .writer import Outcome, Submission

log = logging.getLogger(__name__)

MOST_IN_A_BATCH = 1_000
"""Submissions. Keeps the wait of the first one short, however many are behind it."""

Write = Callable[[list[Submission]], Awaitable[list[Outcome]]]

Observe = Callable[[int, int, float], None]
"""Called after each transaction with the submissions written, those that failed, and the seconds that it took."""


@dataclass(frozen=True, slots=True)
class _Pending:
    submission: Submission
    done: asyncio.Future[None]


class GroupCommit:
    """Queues submissions and has them written, one batch after the other, by ``write``."""

    def __init__(self, write: Write) -> None:
        self.observe: Observe = lambda written, failed, seconds: None
        self._write = write
        self._queue: deque[_Pending] = deque()
        self._in_hand = 0
        self._news = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store-writer")

    @property
    def backlog(self) -> int:
        """Submissions that are not on disk yet."""
        return len(self._queue) + self._in_hand

    def submit(self, submission: Submission) -> asyncio.Future[None]:
        """Queue it. The future is done once it is on disk, or has a ``StoreError``.

        :raises StoreError: closed
        """
        if self._closing:
            raise StoreError("the store is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Pending(submission, done))
        self._news.set()
        return done

    async def close(self) -> None:
        """Write what is queued, then stop."""
        self._closing = True
        self._news.set()
        await self._task

    async def _run(self) -> None:
        while not (self._closing and not self._queue):
            await self._news.wait()
            self._news.clear()
            while self._queue:
                await self._write_batch()

    async def _write_batch(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_IN_A_BATCH))]
        self._in_hand = len(batch)
        started = time.perf_counter()
        try:
            outcomes = await self._write([pending.submission for pending in batch])
        except Exception as error:
            log.exception("writing a batch failed")
            outcomes = [StoreError(f"cannot be written: {error}")] * len(batch)
        self._in_hand = 0
        failed = sum(outcome is not None for outcome in outcomes)
        self.observe(len(batch) - failed, failed, time.perf_counter() - started)
        for pending, outcome in zip(batch, outcomes, strict=True):
            _settle(pending.done, outcome)


def _settle(done: asyncio.Future[None], outcome: Outcome) -> None:
    if done.done():  # whoever waited for it has gone
        return
    if outcome is None:
        done.set_result(None)
    else:
        done.set_exception(outcome)
        done.exception()  # the writer has logged it; asyncio need not, if nobody asks
