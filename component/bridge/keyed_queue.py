"""Work that waits its turn: in order for each key, side by side for different keys, bounded and fair (R2, R6).

Keys take turns, one job at a time, so nobody waits for all that somebody else has put here. Every few jobs the event
loop gets to everything else, however cheap the jobs are.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None] | None]
"""Does something at once, or returns what has to be awaited until it is done."""

JOBS_A_TURN = 16
"""Jobs that begin in one turn of the event loop."""


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """``at_once_each`` jobs of one key are under way, ``at_once`` of all keys; what waits is bounded in number and in
    size, in whatever unit ``put`` is told."""

    at_once_each: int
    at_once: int
    longest: int
    size_each: int
    size_in_all: int


@dataclass(slots=True)
class _Line:
    """The jobs of one key. ``size`` is that of those that wait, ``running`` the number of those under way."""

    waiting: deque[tuple[Job, int]] = field(default_factory=deque)
    size: int = 0
    running: int = 0


class FairQueue:
    """Begins the jobs of a key in the order of ``put``. With ``at_once_each`` of 1 each ends before the next begins.

    A job that fails is logged and passed over.
    """

    def __init__(self, bounds: QueueBounds) -> None:
        self._bounds = bounds
        self._lines: dict[str, _Line] = {}
        self._ready: dict[str, _Line] = {}  # those of which a job can begin, in the order of their turns
        self._tasks: set[asyncio.Future[None]] = set()
        self._size = 0
        self._held = False
        self._planned = False
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, key: str, job: Job, size: int) -> bool:
        """Whether there was room for the job. It begins in a later turn of the event loop."""
        bounds = self._bounds
        line = self._lines.get(key) or _Line()
        too_many = len(line.waiting) >= bounds.longest or line.size + size > bounds.size_each
        if too_many or self._size + size > bounds.size_in_all:
            return False
        line.waiting.append((job, size))
        line.size += size
        self._size += size
        self._lines[key] = line
        self._empty.clear()
        self._line_up(key, line)
        self._plan()
        return True

    def __len__(self) -> int:
        """Jobs that wait or are under way."""
        return sum(len(line.waiting) + line.running for line in self._lines.values())

    def hold(self) -> None:
        """Begin nothing more until ``resume``. What is under way goes on."""
        self._held = True

    def resume(self) -> None:
        self._held = False
        self._plan()

    async def finish(self, seconds: float) -> None:
        """Wait until all is done. What takes longer is cancelled; all that waits begins before this returns."""
        self.resume()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            while self._lines:
                for task in self._tasks:
                    task.cancel()
                await asyncio.sleep(0)

    # Turns

    def _line_up(self, key: str, line: _Line) -> None:
        if line.waiting and line.running < self._bounds.at_once_each:
            self._ready.setdefault(key, line)

    def _can_begin(self) -> bool:
        return bool(self._ready) and not self._held and len(self._tasks) < self._bounds.at_once

    def _plan(self) -> None:
        if not self._planned and self._can_begin():
            self._planned = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._planned = False
        for _ in range(JOBS_A_TURN):
            if not self._can_begin():
                return
            key = next(iter(self._ready))
            self._begin(key, self._ready.pop(key))
        self._plan()

    def _begin(self, key: str, line: _Line) -> None:
        job, size = line.waiting.popleft()
        line.size -= size
        self._size -= size
        rest = _started(job)
        if rest is not None:
            line.running += 1
            task = asyncio.ensure_future(_finished(rest))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, key, line))
        self._after(key, line)

    def _ended(self, key: str, line: _Line, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        line.running -= 1
        if self._lines.get(key) is line:
            self._after(key, line)
        self._plan()

    def _after(self, key: str, line: _Line) -> None:
        """A job of this key has begun or ended."""
        self._line_up(key, line)
        if not line.waiting and not line.running:
            del self._lines[key]
            if not self._lines:
                self._empty.set()


def _started(job: Job) -> Awaitable[None] | None:
    try:
        return job()
    except Exception:
        log.exception("something that had waited for its turn failed")
        return None


async def _finished(rest: Awaitable[None]) -> None:
    try:
        await rest
    except Exception:
        log.exception("something that had waited for its turn failed")
