"""Work that goes on in the background: one holder that every task is started by.

asyncio itself refers to a task only weakly, and tells of its failure only once it is collected. So a task is kept here
until it has ended, its failure is logged in words that an operator understands, and at the end all are cancelled and
awaited, before what they work with is closed.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class BackgroundTasks:
    """Tasks that were started here and run. Who has to end some of them earlier than all starts them in a ``part``."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()
        """Started and not ended; only to be looked at."""
        self._whole: BackgroundTasks | None = None

    def part(self) -> "BackgroundTasks":
        """Some of these tasks, which can be cancelled, counted and awaited apart from the others."""
        part = BackgroundTasks()
        part._whole = self
        return part

    def start(
        self,
        work: Coroutine[Any, Any, Result],
        what: str,
        failed: Callable[[BaseException], None] | None = None,
    ) -> asyncio.Task[Result]:
        """Begin ``work``. ``what`` says to operators what it does: *sending copies*.

        If it raises, ``failed`` is told; without one, it is logged.
        """
        task = asyncio.create_task(work, name=what)
        self._keep(task)
        task.add_done_callback(partial(_report, failed or partial(_log_failure, what)))
        return task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __len__(self) -> int:
        return len(self.running)

    def cancel(self) -> None:
        """Cancel all that run. Each ends in a later turn of the event loop."""
        for task in list(self.running):
            task.cancel()

    async def settled(self) -> bool:
        """Wait until all that run now have ended; whether there were any."""
        tasks = set(self.running)
        if tasks:
            await asyncio.wait(tasks)
        return bool(tasks)

    async def close(self) -> None:
        """Cancel all, also what these start meanwhile, and wait until they have ended."""
        while self.running:
            self.cancel()
            await self.settled()

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        if self._whole is not None:
            self._whole._keep(task)


def _report(failed: Callable[[BaseException], None], task: asyncio.Task[Any]) -> None:
    problem = None if task.cancelled() else task.exception()
    if problem is not None:
        failed(problem)


def _log_failure(what: str, problem: BaseException) -> None:
    log.error("%s failed: %s", what, type(problem).__name__, exc_info=problem)
