"""How many connections there may be: few in all, fewer of one address, and some that only this machine has (R2)."""

from collections import Counter
from ipaddress import ip_address

MOST = 256
MOST_OF_ONE_ADDRESS = 32

MOST_OF_THIS_MACHINE = 256
"""Where a proxy may be. They come on top of the others, so that nobody else can take them."""

HERE = "this machine"


class Room:
    """Counts the connections of each host."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def enter(self, host: str) -> bool:
        """Count one more. Is there room for it? ``leave`` has to be called in any case."""
        key = _key(host)
        if key == HERE:
            fits = self._taken[HERE] < MOST_OF_THIS_MACHINE
        else:
            others = self._taken.total() - self._taken[HERE]
            fits = others < MOST and self._taken[key] < MOST_OF_ONE_ADDRESS
        self._taken[key] += 1
        return fits

    def leave(self, host: str) -> None:
        key = _key(host)
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]


def _key(host: str) -> str:
    try:
        return HERE if ip_address(host).is_loopback else host
    except ValueError:
        return host
