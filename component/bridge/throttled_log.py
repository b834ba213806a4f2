"""Log lines that a hostile or broken peer could cause without end are limited to one a minute, with the number left
out."""

import logging
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0


class ThrottledLog:
    """Limits one kind of line. ``clock`` gives seconds."""

    def __init__(self, log: logging.Logger, level: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._level = level
        self._clock = clock
        self._next = -float("inf")
        self._left_out = 0

    def __call__(self, text: str, *arguments: object, exc_info: bool = False) -> None:
        """Log like ``Logger.log``, or count the line as left out."""
        now = self._clock()
        if now < self._next:
            self._left_out += 1
            return
        self._next = now + EVERY_SECONDS
        if self._left_out:
            text += f" (and {self._left_out} more like it since the last such line)"
            self._left_out = 0
        self._log.log(self._level, text, *arguments, exc_info=exc_info)
