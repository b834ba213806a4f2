"""Retention (A8): once a day old messages are deleted, in small steps that delay nobody."""

import asyncio
import logging

from component.model import Tenant
from component.store.api import Store, StoreError

from .clock import DAY_SECONDS, DAY_US, now_us
from .state.state import State

log = logging.getLogger(__name__)

DEAD_LINKS_US = 30 * DAY_US
"""How long an expired link is still listed, with the number of times it was opened."""


class Retention:
    """Deletes at the start, and then every day."""

    def __init__(self, state: State, store: Store) -> None:
        self._state = state
        self._store = store

    async def run(self) -> None:
        """Work until cancelled. What fails is tried again the next day."""
        while True:
            for tenant in self._state.world.tenants:
                try:
                    await self._purge(tenant)
                except StoreError as problem:
                    log.error("old messages of %s could not be deleted: %s", tenant.id, problem)
            try:
                await self._store.links.remove_expired(now_us() - DEAD_LINKS_US)
            except StoreError as problem:
                log.error("expired links could not be deleted: %s", problem)
            await asyncio.sleep(DAY_SECONDS)

    async def _purge(self, tenant: Tenant) -> None:
        if not tenant.retention_days:
            return
        purged = await self._store.purge(tenant.id, now_us() - tenant.retention_days * DAY_US)
        if purged.deleted or purged.held or purged.conversations:
            log.info(
                "retention of %d days for %s: %d messages deleted, %d kept for holds, %d conversations deleted",
                tenant.retention_days,
                tenant.id,
                purged.deleted,
                purged.held,
                purged.conversations,
            )
