"""Requests whose answers are not known to have reached ejabberd: a stream that is lost takes some with it (R5)."""

import asyncio
from collections import deque
from xml.etree.ElementTree import Element

from ..stream.connection import Connection, Disconnected

PAUSE_SECONDS = 0.05
"""Between two barriers."""


class Unconfirmed:
    """Remembers whom to answer once more; of a request that was answered, no more than that takes."""

    def __init__(self, link: Connection) -> None:
        self._link = link
        self._answered: deque[Element] = deque()
        self._confirming: asyncio.Task[None] | None = None

    def add(self, iq: Element) -> None:
        """An answer to ``iq`` has just been sent."""
        if not self._link.up:
            return
        self._answered.append(Element(iq.tag, iq.attrib))
        if self._confirming is None:
            self._confirming = asyncio.create_task(self._confirm())

    def take(self) -> list[Element]:
        """A new stream: those whose answer may have been lost with the last one."""
        lost = list(self._answered)
        self._answered.clear()
        return lost

    async def _confirm(self) -> None:
        try:
            while self._answered:
                await asyncio.sleep(PAUSE_SECONDS)
                count = len(self._answered)
                await self._link.barrier()
                for _ in range(count):
                    self._answered.popleft()
        except Disconnected:
            pass
        finally:
            self._confirming = None
