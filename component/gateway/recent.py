"""Messages taken not long ago, so that a client's second try of one is not delivered twice (A5)."""

from collections import OrderedDict

REMEMBERED_US = 600 * 1_000_000
_MOST = 50_000


class Recent:
    """Remembers ``(sender account, receiver account, client id)`` and a digest of the content for ten minutes.

    The content counts because some clients number their messages from one after each start: the same id
    with another text is another message. Times are in us.
    """

    def __init__(self) -> None:
        self._taken: OrderedDict[tuple[str, str, str], tuple[int, int]] = OrderedDict()

    def add(self, key: tuple[str, str, str], content: str, now: int) -> None:
        self._taken[key] = (hash(content), now)
        while self._taken:
            oldest = next(iter(self._taken))
            if len(self._taken) <= _MOST and now - self._taken[oldest][1] <= REMEMBERED_US:
                break
            del self._taken[oldest]

    def has(self, key: tuple[str, str, str], content: str, now: int) -> bool:
        taken = self._taken.get(key)
        return taken is not None and taken[0] == hash(content) and now - taken[1] <= REMEMBERED_US

    def forget(self, key: tuple[str, str, str]) -> None:
        """It was not delivered after all: the next try counts as the first."""
        self._taken.pop(key, None)
