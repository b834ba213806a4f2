"""One thread that does one job after the other, and something else meanwhile.

`concurrent.futures` would make a future with a lock of its own for each batch, and has no time for anything in between.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

from .store_errors import StoreError

T = TypeVar("T")

log = logging.getLogger(__name__)

Job = Callable[[], None]

Meanwhile = Callable[[bool], float | None]
"""Called after each job with False. With what it answers, it is called again with True if no job came for so many
seconds; None is never."""


def at_rest(idle: bool) -> None:
    """Nothing is done meanwhile."""


class Thread:
    """Does jobs until it is closed, and ``meanwhile`` in between."""

    def __init__(self, name: str) -> None:
        self.meanwhile: Meanwhile = at_rest
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._closed = False
        # If nobody closes it, it ends with the process: what counts is on disk.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Do it after all that was put before; it tells by itself what came of it.

        :raises StoreError: closed
        """
        if self._closed:
            raise StoreError("the store is closed")
        self._jobs.put(job)

    def call(self, function: Callable[[], T]) -> "Future[T]":
        """What ``function`` answers or raises.

        :raises StoreError: closed
        """
        answer: Future[T] = Future()

        def job() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                result = function()
            except BaseException as error:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        self.put(job)
        return answer

    def close(self) -> None:
        """Take no more; what was put is still done."""
        self._closed = True
        self._jobs.put(None)

    def _work(self) -> None:
        wait: float | None = None
        while True:
            try:
                job = self._jobs.get(timeout=wait)
            except Empty:
                wait = self._safely(lambda: self.meanwhile(True))
                continue
            if job is None:
                return
            self._safely(job)
            wait = self._safely(lambda: self.meanwhile(False))

    def _safely(self, do: Callable[[], T]) -> T | None:
        try:
            return do()
        except Exception:  # the next job has to be done, too
            log.exception("the thread of the store failed")
            return None
