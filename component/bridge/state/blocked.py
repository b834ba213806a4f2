"""Work users who take nothing from an agent (XEP-0191), as far as that has shown."""

from collections import OrderedDict

MOST_REMEMBERED = 100_000

Pair = tuple[str, str]
"""A Work account, and the account of an agent whose face it has blocked."""


class Blocked:
    """ejabberd tells the bridge of no block. What tells is that a message comes back from somebody who is logged in."""

    def __init__(self) -> None:
        self._pairs: OrderedDict[Pair, None] = OrderedDict()

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._pairs

    def add(self, pair: Pair) -> None:
        self._pairs[pair] = None
        if len(self._pairs) > MOST_REMEMBERED:
            self._pairs.popitem(last=False)

    def lift(self, pair: Pair) -> bool:
        """Whether it was blocked until now."""
        known = pair in self._pairs
        self._pairs.pop(pair, None)
        return known
