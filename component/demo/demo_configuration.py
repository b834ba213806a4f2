"""Changes single lines of the demonstration's configuration file, as an operator would."""

import asyncio
import os
import re
import signal
import tomllib
from pathlib import Path

from component.ejabberd.site import LOOPBACK
from component.model import Profile

from .demo_server import DemoError, Ports

RELOAD_SECONDS = 10.0


def follow(path: Path, ports: Ports) -> None:
    """Raises ``DemoError``."""
    set_line(path, "port", str(ports.component))
    set_line(path, "api_url", f'"http://{LOOPBACK}:{ports.api}/api"')
    set_line(path, "listen", f'"{LOOPBACK}:{ports.links}"')
    set_line(path, "public_url", f'"http://{LOOPBACK}:{ports.links}"')


def set_line(path: Path, key: str, value: str) -> None:
    """The first of that key; ``value`` as TOML writes it. Raises ``DemoError`` if there is no such line."""
    line = re.compile(rf'^({key}\s*=\s*)(?:"[^"]*"|\d+)', re.MULTILINE)
    text, found = line.subn(rf"\g<1>{value}", path.read_text(), count=1)
    if not found:
        raise DemoError(
            f"{path} has no line that begins with `{key} =`: put it back, or move the file away for a new one"
        )
    path.write_text(text)


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
        """Returns when it is in force. Raises ``TimeoutError`` if the bridge does not reload, ``DemoError``,
        ``OSError``."""
        async with self._changing:
            set_line(self._path, "version", f'"{version}"')
            self._reloaded.clear()
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.wait_for(self._reloaded.wait(), RELOAD_SECONDS)
