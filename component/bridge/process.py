"""The bridge as a process: opens what it needs, listens to signals, closes in order."""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from component.config.problems import LoadError
from component.directory.world import World
from component.ejabberd.ejabberd_api import EjabberdApi
from component.loading import load
from component.metrics import Metrics
from component.model import Settings, Tenant
from component.store.api import Store, locked
from component.web.uploads import Uploads
from component.web.web_server import Web

from .host_claim import claimed
from .lifecycle import Bridge
from .reloading import ReloadError
from .state.state import State, open_state
from .systemd import Systemd

log = logging.getLogger(__name__)

YOUNG = 5_000
"""Objects that Python's collector looks at a time, those of some fifty messages: of Python's own 700, most are still in
use and are looked at again."""


async def serve(path: Path, settings: Settings, world: World, reloaded: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads ``path`` again, and ``reloaded`` is called. Raises ``StoreError``,
    ``HostsTaken``, ``WebError``."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    holder = _this_process(path)
    with locked(settings.storage.url, holder):
        async with claimed(settings, holder):
            store = await Store.open(settings.storage.url)
            try:
                await _serve(path, settings, world, store, stop, reloaded, holder)
            finally:
                await store.close()
    log.info("stopped")


def _this_process(path: Path) -> str:
    """In one line, for the operator who starts a second one."""
    now = datetime.now(UTC)
    return f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC, with {path.absolute()}"


async def _serve(
    path: Path,
    settings: Settings,
    world: World,
    store: Store,
    stop: asyncio.Event,
    reloaded: Callable[[], None],
    holder: str,
) -> None:
    loop = asyncio.get_running_loop()
    async with EjabberdApi(settings.ejabberd.api_url) as api, Uploads() as uploads:
        metrics = Metrics()
        store.watch(metrics.committed)
        state = await open_state(settings.limits, world, store, settings.web)
        reloader = Reloader(path, reloaded)
        bridge = Bridge(settings, state, store, api, metrics, reloader.reload, uploads, holder)
        reloader.bridge = bridge
        gc.set_threshold(YOUNG)
        _set_aside()
        asked = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, asked.set)
        reloading = asyncio.create_task(_reload_when(asked, reloader))
        telling = asyncio.create_task(Systemd().run(bridge.missing, stop))
        try:
            transcript = bridge.supervision.transcript_links.open
            tenant = partial(_tenant, state)
            async with Web(settings.web, store, metrics, tenant, transcript, bridge.missing, uploads):
                await bridge.run(stop)
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            reloading.cancel()
            telling.cancel()


def _set_aside() -> None:
    """What is in memory now stays there. Were Python's collector to look through it again and again, everybody would
    wait for a tenth of a second each time, with ten thousand people."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _tenant(state: State, tenant_id: str) -> Tenant | None:
    """As the configuration is now. Links may be older."""
    return next((tenant for tenant in state.world.tenants if tenant.id == tenant_id), None)


async def _reload_when(asked: asyncio.Event, reloader: "Reloader") -> None:
    while True:
        await asked.wait()
        asked.clear()
        try:
            await reloader.reload()
        except Exception:
            log.exception("the reload failed half-way; restart deskbridge to have all of it")


class Reloader:
    """Reads ``path`` again; ``reloaded`` is called when its content is in force."""

    def __init__(self, path: Path, reloaded: Callable[[], None]) -> None:
        self._path = path
        self._reloaded = reloaded
        self._one_at_a_time = asyncio.Lock()
        self.bridge: Bridge | None = None

    async def reload(self) -> LoadError | ReloadError | None:
        """Take on the files as they are now, or change nothing and say what is wrong (D1).

        One after the other: of two reloads at once, the older files might win.
        """
        if self.bridge is None:
            raise RuntimeError("there is no bridge to reload yet")
        async with self._one_at_a_time:
            try:
                # In a thread, as a large directory takes a second to read and others go on chatting (R2).
                settings, world = await asyncio.to_thread(load, self._path)
                await self.bridge.reload(settings, world)
            except (LoadError, ReloadError) as problem:
                log.error("reload refused, nothing was changed: %s", problem)
                return problem
            _set_aside()
            log.info("reloaded %s and the directories", self._path)
            self._reloaded()
            return None
