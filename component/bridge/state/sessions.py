"""Who is logged in, and how. Fed by what ejabberd tells the service contact, and by nothing else."""

from collections.abc import Callable, Mapping, Set

from component.policy.shown_presence import Session, Status, can_be_reached

_NOBODY: Mapping[str, Session] = {}

_Sessions = dict[str, dict[str, Session]]

Note = Callable[[str, Status | None], None]
"""An account, and the status chosen for it; None if it is cleared."""


class _Known:
    """``live`` are the available resources of every account, ``there`` the accounts of which one can be reached.
    ``last`` are those of accounts that have been without such a session for less than the grace, as they were before.
    """

    def __init__(self) -> None:
        self.live: _Sessions = {}
        self.there: set[str] = set()
        self.last: _Sessions = {}


class Sessions:
    """The available resources of every account, by bare account address.

    Whose last session ends is *leaving*, and still counts as logged in: perhaps a new session takes its place, as
    when a client changes the network. ``left`` ends that. An account whose sessions all have a negative priority is as
    good as one without: ejabberd delivers nothing to it (RFC 6121 §8.5.2.1.1).

    After a lost connection the truth is gathered anew. Until that is done, what was known before still counts:
    nobody is logged out only because we do not know (P6).
    """

    def __init__(self, chosen: Mapping[str, Status] | None = None, note: Note = lambda account, status: None) -> None:
        """``chosen`` are the statuses that an earlier run of the bridge knew of; ``note`` is told of every change."""
        self._now = _Known()
        self._gathered: _Known | None = None
        self._overrides: dict[str, Status] = dict(chosen or {})
        self._note = note
        self._waiting: dict[str, list[Callable[[], None]]] = {}

    def of(self, account: str) -> Mapping[str, Session]:
        """The account's sessions by resource, whatever their priority; empty where there are none now."""
        return self._now.live.get(account, _NOBODY)

    def shown(self, account: str) -> Mapping[str, Session]:
        """The sessions by which a face is what it is; those of before while the account is leaving, and none where it
        is logged out."""
        last = self._now.last.get(account)
        if last is not None:
            return last
        return self._now.live[account] if account in self._now.there else _NOBODY

    def logged_in(self, account: str) -> bool:
        return account in self._now.there or account in self._now.last

    def is_there(self, account: str) -> bool:
        """Whether what is sent to the account now arrives, as far as is known: logged in, and not leaving."""
        return account in self._now.there

    def leaving(self, account: str) -> bool:
        return account in self._now.last

    def connected(self, account: str) -> bool:
        """Whether it has a session that shows itself, with whatever priority, or is leaving."""
        return account in self._now.live or account in self._now.last

    def has(self, account: str, resource: str) -> bool:
        """Whether this session has shown itself, as far as that is known anew."""
        known = self._now if self._gathered is None else self._gathered
        return resource in known.live.get(account, _NOBODY)

    def accounts(self) -> list[str]:
        """Everybody who is logged in."""
        there = [account for account in self._now.live if account in self._now.there]
        return there + list(self._now.last)

    def started(self, account: str, resource: str, session: Session) -> bool:
        """A resource became available or changed its presence. Whether the account is leaving from now on: the
        priority may be negative."""
        sessions = self._newest.live.setdefault(account, {})
        before = dict(sessions)
        sessions[resource] = session
        return self._changed(account, before)

    def ended(self, account: str, resource: str = "") -> bool:
        """A resource became unavailable; without a resource, all of them (P4). Whether the account is leaving from
        now on."""
        sessions = self._newest.live.get(account)
        if sessions is None:
            return False
        before = dict(sessions)
        if resource:
            sessions.pop(resource, None)
        else:
            sessions.clear()
        return self._changed(account, before)

    def _changed(self, account: str, before: dict[str, Session]) -> bool:
        newest = self._newest
        sessions = newest.live[account]
        if not sessions:
            del newest.live[account]
        if can_be_reached(sessions.values()):
            newest.there.add(account)
            if newest.last.pop(account, None) is not None:
                self._certain(account)
            return False
        newest.there.discard(account)
        if account in newest.last or not can_be_reached(before.values()):
            return False
        newest.last[account] = before
        return True

    def left(self, account: str) -> bool:
        """Who is leaving has been so for long enough. Whether the account is logged out by that."""
        newest = self._newest
        if newest.last.pop(account, None) is None:
            return False
        if newest is self._now:
            self._logged_out(account)
        return True

    def drop(self, account: str) -> None:
        """Whatever was known of its sessions, the account is logged out."""
        self._newest.live.pop(account, None)
        self._newest.there.discard(account)
        self._newest.last.pop(account, None)
        if self._newest is self._now:
            self._logged_out(account)

    def _logged_out(self, account: str) -> None:
        self._clear(account)
        self._certain(account)

    # Waiting for those who are leaving

    def when_certain(self, account: str, then: Callable[[], None]) -> None:
        """Call this once it is known whether an account that is leaving comes back; at once for all others."""
        if self.leaving(account):
            self._waiting.setdefault(account, []).append(then)
        else:
            then()

    def _certain(self, account: str) -> None:
        if self._gathered is None:
            for then in self._waiting.pop(account, ()):
                then()

    # What people choose

    def override(self, account: str) -> Status | None:
        """The status chosen with *Set status*, if one is in force (P3)."""
        return self._overrides.get(account)

    def set_override(self, account: str, status: Status | None) -> None:
        """Choose a status until it is cleared (None) or the person logs out."""
        if status is None:
            self._clear(account)
        elif self.logged_in(account):
            self._overrides[account] = status
            self._note(account, status)

    def _clear(self, account: str) -> None:
        if self._overrides.pop(account, None):
            self._note(account, None)

    # After a lost connection

    def begin_anew(self) -> None:
        """Gather afresh who is logged in; ``settle`` makes it count."""
        self._gathered = _Known()

    @property
    def settled(self) -> bool:
        """Whether it is known who is logged in."""
        return self._gathered is None

    def gathered(self, account: str) -> bool:
        """Whether the account has been heard of *now*, as far as gathered."""
        return account in self._newest.live or account in self._newest.last

    def settle(self, silent: Mapping[str, Set[str]]) -> None:
        """All has been gathered. Who was not heard of is logged out, which ends overrides too (P3).

        Except for the ``silent``, accounts with the resources they are still connected with: these are taken to
        be what they were.
        """
        if self._gathered is None:
            return
        before, self._now, self._gathered = self._now, self._gathered, None
        for account, resources in silent.items():
            known = before.live.get(account, {})
            kept = {resource: session for resource, session in known.items() if resource in resources}
            if kept and account not in self._now.live:
                self._now.live[account] = kept
                if can_be_reached(kept.values()):
                    self._now.there.add(account)
        for account in [account for account in self._overrides if not self.logged_in(account)]:
            self._clear(account)
        for account in [account for account in self._waiting if not self.leaving(account)]:
            self._certain(account)

    @property
    def _newest(self) -> _Known:
        return self._now if self._gathered is None else self._gathered
