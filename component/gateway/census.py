"""Asking ejabberd who is logged in, after a start and after every lost connection (P6)."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable

from component.ejabberd.api import EjabberdApi, EjabberdApiError
from component.model import Party, Side
from component.stanza.presence import plain

from .link import Link
from .rosters import ServiceContacts
from .state import State

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
QUIET_SECONDS = 0.5
"""Some are connected but silent, and nobody has answered for so long: they do not show that they are there."""

LONGEST_SECONDS = 5.0
"""So long is waited if one of them has a conversation to lose."""


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

    def ask(self, parties: Iterable[Party]) -> None:
        """Have ejabberd tell who of these is logged in."""
        for party in parties:
            self._link.send(plain("probe", party.tenant.service, party.account))

    async def take(self) -> None:
        """Ask everybody, and wait until all who are logged in have answered. Raises ``LinkDown``."""
        self.ask(self._state.world.everybody())
        await self._link.barrier()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                await self._hear(await self._connected())
        await self._link.barrier()

    async def _connected(self) -> list[Party]:
        world = self._state.world
        hosts = [tenant.account_host(side) for tenant in world.tenants for side in Side]
        try:
            accounts = set().union(*[await self._api.connected(host) for host in hosts])
        except EjabberdApiError as problem:
            log.warning("it is not known who is connected; who answers late may be taken to be logged out: %s", problem)
            return list(world.everybody())
        return [party for party in map(world.account, accounts) if party is not None]

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
            elif now - last_answer > QUIET_SECONDS and not self._has_a_chat_to_lose(silent):
                return

    def _silent(self, parties: list[Party]) -> list[Party]:
        return [party for party in parties if not self._state.sessions.gathered(party.account)]

    def _has_a_chat_to_lose(self, silent: list[Party]) -> bool:
        chatting = {
            account
            for conversation in self._state.conversations.desk()
            for account in (conversation.first, conversation.second)
        }
        return any(party.account in chatting for party in silent)
