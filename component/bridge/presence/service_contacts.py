"""The service contact in every account's roster, which is how the bridge learns who is logged in (P4).

ejabberd tells a contact with subscription *both* of every session that ends, also of one that just drops;
no other source does.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from component.background_tasks import BackgroundTasks
from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.model import Party

from ..keyed_queue import KeyedQueue, QueueBounds
from ..state.sessions import Sessions
from ..stream.backoff import Backoff
from ..throttled_log import ThrottledLog

log = logging.getLogger(__name__)

FIRST_DELAY = 0.2
LONGEST_DELAY = 60.0
QUIET_FAILURES = 4
"""So many refusals in a row only mean that ejabberd is busy; more are logged."""

GRACE_SECONDS = 1.0
"""A client that logs in probes all its contacts, and so the service, at once. If it has not after this time, the
contact is missing."""

FIRST_PATIENCE_SECONDS = 1.0
LONGEST_PATIENCE_SECONDS = 600.0
"""Whoever removes the contact gets it back: soon the first time, then later and later."""


class ServiceContacts:
    """Adds the contact where it is missing, in the background, until it is done.

    One call at a time: ejabberd takes 2 ms for each, half a minute for ten thousand people; parallel calls gain little
    and delay the clients' own roster changes. ``put_there`` is called for each person who has got it, ``vanished``
    with a person and the resource of a session that had ended unnoticed.
    """

    def __init__(
        self,
        api: EjabberdApi,
        sessions: Sessions,
        put_there: Callable[[Party], None],
        vanished: Callable[[Party, str], None],
        tasks: BackgroundTasks,
    ) -> None:
        self._api = api
        self._sessions = sessions
        self._put_there = put_there
        self._vanished = vanished
        self._confirmed: set[str] = set()
        self._doubtful: dict[str, Party] = {}
        self._losses: dict[str, _Losses] = {}
        self._put_off: set[str] = set()
        self._queue: KeyedQueue[str] = KeyedQueue(tasks, "adding a service contact", QueueBounds(at_once=1))
        self._pauses = Backoff(FIRST_DELAY, LONGEST_DELAY)
        self._failures = 0  # in a row
        self._trouble = ThrottledLog(log, logging.WARNING)

    # What presence tells

    def confirmed(self, party: Party) -> None:
        """ejabberd behaves as if the contact is there."""
        self._confirmed.add(party.account)
        self._doubtful.pop(party.account, None)

    def seen(self, party: Party) -> None:
        """This account is logged in. ejabberd shows us that (XEP-0356) even without the contact."""
        if party.account in self._confirmed or party.account in self._put_off:
            return
        if not self._doubtful:
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self._resolve_doubts)
        self._doubtful[party.account] = party

    def _resolve_doubts(self) -> None:
        doubtful, self._doubtful = self._doubtful, {}
        self.ensure(doubtful.values())

    def logged_out(self, party: Party) -> None:
        """Until the next log-in the roster may change unnoticed, so the contact has to be confirmed again."""
        self._confirmed.discard(party.account)

    def forget(self) -> None:
        """The stream was lost: whoever removed the contact meanwhile did so unnoticed."""
        self._confirmed.clear()

    def lost(self, party: Party) -> None:
        """The person removed the contact."""
        if party.account in self._put_off:
            return
        self._confirmed.discard(party.account)
        self._doubtful.pop(party.account, None)
        self._put_off.add(party.account)
        delay = self._losses.setdefault(party.account, _Losses()).next_delay(time.monotonic())
        log.info("%s removed the service contact, which is put back in %.0f s", party.account, delay)
        asyncio.get_running_loop().call_later(delay, self._put_back, party)

    def _put_back(self, party: Party) -> None:
        self._put_off.discard(party.account)
        self.ensure([party])

    # Putting it there

    def ensure(self, parties: Iterable[Party], first: bool = False) -> None:
        """Add the service to the contacts of each of these; with ``first``, before all others."""
        for party in parties:
            if not self._queue.waits(party.account):
                self._queue.put(party.account, partial(self._try, party))
            if first:
                self._queue.hasten(party.account)

    async def _try(self, party: Party) -> None:
        """Add it. If that fails, put it at the end of the queue and pause."""
        try:
            await self._put(party)
            if self._failures > QUIET_FAILURES:
                log.info("service contacts can be added again")
            self._failures = 0
            self._pauses.reset()
        except EjabberdApiError as problem:
            self._failures += 1
            if self._failures > QUIET_FAILURES:
                self._complain(party, problem)
            self.ensure([party])
            await asyncio.sleep(self._pauses.next())

    async def _put(self, party: Party) -> None:
        if party.account in self._confirmed or party.account in self._put_off:
            return
        await self._api.add_contact(party.account, party.tenant.service, party.tenant.name)
        if party.account in self._put_off:  # taken out again already
            return
        self.confirmed(party)
        self._put_there(party)
        known = set(self._sessions.of(party.account))
        if known:
            for resource in known - await self._api.sessions(party.account):
                self._vanished(party, resource)

    def _complain(self, party: Party, problem: EjabberdApiError) -> None:
        self._trouble(
            "cannot add the service contact for %s and %d others, so the end of their sessions may be missed; "
            "trying again: %s",
            party.account,
            len(self._queue) - 1,
            problem,
        )


class _Losses:
    """How often one person removed the contact lately."""

    def __init__(self) -> None:
        self._delay = FIRST_PATIENCE_SECONDS
        self._last = 0.0

    def next_delay(self, now: float) -> float:
        """Seconds to wait before it is added again: 1, 2, 4, ...; and 1 again after a long time without a removal."""
        if now - self._last > 2 * LONGEST_PATIENCE_SECONDS:
            self._delay = FIRST_PATIENCE_SECONDS
        delay, self._delay = self._delay, min(LONGEST_PATIENCE_SECONDS, self._delay * 2)
        self._last = now
        return delay
