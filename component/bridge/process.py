"""The bridge as a process: opens what it needs, listens to signals, closes in order."""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from component.background_tasks import BackgroundTasks
from component.config.problems import LoadError
from component.directory.world import World
from component.ejabberd.ejabberd_api import EjabberdApi
from component.loading import load
from component.metrics import Metrics
from component.model import Settings, Tenant
from component.store.api import Lease, Store, StoreError, StoreInUse, store_lease
from component.web.link_responses import LinkResponses
from component.web.uploads import Uploads
from component.web.web_server import Web

from .app import App
from .lifecycle import Bridge
from .reloading import ReloadError, refuse_new_wiring
from .standby import Standby
from .state.state import State, open_state
from .systemd import Systemd

log = logging.getLogger(__name__)

YOUNG = 5_000
"""Objects that Python's collector looks at a time, those of some fifty messages: of Python's own 700, most are still in
use and are looked at again."""


async def serve(
    path: Path, settings: Settings, world: World, *, standby: bool = False, reloaded: Callable[[], None] = lambda: None
) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads ``path`` again, and ``reloaded`` is called. With ``standby`` it first
    waits until no other process has the database.

    Raises ``StoreError``, with its kinds ``StoreInUse`` and ``LeaseLost``, ``HostsTaken``, ``WebError``.
    """
    stop, asked = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    lease = store_lease(settings.storage.url, _this_process(path))
    first = await _first(lease, standby)
    try:
        waiting, metrics = Standby(lease), Metrics()
        reloader = Reloader(path, settings, world, reloaded)
        missing = partial(_missing, reloader, waiting)
        async with BackgroundTasks() as tasks:
            tasks.start(_reload_when(asked, reloader), "reloading on SIGHUP")
            tasks.start(Systemd().run(missing, stop, waiting.waits), "telling systemd how deskbridge is")
            async with Web(settings.web, metrics, missing, patient=first is not None) as web:
                if first is None or await waiting.turn(first, stop):
                    await _serve(reloader, lease, metrics, web, stop)
    finally:
        await lease.release()
    log.info("stopped")


async def _first(lease: Lease, standby: bool) -> StoreInUse | None:
    """Who has the lease already, if ``standby`` allows that; otherwise it is ours now."""
    try:
        await lease.acquire()
    except StoreInUse as first:
        if not standby:
            raise
        return first
    return None


def _missing(reloader: "Reloader", waiting: Standby) -> list[str]:
    """What keeps the process from doing all its work, in words for operators; nothing if it is ready (O4)."""
    if reloader.bridge is None:
        return waiting.missing() or ["deskbridge is starting"]
    return reloader.bridge.missing()


def _this_process(path: Path) -> str:
    """In one line, for the operator who starts a second one."""
    now = datetime.now(UTC)
    return f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC, with {path.absolute()}"


async def _serve(reloader: "Reloader", lease: Lease, metrics: Metrics, web: Web, stop: asyncio.Event) -> None:
    """With the lease: open the database, connect, and go on until ``stop``."""
    metrics.active()
    settings = reloader.settings
    async with _opened(settings.storage.url, lease) as store:
        store.watch(metrics.committed)
        async with EjabberdApi(settings.ejabberd.api_url, may_call=lease.valid) as api, Uploads() as uploads:
            async with reloader.at_rest():
                state = await open_state(reloader.settings.limits, reloader.world, store, settings.web)
                app = App(reloader.settings, state, store, api, metrics, reloader.reload, uploads, lease)
                bridge = Bridge(app)
                reloader.bridge = bridge
            gc.set_threshold(YOUNG)
            _set_aside()
            transcript = app.supervision.transcript_links.open
            async with web.opening(LinkResponses(store, metrics, partial(_tenant, state), transcript, uploads)):
                await bridge.run(stop)


@asynccontextmanager
async def _opened(url: str, lease: Lease) -> AsyncIterator[Store]:
    store = await Store.open(url, lease)
    try:
        yield store
    except BaseException:
        with suppress(StoreError):  # what was wrong before says more
            await store.close()
        raise
    await store.close()


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
    """Has ``settings`` and ``world`` as they are in force, and reads ``path`` again; ``reloaded`` is called when its
    content is in force. ``bridge`` is what has to take it on, once there is one."""

    def __init__(self, path: Path, settings: Settings, world: World, reloaded: Callable[[], None]) -> None:
        self.settings = settings
        self.world = world
        self.bridge: Bridge | None = None
        self._path = path
        self._reloaded = reloaded
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Nothing changes meanwhile."""
        async with self._one_at_a_time:
            yield

    async def reload(self) -> LoadError | ReloadError | None:
        """Take on the files as they are now, or change nothing and say what is wrong (D1).

        One after the other: of two reloads at once, the older files might win.
        """
        async with self._one_at_a_time:
            try:
                # In a thread, as a large directory takes a second to read and others go on chatting (R2).
                settings, world = await asyncio.to_thread(load, self._path)
                refuse_new_wiring(self.settings, settings)
                if self.bridge is not None:
                    await self.bridge.reload(settings, world)
            except (LoadError, ReloadError) as problem:
                log.error("reload refused, nothing was changed: %s", problem)
                return problem
            self.settings, self.world = settings, world
            _set_aside()
            log.info("reloaded %s and the directories", self._path)
            self._reloaded()
            return None
