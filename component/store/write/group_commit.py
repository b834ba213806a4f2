"""Group commit: whatever was submitted while one batch was being written makes the next one."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from ..engine import Outcome, Stalled, Submission
from ..store_errors import StoreBusy, StoreError

log = logging.getLogger(__name__)

MOST_IN_A_BATCH = 1_000
"""Submissions. Keeps the wait of the first one short, however many are behind it."""

LONGEST_WAIT = 0.05
"""Seconds that a submission which is in no hurry waits for others to be written with."""

Write = Callable[[list[Submission], Stalled], Coroutine[Any, Any, Sequence[Outcome]]]
"""Writes a batch; what came of each of its submissions (`Engine.write`)."""

Observe = Callable[[int, int, float], None]
"""Called after each transaction with the submissions written, those that failed, and the seconds that it took."""


Done = Callable[[Outcome], None]
"""Told once the submission is on disk, with None, or that it cannot be, with the error; in the order of submission."""


class GroupCommit:
    """Queues submissions and has them written, one batch after the other, by ``write``."""

    def __init__(self, write: Write) -> None:
        self.observe: Observe = lambda written, failed, seconds: None
        self._loop = asyncio.get_running_loop()
        self._write = write
        self._queue: deque[tuple[Submission, Done]] = deque()
        self._in_hand: list[tuple[Submission, Done]] = []
        self._woken = False
        self._refused: StoreError | None = None
        self._writing: asyncio.Task[Sequence[Outcome]] | None = None
        self._closed: asyncio.Future[None] | None = None

    @property
    def backlog(self) -> int:
        """Submissions that are not on disk yet."""
        return len(self._queue) + len(self._in_hand)

    @property
    def is_writing(self) -> bool:
        """Is a batch in hand?"""
        return bool(self._in_hand)

    def submit(self, submission: Submission, done: Done, *, hurry: bool = True) -> None:
        """Queue it, and tell ``done`` what became of it. Without ``hurry`` it does not make a batch by itself, for a
        while.

        :raises StoreError: closed
        """
        if self._closed is not None:
            raise StoreError("the store is closed")
        if self._refused is not None:
            self._loop.call_soon(done, self._refused)
            return
        self._queue.append((submission, done))
        if hurry:
            self._wake()
        else:
            self._loop.call_later(LONGEST_WAIT, self._wake)

    def refuse_waiting(self, problem: StoreError) -> None:
        """Nobody waits behind the batch in hand, of which it is not known yet what will come of it."""
        if self._in_hand:
            self._refused = problem
            behind = [self._queue.popleft() for _ in range(len(self._queue))]
            self._tell(behind, [problem] * len(behind), 0.0)

    async def close(self) -> None:
        """Write what is queued, then stop."""
        if self._closed is None:
            self._closed = self._loop.create_future()
            self._wake()
        await asyncio.shield(self._closed)

    async def give_up(self) -> None:
        """Close without waiting any longer: what is being written fails, whether it reaches the disk or not."""
        self.refuse_waiting(StoreError("cannot be written: deskbridge is being stopped"))
        if self._writing is not None:
            self._writing.cancel()
        await self.close()

    def _wake(self) -> None:
        """Begin as soon as all that comes together has been submitted; after the batch in hand, if there is one."""
        if not self._in_hand and not self._woken:
            self._woken = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._woken = False
        queue = self._queue
        if not queue:
            if self._closed is not None and not self._closed.done():
                self._closed.set_result(None)
            return
        self._in_hand = [queue.popleft() for _ in range(min(len(queue), MOST_IN_A_BATCH))]
        self._writing = writing = self._loop.create_task(
            self._write([submission for submission, _ in self._in_hand], self.refuse_waiting)
        )
        writing.add_done_callback(partial(self._end, time.perf_counter()))

    def _end(self, started: float, writing: asyncio.Task[Sequence[Outcome]]) -> None:
        """Have the next batch written before anybody is told of this one: the disk should not wait for us."""
        batch, self._in_hand = self._in_hand, []
        self._refused = None
        outcomes = _outcomes(writing, len(batch))
        if outcomes and isinstance(outcomes[0], StoreBusy):
            # Who came behind them has waited long enough, too.
            behind = [self._queue.popleft() for _ in range(len(self._queue))]
            batch, outcomes = batch + behind, [*outcomes, *[outcomes[0]] * len(behind)]
        seconds = time.perf_counter() - started
        if self._queue:
            self._begin()
            self._loop.call_soon(self._tell, batch, outcomes, seconds)  # comes after the first step of the next one
            return
        self._tell(batch, outcomes, seconds)
        if not self._queue:
            self._begin()

    def _tell(self, batch: Sequence[tuple[Submission, Done]], outcomes: Sequence[Outcome], seconds: float) -> None:
        failed = 0
        for (_, tell), outcome in zip(batch, outcomes, strict=True):
            failed += outcome is not None
            try:
                tell(outcome)
            except Exception:  # the others have to be told, too
                log.exception("the result of a submission could not be handled")
        self.observe(len(batch) - failed, failed, seconds)


def _outcomes(writing: asyncio.Task[Sequence[Outcome]], count: int) -> Sequence[Outcome]:
    if writing.cancelled():
        return [StoreError("cannot be written: deskbridge is being stopped")] * count
    problem = writing.exception()
    if problem is None:
        return writing.result()
    log.error("writing a batch failed", exc_info=problem)
    return [StoreError(f"cannot be written: {problem}")] * count
