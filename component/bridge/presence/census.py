"""The census: ejabberd is asked who is logged in, after a start and after every lost stream (P6).

What was known before is worth nothing then: people came and went meanwhile. While the census is taken no message is
judged (`stream/gate.py`) and no presence is told, as both would be invented.

ejabberd tells it in two ways, and neither is enough. A probe from the service contact is answered with the presence of
every session, for those who have that contact; for others, and for who is logged out, nothing comes at all, so silence
has no meaning of its own. Its API lists who is connected, at once, but not whether they are available. So everybody is
probed, a barrier shows that ejabberd has routed the probes, and then those who are connected are waited for: until all
have answered, or nobody has for half a second; five seconds where an agent among them has not been seen before,
because an agent who counts as logged out is refused what they write. Who is connected and silent has their service
contact put back first, as ejabberd then shows their presence. Who stays silent keeps what was last known of them
(`Sessions.settle`).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Mapping

from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.model import Party, Side
from component.xep.presence_stanzas import plain

from ..state.state import State
from ..stream.connection import Connection
from .service_contacts import ServiceContacts

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
QUIET_SECONDS = 0.5
"""After so long without an answer those who are still silent are taken to be invisible: connected, but not
available."""

LONGEST_SECONDS = 5.0
"""The longest wait, if agents are among them who were not logged in before: until then they are refused what they
write."""

Connected = Mapping[str, set[str]]
"""Bare account -> the resources it is connected with."""


class Census:
    """Probes everybody, and waits for the answers of those who are connected."""

    def __init__(self, state: State, link: Connection, service_contacts: ServiceContacts, api: EjabberdApi) -> None:
        self._state = state
        self._link = link
        self._service_contacts = service_contacts
        self._api = api

    def ask(self, parties: Iterable[Party]) -> None:
        """Probe these: ejabberd answers for each session that is available."""
        for party in parties:
            self._link.send(plain("probe", party.tenant.service, party.account))

    async def take(self) -> Connected:
        """Ask everybody, and wait until all who are logged in have answered. Raises ``Disconnected``.

        Returns those who are connected and did not answer: they count as what they were before.
        """
        self.ask(self._state.world.everybody())
        await self._link.barrier()
        connected = await self._connected()
        parties = [party for party in map(self._state.world.account, connected) if party is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                await self._hear(parties)
        await self._link.barrier()
        return {party.account: connected[party.account] for party in self._silent(parties)}

    async def _connected(self) -> Connected:
        """Everybody, without resources, if ejabberd does not tell."""
        world = self._state.world
        hosts = [tenant.account_host(side) for tenant in world.tenants for side in Side]
        connected: dict[str, set[str]] = {}
        try:
            for host in hosts:
                connected |= await self._api.connected(host)
        except EjabberdApiError as problem:
            log.warning(
                "ejabberd does not tell who is connected, so whoever answers late counts as logged out: %s", problem
            )
            return {party.account: set() for party in world.everybody()}
        return connected

    async def _hear(self, connected: list[Party]) -> None:
        """Wait for the answers of those who are connected."""
        silent = self._silent(connected)
        # Who lacks the contact is silent too. ejabberd shows their presence once they have it.
        self._service_contacts.ensure(silent, first=True)
        last_answer = time.monotonic()
        while silent:
            await asyncio.sleep(POLL_SECONDS)
            before, silent = silent, self._silent(silent)
            now = time.monotonic()
            if len(silent) < len(before):
                last_answer = now
            elif now - last_answer > QUIET_SECONDS and not any(map(self._is_new_agent, silent)):
                return

    def _silent(self, parties: list[Party]) -> list[Party]:
        return [party for party in parties if not self._state.sessions.gathered(party.account)]

    def _is_new_agent(self, party: Party) -> bool:
        """An agent of whom nothing is known from before."""
        return party.side is Side.AGENT and not self._state.sessions.logged_in(party.account)
