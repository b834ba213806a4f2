"""Asking ejabberd who is logged in, after a start and after every lost connection (P6)."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from component.ejabberd.api import EjabberdApi, EjabberdApiError
from component.model import Party, Side
from component.stanza.presence import answers_probe, plain

from .link import Link
from .rosters import ServiceContacts
from .state import State

log = logging.getLogger(__name__)

QUIET_SECONDS = 0.5
"""Somebody is connected but silent, and nobody has answered for so long: they do not show it that they are there."""

LONGEST_SECONDS = 5.0
"""So long is waited for somebody who is silent but has a conversation to lose."""


class Census:
    """Probes everybody and waits for the answers.

    ejabberd does not answer for those who are logged out, but it can tell who is connected. Of these, some may be
    busy and answer late, some may lack the service contact, and some do not show that they are there.
    """

    def __init__(self, state: State, link: Link, contacts: ServiceContacts, api: EjabberdApi) -> None:
        self._state = state
        self._link = link
        self._contacts = contacts
        self._api = api
        self._news = asyncio.Event()

    def ask(self, parties: Iterable[Party]) -> None:
        """Have ejabberd tell who of these is logged in."""
        for party in parties:
            self._link.send(plain("probe", party.tenant.service, party.account))

    def heard(self, presence: Element) -> None:
        """Told of every presence while a census is taken."""
        if presence.get("type") is None:
            self._news.set()

    async def take(self) -> None:
        """Ask everybody, and wait until all who are logged in have answered. Raises ``LinkDown``."""
        self.ask(self._state.world.everybody())
        await self._link.barrier()
        connected = await self._connected()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                await self._put_contacts(connected)
                await self._hear(connected)
        await self._link.barrier()

    async def _connected(self) -> list[Party]:
        """Who is connected; everybody may be if ejabberd does not say."""
        world = self._state.world
        hosts = [tenant.account_host(side) for tenant in world.tenants for side in Side]
        try:
            accounts = set().union(*[await self._api.connected(host) for host in hosts])
        except EjabberdApiError as problem:
            log.warning("it is not known who is connected, so who answers late may be taken to be out: %s", problem)
            return list(world.everybody())
        return [party for party in map(world.account, accounts) if party]

    def _silent(self, parties: list[Party]) -> list[Party]:
        return [party for party in parties if not self._state.sessions.gathered(party.account)]

    async def _put_contacts(self, connected: list[Party]) -> None:
        """Who lacks the contact could not answer. ejabberd shows their presence once they have it."""
