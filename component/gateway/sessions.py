"""Who is logged in, and how. Fed by what ejabberd tells the service contact, and by nothing else."""

from collections.abc import Mapping

from component.policy.presence import Session, Status

_NOBODY: Mapping[str, Session] = {}


class Sessions:
    """The available resources of every account, by bare account address."""

    def __init__(self) -> None:
        self._by_account: dict[str, dict[str, Session]] = {}
        self._overrides: dict[str, Status] = {}

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
        self._by_account.setdefault(account, {})[resource] = session

    def ended(self, account: str, resource: str) -> None:
        """A resource became unavailable; without a resource, all of them (P4)."""
        sessions = self._by_account.get(account)
        if sessions is None:
            return
        if resource:
            sessions.pop(resource, None)
        else:
            sessions.clear()
        if not sessions:
            del self._by_account[account]
            self._overrides.pop(account, None)

    def override(self, account: str) -> Status | None:
        """The status chosen with *Set status*, if one is in force (P3)."""
        return self._overrides.get(account)

    def set_override(self, account: str, status: Status | None) -> None:
        """Choose a status until it is cleared (None) or the person logs out."""
        if status is None:
            self._overrides.pop(account, None)
        elif account in self._by_account:
            self._overrides[account] = status

    def begin_anew(self) -> None:
        """Forget who is logged in, as after a lost connection. ``settle`` ends the time of not knowing."""
        self._by_account = {}

    def settle(self) -> None:
        """Everybody who is logged in has been heard of: overrides of the others are over (P3)."""
        self._overrides = {
            account: status for account, status in self._overrides.items() if account in self._by_account
        }
