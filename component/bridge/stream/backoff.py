"""Pauses between attempts: they double up to a bound, and chance keeps several instances apart (R3)."""

import random


class Backoff:
    """All in seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._delay = first

    def next(self) -> float:
        """How long to pause now: between half and all of a delay that doubles each time."""
        delay, self._delay = self._delay, min(self._longest, self._delay * 2)
        return delay * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: the next pause is the first again."""
        self._delay = self._first
