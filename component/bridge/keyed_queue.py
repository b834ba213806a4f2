"""The queue that keeps order per key: jobs of one key one after the other, those of different keys side by side (R2,
R6).

A key is whose jobs must not overtake each other: an account, a conversation. Keys take turns, one job at a time, so
nobody waits for all that somebody else has put here. Every few jobs the event loop gets to everything else, however
cheap the jobs are.

A job is called when its turn comes. Either it is done with that, or it returns what has to be awaited, which runs as a
task in the background until it has ended: only then does the next job of its key begin.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from component.background_tasks import BackgroundTasks

log = logging.getLogger(__name__)

Job = Callable[[], Coroutine[Any, Any, None] | None]
"""Does something at once, or returns what has to be awaited until it is done."""

Key = TypeVar("Key", bound=Hashable)

JOBS_A_TURN = 16
"""Jobs that begin in one turn of the event loop."""

UNBOUNDED = sys.maxsize


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """``at_once_each`` jobs of one key are under way, ``at_once`` of all keys; what waits is bounded in number and in
    size, in whatever unit ``put`` is told."""

    at_once_each: int = 1
    at_once: int = UNBOUNDED
    longest: int = UNBOUNDED
    size_each: int = UNBOUNDED
    size_in_all: int = UNBOUNDED


class _KeyJobs:
    """The jobs of one key: ``size`` is that of those that wait, ``running`` the number of those under way.

    ``hastened`` tells that it comes before others; ``emptied`` is done when nothing of it is left.
    """

    __slots__ = ("emptied", "hastened", "running", "size", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[Job, int]] = []  # a deque takes 600 bytes for the one job that most keys have
        self.size = 0
        self.running = 0
        self.hastened = False
        self.emptied: asyncio.Future[None] | None = None


class KeyedQueue(Generic[Key]):
    """Begins the jobs of a key in the order of ``put``. With ``at_once_each`` of 1 each ends before the next begins.

    ``what`` says in the log what the jobs do, as in ``BackgroundTasks.start``: one that fails is logged and passed
    over. ``eager`` jobs begin while they are put, unless others of their key are ahead of them. ``emptied`` is told
    whenever the last job that waited or was under way has ended.
    """

    def __init__(
        self,
        tasks: BackgroundTasks,
        what: str,
        bounds: QueueBounds | None = None,
        *,
        eager: bool = False,
        emptied: Callable[[], None] | None = None,
    ) -> None:
        self._tasks = tasks.part()
        self._what = what
        self._bounds = bounds or QueueBounds()
        self._eager = eager
        self._when_empty = emptied
        self.unfinished: dict[Key, _KeyJobs] = {}
        """The keys of which a job waits or is under way."""
        self._ready: dict[Key, _KeyJobs] = {}  # those of which a job can begin, in the order of their turns
        self._hastened: dict[Key, _KeyJobs] = {}  # the same, before all others
        self._waiting = 0
        self._size = 0
        self._held = False
        self._planned = False
        self.late = False
        """Whether any job was not done while it was put, since ``settled`` was last called."""

    def put(self, key: Key, job: Job, size: int = 0) -> bool:
        """Whether there was room for the job. If it is not eager, it begins in a later turn of the event loop."""
        bounds = self._bounds
        jobs = self.unfinished.get(key)
        if jobs is None:
            if self._eager and self._has_place():
                rest = self._started(job)
                if rest is not None:
                    jobs = self.unfinished[key] = _KeyJobs()
                    self._run(key, jobs, rest)
                return True
            jobs = _KeyJobs()
        too_many = len(jobs.waiting) >= bounds.longest or jobs.size + size > bounds.size_each
        if too_many or self._size + size > bounds.size_in_all:
            return False
        jobs.waiting.append((job, size))
        jobs.size += size
        self._waiting += 1
        self._size += size
        self.unfinished[key] = jobs
        self._make_ready(key, jobs)
        self._plan()
        return True

    def hasten(self, key: Key) -> None:
        """Have the next job of this key begin before those of other keys that are not hastened. Nothing if none
        waits."""
        jobs = self.unfinished.get(key)
        if jobs is not None and jobs.waiting:
            jobs.hastened = True
            if self._ready.pop(key, None) is not None:
                self._hastened[key] = jobs

    def __len__(self) -> int:
        """Jobs that wait or are under way."""
        return self._waiting + len(self._tasks)

    def waits(self, key: Key) -> bool:
        """Whether a job of this key has not begun yet."""
        jobs = self.unfinished.get(key)
        return jobs is not None and bool(jobs.waiting)

    def hold(self) -> None:
        """Begin nothing more until ``resume``. What is under way goes on."""
        self._held = True

    def resume(self) -> None:
        self._held = False
        self._plan()

    async def settled(self) -> bool:
        """Wait until each key that has jobs now has had none left once; whether any job since the last call was not
        done while it was put."""
        while_now = [self._emptied(jobs) for jobs in self.unfinished.values()]
        if while_now:
            await asyncio.wait(while_now)
        late, self.late = self.late, False
        return late

    async def finish(self, seconds: float) -> None:
        """Wait until all is done. What takes longer is cancelled; all that waits begins before this returns."""
        self.resume()
        try:
            async with asyncio.timeout(seconds):
                while self.unfinished:
                    await self.settled()
        except TimeoutError:
            while self.unfinished:
                self._tasks.cancel()
                await asyncio.sleep(0)

    def clear(self) -> None:
        """Forget all that waits, and cancel what is under way."""
        self._tasks.cancel()
        all_jobs, self.unfinished = self.unfinished, {}
        self._ready.clear()
        self._hastened.clear()
        self._waiting = self._size = 0
        for jobs in all_jobs.values():
            jobs.waiting.clear()
            _resolve(jobs)

    # Turns

    def _make_ready(self, key: Key, jobs: _KeyJobs) -> None:
        if jobs.waiting and jobs.running < self._bounds.at_once_each:
            (self._hastened if jobs.hastened else self._ready).setdefault(key, jobs)

    def _has_place(self) -> bool:
        return not self._held and len(self._tasks) < self._bounds.at_once

    def _can_begin(self) -> bool:
        return bool(self._ready or self._hastened) and self._has_place()

    def _plan(self) -> None:
        if not self._planned and self._can_begin():
            self._planned = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._planned = False
        for _ in range(JOBS_A_TURN):
            if not self._can_begin():
                return
            ready = self._hastened or self._ready
            key = next(iter(ready))
            self._begin(key, ready.pop(key))
        self._plan()

    def _begin(self, key: Key, jobs: _KeyJobs) -> None:
        job, size = jobs.waiting.pop(0)
        jobs.hastened = False
        jobs.size -= size
        self._waiting -= 1
        self._size -= size
        self.late = True
        rest = self._started(job)
        if rest is not None:
            self._run(key, jobs, rest)
        self._after(key, jobs)

    def _started(self, job: Job) -> Coroutine[Any, Any, None] | None:
        try:
            return job()
        except Exception:
            log.exception("%s failed", self._what)
            return None

    def _run(self, key: Key, jobs: _KeyJobs, rest: Coroutine[Any, Any, None]) -> None:
        jobs.running += 1
        self._tasks.start(rest, self._what).add_done_callback(partial(self._ended, key, jobs))

    def _ended(self, key: Key, jobs: _KeyJobs, task: asyncio.Task[None]) -> None:
        jobs.running -= 1
        self.late = True
        if self.unfinished.get(key) is jobs:
            self._after(key, jobs)
        self._plan()

    def _after(self, key: Key, jobs: _KeyJobs) -> None:
        """A job of this key has begun or ended."""
        self._make_ready(key, jobs)
        if not jobs.waiting and not jobs.running:
            del self.unfinished[key]
            _resolve(jobs)
            if self._when_empty is not None and not self.unfinished:
                self._when_empty()

    def _emptied(self, jobs: _KeyJobs) -> "asyncio.Future[None]":
        if jobs.emptied is None:
            jobs.emptied = asyncio.get_running_loop().create_future()
        return jobs.emptied


def _resolve(jobs: _KeyJobs) -> None:
    if jobs.emptied is not None and not jobs.emptied.done():
        jobs.emptied.set_result(None)
