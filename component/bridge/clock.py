"""The time of day, in the unit that everything is stored in."""

import time

DAY_SECONDS = 86_400
DAY_US = DAY_SECONDS * 1_000_000


def now_us() -> int:
    """Integer microseconds since 1970, UTC."""
    return time.time_ns() // 1000
