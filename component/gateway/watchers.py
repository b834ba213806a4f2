"""Who is subscribed to which face's presence. Kept on disk, as ejabberd keeps the rosters (P5, P6)."""

from collections.abc import Iterable

from component.store.changes import Subscribe, Unsubscribe
from component.store.store import Store

_NOBODY: frozenset[str] = frozenset()


class Watchers:
    """Watching accounts by face, both bare addresses."""

    def __init__(self, store: Store, known: Iterable[tuple[str, str]]) -> None:
        self._store = store
        self._of: dict[str, set[str]] = {}
        for account, face in known:
            self._of.setdefault(face, set()).add(account)

    def of(self, face: str) -> frozenset[str] | set[str]:
        return self._of.get(face, _NOBODY)

    def all(self) -> list[tuple[str, str]]:
        """Every ``(account, face)``."""
        return [(account, face) for face, accounts in self._of.items() for account in accounts]

    def add(self, account: str, face: str) -> None:
        accounts = self._of.setdefault(face, set())
        if account not in accounts:
            accounts.add(account)
            self._store.submit(Subscribe(account, face))

    def remove(self, account: str, face: str) -> None:
        accounts = self._of.get(face)
        if accounts and account in accounts:
            accounts.discard(account)
            if not accounts:
                del self._of[face]
            self._store.submit(Unsubscribe(account, face))
