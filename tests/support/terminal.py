"""A program in a terminal: what a person would type goes in, what they would see comes out."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Self

SECONDS = 60.0


class Terminal:
    """``command`` on a screen of its own, in a private tmux server. ``farewell`` is typed at the end."""

    def __init__(self, command: str, folder: Path, environ: Mapping[str, str], farewell: str = "") -> None:
        self._command = command
        self._farewell = farewell
        self._folder = folder
        self._environ = {**os.environ, "HOME": str(folder), **environ}
        self._server = f"deskbridge-{uuid.uuid4().hex[:8]}"

    async def __aenter__(self) -> Self:
        await self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "140", "-y", "40", self._command)
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            await self._quit()
        await self._tmux("kill-server")

    async def _quit(self) -> None:
        """Or its session would last in ejabberd for minutes, as that of a client without network does."""
        if self._farewell:
            await self.type(self._farewell)
            async with asyncio.timeout(SECONDS):
                while await self._tmux("list-sessions"):
                    await asyncio.sleep(0.05)

    async def type(self, line: str) -> None:
        """Type a line and press Enter."""
        await self._tmux("send-keys", "-l", line)
        await self._tmux("send-keys", "Enter")

    async def screen(self) -> str:
        return await self._tmux("capture-pane", "-p")

    async def shows(self, text: str, seconds: float = SECONDS) -> str:
        """The screen, as soon as ``text`` is on it."""
        screen = ""
        try:
            async with asyncio.timeout(seconds):
                while text not in (screen := await self.screen()):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the screen does not show {text!r}:\n{screen}") from None
        return screen

    async def _tmux(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux", "-L", self._server, *arguments,
            cwd=self._folder, env=self._environ,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        output, _ = await process.communicate()
        return output.decode()
