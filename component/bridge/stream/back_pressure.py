"""Back-pressure: under overload no more is read until the disk has caught up, so memory stays bounded (R2, R3)."""

import asyncio
from collections.abc import Callable

from .connection import Connection

PAUSE_ABOVE = 4_000
RESUME_BELOW = 1_000
CHECK_SECONDS = 0.05


class Pressure:
    """``backlog`` gives the number of submissions that wait for the disk."""

    def __init__(self, link: Connection, backlog: Callable[[], int]) -> None:
        self._link = link
        self._backlog = backlog
        self._paused = False

    def check(self) -> None:
        """Call after adding to the backlog."""
        if not self._paused and self._backlog() > PAUSE_ABOVE:
            self._paused = True
            self._link.pause_reading()
            self._check_again_later()

    def _check_again_later(self) -> None:
        asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_again)

    def _check_again(self) -> None:
        if self._backlog() > RESUME_BELOW:
            self._check_again_later()
        else:
            self._paused = False
            self._link.resume_reading()
