"""Work that is done in order, one line for each key, at once where nothing has to be waited for."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None] | None]
"""Does something at once, or returns what has to be awaited."""


class Lines:
    """Runs each job as soon as all earlier ones of its key are done. One that fails is logged and passed over."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Job]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._late = False

    def put(self, key: int, job: Job) -> None:
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append(job)
            return
        rest = self._begin(job)
        if rest is not None:
            self._waiting[key] = deque()
            self._tasks[key] = asyncio.ensure_future(self._work_off(key, rest))

    async def settled(self) -> bool:
        """Wait until all that was put here so far is done; whether any of it had to wait since the last call."""
        tasks = set(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks)
        late, self._late = self._late, False
        return late

    def clear(self) -> None:
        """Forget everything that is not done."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._waiting.clear()

    def _begin(self, job: Job) -> Awaitable[None] | None:
        try:
            return job()
        except Exception:
            log.exception("something that was to be copied could not be")
            return None

    async def _work_off(self, key: int, first: Awaitable[None]) -> None:
        waiting = self._waiting[key]
        rest: Awaitable[None] | None = first
        while True:
            if rest is not None:
                await self._finish(rest)
            self._late = True
            if not waiting:
                break
            rest = self._begin(waiting.popleft())
        if self._waiting.get(key) is waiting:
            del self._waiting[key]
            del self._tasks[key]

    async def _finish(self, rest: Awaitable[None]) -> None:
        try:
            await rest
        except Exception:
            log.exception("something that was to be copied could not be")
