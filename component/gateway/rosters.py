"""The service contact in every account's roster, which is how the bridge learns who is logged in (P4).

ejabberd tells a contact with subscription *both* of every session that ends, also of one that just drops;
no other source does.
"""

import asyncio
import logging
import random
from collections.abc import Iterable

from component.ejabberd.api import EjabberdApi, EjabberdApiError
from component.model import Party

log = logging.getLogger(__name__)

AT_ONCE = 1
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0


class ServiceContacts:
    """Puts the contact where it is missing, in the background and a few at a time, until it is done."""

    def __init__(self, api: EjabberdApi) -> None:
        self._api = api
        self._queue: asyncio.Queue[Party] = asyncio.Queue()
        self._done: set[str] = set()

    def ensure(self, parties: Iterable[Party]) -> None:
        """See to it that each of these has the service as a contact."""
        for party in parties:
            if party.account not in self._done:
                self._done.add(party.account)
                self._queue.put_nowait(party)

    def forget(self) -> None:
        """ejabberd was away and may have come back with other rosters: start again from nothing."""
        self._done.clear()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        delay = FIRST_DELAY
        while True:
            party = await self._queue.get()
            try:
                await self._api.add_contact(party.account, party.tenant.service, party.tenant.name)
                delay = FIRST_DELAY
            except EjabberdApiError as problem:
                log.warning("cannot add the service contact for %s yet: %s", party.account, problem)
                self._queue.put_nowait(party)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(LONGEST_DELAY, delay * 2)
