"""Profanity, a real client in a terminal."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.server import PASSWORD, TestServer
from tests.support.terminal import Terminal

needs_profanity = pytest.mark.skipif(
    not (shutil.which("profanity") and shutil.which("tmux")), reason="needs Debian's profanity and tmux"
)


@asynccontextmanager
async def profanity(ejabberd: TestServer, account: str, folder: Path, *first: str) -> AsyncIterator[Terminal]:
    """With ``account`` logged in, which is logged out at the end. The lines ``first`` are typed before all else."""
    await ejabberd.register(account)
    home = folder / "home"
    home.mkdir()
    environ = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(home / "data"), "LC_ALL": "C.UTF-8"}
    async with Terminal("profanity", home, environ, farewell="/quit") as terminal:
        await terminal.shows("Profanity")
        for line in first:
            await terminal.type(line)
        await terminal.type(f"/connect {account} server 127.0.0.1 port {ejabberd.client_port} tls disable")
        await terminal.shows("Enter password:")
        await terminal.type(PASSWORD)
        await terminal.shows("logged in successfully")
        yield terminal
    async with ejabberd.api() as api, asyncio.timeout(90):
        while any("profanity" in session for session in await api.sessions(account)):
            await asyncio.sleep(0.05)
