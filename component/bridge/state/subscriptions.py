"""Who is subscribed to which face's presence, which is kept on disk, as ejabberd keeps the rosters (P5, P6); and which
Work users take nothing from which agents (XEP-0191), as far as that has shown."""

import sys
from asyncio import Future
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from component.store.api import Store, Subscribe, Unsubscribe

_NOBODY: frozenset[str] = frozenset()


class Watchers:
    """Watching accounts by face, both bare addresses. There may be a million pairs, so no address is kept twice."""

    def __init__(self, store: Store, known: Iterable[tuple[str, str]]) -> None:
        self._store = store
        self._of: dict[str, set[str]] = {}
        for account, face in known:
            self._of.setdefault(sys.intern(face), set()).add(sys.intern(account))

    def of(self, face: str) -> frozenset[str] | set[str]:
        return self._of.get(face, _NOBODY)

    def faces(self) -> list[str]:
        """All that are watched."""
        return list(self._of)

    def all(self) -> Iterator[tuple[str, str]]:
        """Every ``(account, face)``. Watchers may come and go meanwhile."""
        for face in list(self._of):
            for account in list(self.of(face)):
                yield account, face

    def add(self, account: str, face: str) -> Future[None] | None:
        """Note a watcher; what is done once that is on disk, None for one who was noted before."""
        accounts = self._of.setdefault(sys.intern(face), set())
        if account in accounts:
            return None
        accounts.add(sys.intern(account))
        return self._store.submit(Subscribe(account, face))

    def remove(self, account: str, face: str) -> bool:
        """Whether there was such a watcher."""
        accounts = self._of.get(face)
        if not accounts or account not in accounts:
            return False
        accounts.discard(account)
        if not accounts:
            del self._of[face]
        self._store.submit(Unsubscribe(account, face))
        return True


MOST_BLOCKED = 100_000

BlockedPair = tuple[str, str]
"""A Work account, and the account of an agent whose face it has blocked."""


class Blocked:
    """ejabberd tells the bridge of no block. What tells is that a message comes back from somebody who is logged in."""

    def __init__(self) -> None:
        self.pairs: OrderedDict[BlockedPair, None] = OrderedDict()

    def add(self, pair: BlockedPair) -> None:
        self.pairs[pair] = None
        if len(self.pairs) > MOST_BLOCKED:
            self.pairs.popitem(last=False)

    def lift(self, pair: BlockedPair) -> bool:
        """Whether it was blocked until now."""
        known = pair in self.pairs
        self.pairs.pop(pair, None)
        return known
