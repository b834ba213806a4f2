"""Who is logged in, and how. Fed by what ejabberd tells the service contact, and by nothing else."""

from collections.abc import Callable, Mapping, Set

from component.policy.presence import Session, Status

_NOBODY: Mapping[str, Session] = {}

_Sessions = dict[str, dict[str, Session]]

Note = Callable[[str, Status | None], None]
"""An account, and the status chosen for it; None if it is cleared."""


class Sessions:
    """The available resources of every account, by bare account address.

    After a lost connection the truth is gathered anew. Until that is done, what was known before still counts:
    nobody is logged out only because we do not know (P6).
    """

    def __init__(self, chosen: Mapping[str, Status] | None = None, note: Note = lambda account, status: None) -> None:
        """``chosen`` are the statuses that an earlier run of the bridge knew of; ``note`` is told of every change."""
        self._by_account: _Sessions = {}
        self._gathered: _Sessions | None = None
        self._overrides: dict[str, Status] = dict(chosen or {})
        self._note = note

    def of(self, account: str) -> Mapping[str, Session]:
        """The account's sessions by resource; empty where it is logged out."""
        return self._by_account.get(account, _NOBODY)

    def logged_in(self, account: str) -> bool:
        return account in self._by_account

    def accounts(self) -> list[str]:
        """Everybody who is logged in."""
        return list(self._by_account)

    def started(self, account: str, resource: str, session: Session) -> None:
        """A resource became available or changed its presence."""
        self._newest.setdefault(account, {})[resource] = session

    def ended(self, account: str, resource: str = "") -> None:
        """A resource became unavailable; without a resource, all of them (P4)."""
        sessions = self._newest.get(account)
        if sessions is None:
            return
        if resource:
            sessions.pop(resource, None)
        else:
            sessions.clear()
        if not sessions:
            del self._newest[account]
            if self._gathered is None:
                self._clear(account)

    def override(self, account: str) -> Status | None:
        """The status chosen with *Set status*, if one is in force (P3)."""
        return self._overrides.get(account)

    def set_override(self, account: str, status: Status | None) -> None:
        """Choose a status until it is cleared (None) or the person logs out."""
        if status is None:
            self._clear(account)
        elif account in self._by_account:
            self._overrides[account] = status
            self._note(account, status)

    def _clear(self, account: str) -> None:
        if self._overrides.pop(account, None):
            self._note(account, None)

    # After a lost connection

    def begin_anew(self) -> None:
        """Gather afresh who is logged in; ``settle`` makes it count."""
        self._gathered = {}

    def gathered(self, account: str) -> bool:
        """Whether the account is known to be logged in *now*, as far as gathered."""
        return account in self._newest

    def settle(self, silent: Mapping[str, Set[str]]) -> None:
        """All has been gathered. Who was not heard of is logged out, which ends overrides too (P3).

        Except for the ``silent``, accounts with the resources they are still connected with: these are taken to
        be what they were.
        """
        if self._gathered is None:
            return
        before, self._by_account, self._gathered = self._by_account, self._gathered, None
        for account, resources in silent.items():
            kept = {resource: session for resource, session in before.get(account, {}).items() if resource in resources}
            if kept and account not in self._by_account:
                self._by_account[account] = kept
        for account in self._overrides.keys() - self._by_account.keys():
            self._clear(account)

    @property
    def _newest(self) -> _Sessions:
        return self._by_account if self._gathered is None else self._gathered
