"""Answers that take time, worked out without keeping others waiting (R2)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from component.policy.reasons import Reason
from component.store.errors import StoreError

from ..seldom import Seldom

log = logging.getLogger(__name__)

T = TypeVar("T")

AT_ONCE_EACH = 4
"""Answers that are being worked out for one account. More is refused: a person has two hands."""

SECONDS = 30.0
"""After so long it is said that it failed. ejabberd gives clients an answer of its own only after minutes."""


class Later:
    """Works out answers side by side, a few for each account."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._trouble = Seldom(log, logging.ERROR)

    def work_out(self, account: str, work: Coroutine[Any, Any, T], reply: Callable[[T | Reason], None]) -> None:
        """See to it that ``reply`` gets what ``work`` gives, or a reason in place of it, unless the stream is lost."""
        if self._busy[account] >= AT_ONCE_EACH:
            work.close()
            reply(Reason.TOO_FAST)
            return
        self._busy[account] += 1
        task = asyncio.create_task(self._do(work, reply))
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, account, work))

    def down(self) -> None:
        """The stream is lost, and with it everybody who asked."""
        for task in self._tasks:
            task.cancel()

    async def _do(self, work: Coroutine[Any, Any, T], reply: Callable[[T | Reason], None]) -> None:
        reply(await self._outcome(work))

    def _done(self, account: str, work: Coroutine[Any, Any, Any], task: asyncio.Task[None]) -> None:
        work.close()  # where it was cancelled before it began
        self._tasks.discard(task)
        self._busy[account] -= 1
        if not self._busy[account]:
            del self._busy[account]

    async def _outcome(self, work: Coroutine[Any, Any, T]) -> T | Reason:
        try:
            async with asyncio.timeout(SECONDS):
                return await work
        except StoreError as problem:
            self._trouble("a request failed, as the database does: %s", problem)
        except TimeoutError:
            self._trouble("a request failed, as it took more than %.0f s", SECONDS)
        except Exception:
            log.exception("a request could not be answered")
        return Reason.REQUEST_FAILED
