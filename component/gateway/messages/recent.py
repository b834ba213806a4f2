"""Messages taken not long ago, so that a client's second try of one is not delivered twice (A5)."""

from collections import OrderedDict

REMEMBERED_US = 600 * 1_000_000
_MOST = 50_000

Key = tuple[str, str, str]
"""Sender's account, receiver's account, and the id that the sender's client gave the message."""


class Recent:
    """Remembers keys and a digest of the content for ten minutes. Times are in us.

    The content counts because some clients number their messages from one after each start: the same id
    with another text is another message. A message without an id cannot be told apart and is not remembered.
    """

    def __init__(self) -> None:
        self._taken: OrderedDict[Key, tuple[int, int]] = OrderedDict()

    def add(self, key: Key, content: str, now: int) -> None:
        if not key[2]:
            return
        self._taken[key] = (hash(content), now)
        self._taken.move_to_end(key)
        while len(self._taken) > _MOST or now - next(iter(self._taken.values()))[1] > REMEMBERED_US:
            self._taken.popitem(last=False)

    def has(self, key: Key, content: str, now: int) -> bool:
        taken = self._taken.get(key)
        return taken is not None and taken[0] == hash(content) and now - taken[1] <= REMEMBERED_US

    def forget(self, key: Key) -> None:
        """It was not delivered after all: the next try counts as the first."""
        self._taken.pop(key, None)
