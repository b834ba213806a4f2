"""``deskbridge`` in copies of one process that has imported what it needs.

Python and its imports take 0.7 s of CPU for each bridge that is started, a copy 0.02 s, and tests start hundreds. What
is imported when is for the tests that start deskbridge as a shell does.
"""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from component.cli.main import main

PRELOADED = (
    *("tests.support.forks", "component.cli.run", "component.compiled", "component.bridge.process"),
    *("component.store.migrations.upgrade", "uvloop"),
)


class Fork:
    """One running ``deskbridge``; of asyncio's ``Process`` what tests use."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
        self._process = context.Process(target=_run, args=(arguments, dict(environ), log), daemon=True)

    @classmethod
    async def start(cls, arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Self:
        """What it prints is added to ``log``."""
        fork = cls(arguments, environ, log)
        await asyncio.to_thread(fork._process.start)
        return fork

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """How it ended, as ``returncode``."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        assert self.returncode is not None
        return self.returncode


def _run(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environ)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(output, number)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(arguments)


def _end_with_parent() -> None:
    """However that ends: nothing goes on when a test run is killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
