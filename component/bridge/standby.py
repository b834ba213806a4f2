"""Waiting for the lease, while another process has it (H3)."""

import asyncio
import contextlib
import logging

from component.store.api import Lease, StoreError, StoreInUse

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25


class Standby:
    """Until its turn has come a process opens no stream to ejabberd and no database."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._why = ""

    def waits(self) -> bool:
        return bool(self._why)

    def missing(self) -> list[str]:
        """Why it waits, in words for operators; nothing if it does not."""
        return [self._why] if self._why else []

    async def turn(self, first: StoreInUse, stop: asyncio.Event) -> bool:
        """Wait until ``first``, and whoever is quicker than this process, has gone; False if ``stop`` is set before."""
        problem: StoreError = first
        while not stop.is_set():
            self._tell(problem)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stop.wait()
                    return False
            try:
                await self._lease.acquire()
            except StoreError as still:
                problem = still
            else:
                log.info("taking over")
                self._why = ""
                return True
        return False

    def _tell(self, problem: StoreError) -> None:
        """Log it if it is news."""
        why = (
            f"standing by for {problem.first}"
            if isinstance(problem, StoreInUse)
            else f"standing by, and cannot tell for whom: {problem}"
        )
        if why != self._why:
            log.info("%s", why)
            self._why = why
