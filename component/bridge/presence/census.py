"""Asking ejabberd who is logged in, after a start and after every lost connection (P6)."""

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
"""Some are connected but silent, and nobody has answered for so long: they do not show that they are there."""

LONGEST_SECONDS = 5.0
"""So long is waited if there are agents among them, who would be refused what they say."""

Connected = Mapping[str, set[str]]
"""Accounts, and the resources they are connected with."""


class Census:
    """Probes everybody and waits for the answers.

    ejabberd does not answer for those who are logged out, but it can tell who is connected. Of these, some are
    busy and answer late, some lack the service contact, and some do not show that they are there.
    """

    def __init__(self, state: State, link: Connection, contacts: ServiceContacts, api: EjabberdApi) -> None:
        self._state = state
        self._link = link
        self._contacts = contacts
        self._api = api

    def ask(self, parties: Iterable[Party]) -> None:
        """Have ejabberd tell who of these is logged in."""
        for party in parties:
            self._link.send(plain("probe", party.tenant.service, party.account))

    async def take(self) -> Connected:
        """Ask everybody, and wait until all who are logged in have answered. Raises ``LinkDown``.

        Returns those who are connected and did not answer; for all we know they are as they were before.
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
        """Everybody may be, with no resource we know of, if ejabberd does not tell."""
        world = self._state.world
        hosts = [tenant.account_host(side) for tenant in world.tenants for side in Side]
        connected: dict[str, set[str]] = {}
        try:
            for host in hosts:
                connected |= await self._api.connected(host)
        except EjabberdApiError as problem:
            log.warning(
                "who answers late will be taken to be logged out, as it is not known who is connected: %s", problem
            )
            return {party.account: set() for party in world.everybody()}
        return connected

    async def _hear(self, connected: list[Party]) -> None:
        """Wait for the answers of those who are connected."""
        silent = self._silent(connected)
        # Who lacks the contact is silent too. ejabberd shows their presence once they have it.
        self._contacts.ensure(silent, first=True)
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
