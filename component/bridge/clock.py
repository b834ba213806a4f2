"""The time of day, in the unit that everything is stored in."""

import time


def now_us() -> int:
    """Integer microseconds since 1970, UTC."""
    return time.time_ns() // 1000
