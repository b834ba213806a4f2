"""How often links were opened: counted here, and written down some seconds later. No visitor waits for a disk."""

import asyncio
import logging
import time
from collections import Counter

from component.store.store import Store
from component.store.store_errors import StoreError

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0


class Openings:
    """``add`` counts, ``run`` writes down. A crash loses the last seconds' count."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: Counter[int] = Counter()

    def add(self, link_id: int) -> None:
        self._counted[link_id] += 1

    async def run(self) -> None:
        """Write down until cancelled. An empty count too: what was counted before may have to be entered now."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write down what was counted. What cannot be written is kept."""
        counted, self._counted = self._counted, Counter()
        try:
            await self._store.links.opened(counted, time.time_ns() // 1000)
        except StoreError as problem:
            self._counted.update(counted)
            log.warning("how often links were opened could not be written down yet: %s", problem)
