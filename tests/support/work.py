"""How much is done, counted instead of timed: the same on any machine, however busy it is."""

import sys
from collections.abc import Callable
from types import FrameType


def work(function: Callable[[], object]) -> int:
    """The calls that a function makes, of Python's functions and of those in C."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls
