"""Changes the tenant's version as its operator does: a line of the configuration file, then SIGHUP."""

import asyncio
import os
import signal
import tomllib
from pathlib import Path

from component.model import Profile

from .demo_configuration import set_line

RELOAD_SECONDS = 10.0


class TenantVersion:
    """Of the first tenant in the configuration file ``path``; the bridge runs in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changing = asyncio.Lock()
        self._reloaded = asyncio.Event()

    def reloaded(self) -> None:
        """The bridge has read its files again."""
        self._reloaded.set()

    def current(self) -> Profile:
        return Profile(tomllib.loads(self._path.read_text())["tenants"][0]["version"])

    async def change(self, version: Profile) -> None:
        """Returns when the bridge goes by it. Raises ``TimeoutError`` if it does not, ``DemoError``, ``OSError``."""
        async with self._changing:
            set_line(self._path, "version", f'"{version}"')
            self._reloaded.clear()
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.wait_for(self._reloaded.wait(), RELOAD_SECONDS)
