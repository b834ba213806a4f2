"""Who watches what, and how far they have got (S2). On disk, so that it survives a restart."""

from asyncio import Future
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from component.policy.may_watch import Scope
from component.store.api import StartWatch, StopWatch, Store, StoredWatch, WatchBehind

MOST = 100
"""Watches of one account."""


@dataclass(slots=True)
class Watch:
    """``behind`` is the number of the message after which copies are missing; None: there is nothing missing."""

    watcher: str
    scope: Scope
    value: str
    behind: int | None


class Watches:
    """The watches of all accounts, which are bare."""

    def __init__(self, store: Store, known: Iterable[StoredWatch]) -> None:
        self._store = store
        self._of: dict[str, dict[tuple[Scope, str], Watch]] = {}
        for stored in known:
            self._add(Watch(stored.watcher, Scope(stored.scope), stored.value, stored.behind))

    def watchers(self) -> list[str]:
        """Everybody who watches anything."""
        return list(self._of)

    def of(self, watcher: str) -> list[Watch]:
        return list(self._of.get(watcher, {}).values())

    def all(self) -> Iterator[Watch]:
        """They may come and go meanwhile."""
        for watcher in self.watchers():
            yield from self.of(watcher)

    def start(self, watcher: str, tenant: str, scope: Scope, value: str, now: int) -> Future[None] | None:
        """Begin a watch, which has got nothing yet; None if there is such a watch already. ``now`` is in us."""
        if (scope, value) in self._of.get(watcher, {}):
            return None
        self._add(Watch(watcher, scope, value, 0))
        return self._store.submit(StartWatch(watcher, tenant, scope.value, value, now))

    def stop(self, watch: Watch) -> None:
        mine = self._of.get(watch.watcher, {})
        if mine.pop((watch.scope, watch.value), None) is not None:
            self._store.submit(StopWatch(watch.watcher, watch.scope.value, watch.value))
        if not mine:
            self._of.pop(watch.watcher, None)

    def set_behind(self, watch: Watch, behind: int | None) -> None:
        if watch.behind != behind:
            watch.behind = behind
            self._store.submit(WatchBehind(watch.watcher, watch.scope.value, watch.value, behind))

    def _add(self, watch: Watch) -> None:
        self._of.setdefault(watch.watcher, {})[watch.scope, watch.value] = watch
