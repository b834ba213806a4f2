"""Waiting for what tells nobody when it happens."""

import asyncio
from collections.abc import Callable

SECONDS = 90.0
"""The last resort."""


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0.02)
