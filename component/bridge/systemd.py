"""Tells systemd whether deskbridge is ready, what it waits for, that it is alive and that it stops (O4,
sd_notify(3))."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence

PATIENCE_SECONDS = 30.0
"""After this time deskbridge counts as started even if it is not ready. Otherwise systemd would restart it again and
again while ejabberd is down, which it waits for by itself."""

LOOK_SECONDS = 1.0


class Systemd:
    """Does nothing where systemd did not start us with ``Type=notify``."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._watchdog = _watchdog_seconds(environ)

    async def run(
        self, missing: Callable[[], Sequence[str]], stop: asyncio.Event, waits: Callable[[], bool] = lambda: False
    ) -> None:
        """Tell until ``stop``, and that. ``missing`` says in words what keeps the bridge from being ready, ``waits``
        whether it does what it is there for by waiting."""
        if not self._address:
            return
        pause = min(LOOK_SECONDS, self._watchdog / 2) if self._watchdog else LOOK_SECONDS
        give_up = time.monotonic() + PATIENCE_SECONDS
        status, started = "", False
        while not stop.is_set():
            before, status = status, "; ".join(missing()) or "ready"
            news = ["WATCHDOG=1"] if self._watchdog else []
            if status != before:
                news.append(f"STATUS={status}")
            if not started and (status == "ready" or waits() or time.monotonic() > give_up):
                news.append("READY=1")
                started = True
            self._tell(news)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()
        self._tell(["STOPPING=1", "STATUS=saying good-bye"])

    def _tell(self, news: Sequence[str]) -> None:
        """Send it; a failure is ignored."""
        if not news:
            return
        address = self._address.replace("@", "\0", 1) if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as letterbox:
            letterbox.setblocking(False)
            letterbox.sendto("\n".join(news).encode(), address)


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """Within which systemd wants to hear of us; 0 if it does not."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    try:
        return int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return 0
