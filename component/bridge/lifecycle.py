"""The running bridge, through start, lost streams, reload and stop."""

import asyncio
import contextlib
import logging
import time
from typing import Any

from component.directory.world import World
from component.model import Settings
from component.store.api import LeaseLost, StoreError

from .app import App
from .clock import now_us
from .gauges import Gauges
from .stream.connection import Disconnected
from .stream.rivals import HostsTaken

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 10.0
ANSWERS_SECONDS = 3.0
"""Time for requests that are being answered when deskbridge stops; then they are refused."""


class Bridge:
    """One instance, serving all tenants over one stream. ``run`` lasts until it is told to stop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._state = app.state
        self._store = app.store
        app.stream_began, app.stream_lost = self._up, self._down
        parts_seen = (app.link, app.delivery, app.undelivered, app.grants, app.guard, app.rosters)
        app.metrics.add(Gauges(app.state, app.store, *parts_seen, self.missing))
        self._settling: asyncio.Task[None] | None = None
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settled = False
        self._all_have_contacts = False
        self._seen_through: World | None = None  # the directory by which all subscriptions were looked through

    def missing(self) -> list[str]:
        """What keeps the bridge from doing all its work, in words for operators; nothing if it is ready (O4)."""
        if not self._app.link.up:
            return ["there is no connection to ejabberd"]
        finding_out = [] if self._app.gate.is_open else ["it is not known yet who is logged in; messages wait"]
        missing = (self._app.link.missing, self._store.missing, self._app.grants.missing, self._app.guard.missing)
        return finding_out + [what for part in missing for what in part()]

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, then say good-bye (P8). Raises what made one of the parts fail,
        ``HostsTaken`` if another process has the hosts already, ``LeaseLost`` if one has taken over the database."""
        start = self._app.tasks.start
        start(self._app.link.run(), "keeping the stream to ejabberd", self._fail)
        start(self._app.rivals.run(), "telling the guard whose the hosts are", self._fail)
        start(self._app.guard.run(), "proving that the guard is in force", self._fail)
        start(self._store.look_after(), "looking after the database", self._fail)
        start(self._store.index_words(), "indexing the words of messages", self._fail)
        start(self._app.delivery.run(), "noting what was delivered", self._fail)
        start(self._app.retention.run(), "deleting old messages", self._fail)
        stopping = start(stop.wait(), "waiting to be stopped")
        losing = start(self._app.lease.lost.wait(), "waiting for another process to take over")
        ends: list[asyncio.Future[Any]] = [self._failed, stopping, losing]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if losing.done():
                raise LeaseLost("another process has taken it over")
            if self._failed.done():
                self._failed.result()
            await self._say_goodbye()
        except HostsTaken:
            await self._leave()
            raise
        except LeaseLost as lost:
            self._app.link.drop(f"the database is not this process's any more: {lost}")
            raise
        finally:
            await self._app.tasks.close()

    def _fail(self, problem: BaseException) -> None:
        """Something without which the bridge cannot go on has failed."""
        if not self._failed.done():
            self._failed.set_exception(problem)
            self._failed.exception()  # nobody may look at it any more when we are stopping anyway

    async def _leave(self) -> None:
        """Another process was first: refuse what comes, and close the stream."""
        self._app.gate.shut()
        await self._app.link.close()

    async def _say_goodbye(self) -> None:
        """Finish what was begun, so that the next start has nothing to repair."""
        self._app.gate.shut()
        if self._settling:
            self._settling.cancel()
        self._app.rivals.release()
        if not self._app.link.up:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await asyncio.gather(
                    self._app.requests.finish(ANSWERS_SECONDS), self._app.archives.finish(ANSWERS_SECONDS)
                )
                await self._app.messages.judged()
                await self._store.submit()
                self._app.supervision.chats.farewell()
                await self._app.faces.farewell()
                await self._app.delivery.tick()
        except (Disconnected, StoreError, TimeoutError) as problem:
            log.warning(
                "not everything could be finished; the next start will do the rest: %s", problem or "it took too long"
            )
        # What ejabberd sent before it knows that we leave cannot be answered any more; it is kept for the next start.
        self._app.delivery.shut()
        self._app.gate.open()
        await self._app.link.close()

    # Streams

    def _up(self) -> None:
        self._app.metrics.connected()
        self._app.rivals.up()
        self._state.sessions.begin_anew()
        self._state.recent.all_lost(now_us())
        self._app.service_contacts.forget()
        self._app.grants.expect()
        self._app.archives.stream_began()
        self._app.requests.stream_began()
        self._settling = self._app.tasks.start(self._settle(), "finding out who is logged in")

    def _down(self) -> None:
        self._app.rivals.down()
        self._settled = False
        self._app.grants.forget()
        self._app.guard.forget()
        self._app.rosters.stream_lost()
        self._app.archives.stream_lost()
        self._app.requests.stream_lost()
        self._app.gate.hold()
        self._app.delivery.shut()
        self._app.faces.pause()
        self._app.supervision.watching.stream_lost()
        if self._settling:
            self._settling.cancel()

    async def _settle(self) -> None:
        """After each connect: find out who is logged in and deliver what is due. If that fails, it is done on the next
        stream."""
        try:
            await self._app.rivals.look()
            await self._find_the_truth()
            self._app.supervision.chats.announce()
            await self._app.faces.announce()
            await self._app.upload_services.learn()
        except (HostsTaken, LeaseLost) as taken:
            self._fail(taken)
        except Disconnected:
            pass
        except StoreError as problem:
            self._app.link.drop(f"the database cannot be read: {problem}")
        except Exception:
            log.exception("the census after connecting failed")
            self._app.link.drop("starting afresh")

    async def _find_the_truth(self) -> None:
        """Take the census, act on what was missed, and only then let messages through (P6)."""
        started = time.monotonic()
        silent = await self._app.census.take()
        self._state.sessions.settle(silent)
        self._settled = True
        if not self._all_have_contacts:
            # later only those who are connected, and those who log in, need to be checked
            self._app.service_contacts.ensure(self._state.world.everybody())
            self._all_have_contacts = True
        if self._seen_through is not self._state.world:
            await self._look_through()
        self._app.faces.resume()
        self._app.supervision.watching.resume()
        self._app.endings.of_the_absent()
        await self._app.undelivered.recover()
        self._app.returns.settle()
        self._app.gate.open()
        self._app.rosters.look_at_all(await self._store.accounts_with_contacts())
        people = len(self._state.sessions.accounts())
        log.info("ready after %.1f s: %d people are logged in", time.monotonic() - started, people)

    async def _look_through(self) -> None:
        world = self._state.world
        await self._app.presence.look_through()
        self._seen_through = world

    # A new directory

    async def reload(self, settings: Settings, world: World) -> None:
        """Swap directory, versions and limits at once, between two stanzas; then act on what that changes (D1).

        Nothing may have changed that needs a restart.
        """
        before, self._state.world = self._state.world, world
        self._state.limits = settings.limits
        for account in self._state.sessions.accounts():
            gone = before.account(account)
            if gone is not None and world.account(account) is None:
                self._app.presence.removed(gone)
        new = [party for party in world.everybody() if before.account(party.account) is None]
        self._app.census.ask(new)
        self._app.service_contacts.ensure(new)
        self._app.guard.ask()
        if self._settled:
            await self._look_through()
            if self._app.faces.look_through(before):
                with contextlib.suppress(Disconnected):  # it is announced after the next connect
                    await self._app.faces.announce()
            self._app.rosters.reloaded(before)
            await self._app.supervision.rights.look_through(before)
