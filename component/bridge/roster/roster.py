"""Contacts appear by themselves (D2): whose contact list is to be put in order, and when."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from component.background_tasks import BackgroundTasks
from component.directory.world import World
from component.ejabberd.ejabberd_api import EjabberdApiError
from component.model import Party, Side, Tenant
from component.store.api import StoreError

from ..keyed_queue import KeyedQueue, QueueBounds
from ..state.state import State
from ..stream.backoff import Backoff
from ..throttled_log import ThrottledLog
from .roster_sync import RosterSync, Wishes

log = logging.getLogger(__name__)

AT_ONCE = 3
"""Accounts that are worked on at the same time. ejabberd on SQLite does 1.5 times as much with two calls at once as
with one, and not more with many. One contact takes it 2 to 4 ms; the clients of one account get their changes in
order."""

FIRST_DELAY, LONGEST_DELAY = 0.2, 60.0
"""Seconds between attempts (exponential back-off)."""

PATIENCE_SECONDS = 1.0
"""After a change by hand, further ones may follow at once; they are dealt with together."""


@dataclass(slots=True)
class _Round:
    """From the first of many lists to the moment when all are in order."""

    started: float
    people: int = 0
    changes: int = 0


class Rosters:
    """Everybody's list is put in order after a start, a lost stream and a reload; a single one after its user changed
    it.

    This happens in the background, a few accounts at a time, those who are logged in first. Where ejabberd or the
    store fail it is tried again.
    """

    def __init__(self, sync: RosterSync, state: State, tasks: BackgroundTasks) -> None:
        self._sync = sync
        self._state = state
        self._queue: KeyedQueue[str] = KeyedQueue(
            tasks, "putting a contact list in order", QueueBounds(at_once=AT_ONCE), emptied=self._log_round
        )
        self._queue.hold()
        self._pauses = [Backoff(FIRST_DELAY, LONGEST_DELAY) for _ in range(AT_ONCE)]  # one for each that is under way
        self._wishes: dict[str, Wishes] = {}
        self._planned: set[str] = set()
        self._failing: dict[str, Backoff] = {}
        self._round: _Round | None = None
        self._trouble = ThrottledLog(log, logging.WARNING)

    @property
    def waiting(self) -> int:
        """Accounts whose list is not known to be in order."""
        return len(self._queue.unfinished.keys() | self._failing.keys())

    # What one person does

    def add(self, party: Party, face: Party) -> None:
        """``party`` asked for this contact by a command (D4). It is there in a moment, if they may see it then."""
        self._wish(party.account).asked.add(face.face)
        self._look_at([party.account])
        self._queue.hasten(party.account)

    def contact_removed(self, party: Party, face: str) -> None:
        """The user removed this contact, or unsubscribed from its presence."""
        self._wish(party.account).left.add(face)
        self._later(party.account, PATIENCE_SECONDS)

    def service_contact_removed(self, party: Party) -> None:
        """The user removed the service contact. If the account was deleted and made anew, all other contacts are gone,
        too."""
        self._wish(party.account).anew = True
        self._later(party.account, PATIENCE_SECONDS)

    def logged_in(self, party: Party) -> None:
        """Lists of people who are logged in come first."""
        self._queue.hasten(party.account)

    # What happens to all

    def look_at_all(self, others: Iterable[str] = ()) -> None:
        """It is known who is logged in. ``others`` are accounts that are not in the directory, but may have contacts
        still."""
        self._queue.resume()
        self._begin([*(party.account for party in self._state.world.everybody()), *others])

    def stream_lost(self) -> None:
        """The stream is lost: nobody could be shown a new contact's presence."""
        self._queue.hold()

    def reloaded(self, before: World) -> None:
        """The directory may have changed, also for accounts that it does not have any more."""
        now = self._state.world
        tenants = {tenant.id: tenant for tenant in now.tenants}
        for old in before.tenants:
            new = tenants[old.id]
            if old != new or before.directory(old) != now.directory(new):
                self._begin([*_accounts(before, old), *_accounts(now, new)])

    def _begin(self, accounts: list[str]) -> None:
        self._round = self._round or _Round(time.monotonic())
        self._look_at(accounts)
        for account in filter(self._state.sessions.logged_in, accounts):
            self._queue.hasten(account)

    def _wish(self, account: str) -> Wishes:
        return self._wishes.setdefault(account, Wishes())

    def _later(self, account: str, seconds: float) -> None:
        """Put the list in order once for all that happens until then (R2)."""
        if account not in self._planned:
            self._planned.add(account)
            asyncio.get_running_loop().call_later(seconds, self._due, account)

    def _due(self, account: str) -> None:
        self._planned.discard(account)
        self._look_at([account])

    def _look_at(self, accounts: Iterable[str]) -> None:
        """Queue these lists; one that is being put in order gets another turn afterwards."""
        for account in accounts:
            if not self._queue.waits(account):
                self._queue.put(account, partial(self._work, account))

    # The work

    async def _work(self, account: str) -> None:
        pauses = self._pauses.pop()
        try:
            problem = await self._look_through(account)
            if problem is None:
                pauses.reset()
            elif not _is_about_one(problem):
                await asyncio.sleep(pauses.next())
        finally:
            self._pauses.append(pauses)

    async def _look_through(self, account: str) -> Exception | None:
        """Put one list in order. Returns what went wrong, if anything."""
        wishes = self._wishes.pop(account, Wishes())
        try:
            changes = await self._sync.mend(account, wishes)
        except Exception as problem:
            expected = isinstance(problem, EjabberdApiError | StoreError)
            words = "the contacts of %s are not in order yet, trying again: %s"
            self._trouble(words, account, problem, exc_info=not expected)
            self._wish(account).join(wishes)
            self._later(account, self._failing.setdefault(account, Backoff(FIRST_DELAY, LONGEST_DELAY)).next())
            return problem
        self._failing.pop(account, None)
        if self._round:
            self._round.people += 1
            self._round.changes += changes
        return None

    def _log_round(self) -> None:
        done = self._round
        if done and not self._failing:
            took = time.monotonic() - done.started
            log.info("contacts of %d people are up to date after %.1f s, %d changes", done.people, took, done.changes)
            self._round = None


def _is_about_one(problem: Exception) -> bool:
    """Whether ejabberd answered, and refused this one: then the others need not pause."""
    return isinstance(problem, EjabberdApiError) and problem.status is not None


def _accounts(world: World, tenant: Tenant) -> list[str]:
    return [party.account for side in Side for party in world.parties(tenant, side)]
