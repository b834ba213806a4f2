"""The running bridge: puts the parts together, and takes them through start, lost streams, reload and stop."""

import asyncio
import contextlib
import logging
import time
from typing import Any
from xml.etree.ElementTree import Element

from component.directory.world import World
from component.ejabberd.api import EjabberdApi
from component.ejabberd.ejabberd_yml_parts import stanza_limit
from component.metrics import Metrics
from component.model import Party, Settings
from component.sanitiser import Sanitiser
from component.services.archive_answers import Archive
from component.store.store import Store
from component.store.store_errors import StoreError
from component.web.uploads import Uploads
from component.xep.stanza_errors import is_error
from component.xml import MESSAGE, PRESENCE

from .clock import now_us
from .commands.listed import Parts, all_commands
from .gauges import Gauges
from .host_claim import HostsTaken
from .iq.archive_queries import Archives
from .iq.delegated_requests import Delegation
from .iq.iq_handler import Requests
from .messages.delivery import Delivery
from .messages.endings import Endings
from .messages.lookups import LookUps
from .messages.pipeline import Messages
from .messages.returns import Returns
from .messages.undelivered import Undelivered
from .messages.work_archives import WorkArchives
from .presence.census import Census
from .presence.faces import Faces
from .presence.presence_handler import Presence
from .presence.service_contacts import ServiceContacts
from .reloading import Reload, refuse_new_wiring
from .retention import Retention
from .roster.roster import Contacts
from .roster.roster_sync import ContactKeeper
from .state.state import State
from .stream.back_pressure import Pressure
from .stream.connection import Connection, Disconnected
from .stream.gate import Gate
from .stream.grants import Grants
from .stream.guard_proof import Guard
from .stream.iqs import Iqs
from .stream.paced_presence import Broadcasts
from .stream.rivals import Rivals
from .supervision.supervision import Supervision
from .upload_services import UploadServices

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 10.0
ANSWERS_SECONDS = 3.0
"""At the end, for requests that are being answered; then they are refused."""


class Bridge:
    """One instance, serving all tenants over one stream. ``run`` lasts until it is told to stop."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        store: Store,
        api: EjabberdApi,
        metrics: Metrics,
        reload: Reload,
        uploads: Uploads,
        holder: str,
    ) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._metrics = metrics
        host = settings.tenants[0].service
        self._link = Connection(settings.xmpp, host, stanza_limit(settings), self._receive, self._up, self._down)
        send = self._link.send
        self._rivals = Rivals(host, holder, self._link, self._take)
        self._iqs = Iqs(send)
        self._upload_services = UploadServices(state, self._iqs, uploads)
        self._grants = Grants(state)
        self._guard = Guard(state, self._link, self._grants)
        broadcasts = Broadcasts(send, self._link.barrier)
        self.supervision = Supervision(state, store, self._link, broadcasts, self._grants, api)
        copies, chats = self.supervision.copies, self.supervision.chats
        self._endings = Endings(state, store, send, copies.ended)
        self._returns = Returns(state, send)
        self._delivery = Delivery(self._link, store, self._too_large, self._bounces_handled)
        self._work_archives = WorkArchives(state, self._iqs)
        self._undelivered = Undelivered(
            state,
            store,
            self._delivery,
            self._endings,
            self._returns,
            copies,
            self._work_archives,
            self._is_there,
            self._came_back,
        )
        self._faces = Faces(state, broadcasts)
        self._services = ServiceContacts(api, state.sessions, self._contact_put, self._session_vanished)
        self._contacts = Contacts(ContactKeeper(api, state, store, self._faces, send), state)
        self._presence = Presence(
            state,
            self._faces,
            self._services,
            self._contacts.lost,
            self._contacts.left,
            chats,
            send,
            self._logged_in,
            self._leaving,
            self._logged_out,
        )
        self._sanitiser = Sanitiser()
        look_ups = LookUps(state, store, api, self._sanitiser, uploads)
        self._messages = Messages(
            state,
            store,
            self._delivery,
            self._endings,
            self._returns,
            look_ups,
            copies,
            chats,
            send,
            metrics,
            self._presence.heard_of,
        )
        self._archives = Archives(state, Archive(store, state.archive_ids), self._link, metrics)
        add_contact = self._contacts.add
        parts = Parts(state, store, self._endings, self._faces, self.supervision, add_contact, reload)
        self._requests = Requests(state, all_commands(parts), self._archives, chats, self._link)
        self._retention = Retention(state, store)
        self._delegation = Delegation(state, self._grants, self._archives, send)
        self._census = Census(state, self._link, self._services, api)
        self._gate = Gate(self._link, self._messages.receive)
        self._pressure = Pressure(self._link, lambda: store.backlog)
        parts_seen = (self._link, self._delivery, self._undelivered, self._grants, self._guard, self._contacts)
        metrics.add(Gauges(state, store, *parts_seen, self.missing))
        self._settling: asyncio.Task[None] | None = None
        self._taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settled = False
        self._all_have_contacts = False
        self._seen_through: World | None = None  # the directory by which all subscriptions were looked through

    def missing(self) -> list[str]:
        """What keeps the bridge from doing all its work, in words for operators; nothing if it is ready (O4)."""
        if not self._link.up:
            return ["there is no connection to ejabberd"]
        finding_out = [] if self._gate.is_open else ["it is not known yet who is logged in; messages wait"]
        missing = (self._link.missing, self._store.missing, self._grants.missing, self._guard.missing)
        return finding_out + [what for part in missing for what in part()]

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, then say good-bye (P8). Raises what made one of the parts fail, and
        ``HostsTaken`` if another process has the hosts already."""
        parts = (
            self._link.run,
            self._guard.run,
            self._store.look_after_files,
            self._delivery.run,
            self._services.run,
            self._contacts.run,
            self._retention.run,
        )
        tasks: list[asyncio.Future[Any]] = [asyncio.create_task(part()) for part in parts]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, self._taken, stopping], return_when=asyncio.FIRST_COMPLETED)
            if self._taken in done:
                await self._leave()
            for task in done:
                task.result()
            await self._say_goodbye()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _leave(self) -> None:
        """Let who was first have the hosts, and turn back what is not ours."""
        self._gate.shut()
        await self._link.close()

    async def _say_goodbye(self) -> None:
        """Finish what was begun, so that the next start has nothing to repair."""
        self._gate.shut()
        if self._settling:
            self._settling.cancel()
        self._rivals.release()
        if not self._link.up:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await asyncio.gather(self._requests.finish(ANSWERS_SECONDS), self._archives.finish(ANSWERS_SECONDS))
                await self._messages.judged()
                await self._store.submit()
                self.supervision.chats.farewell()
                await self._faces.farewell()
                await self._delivery.tick()
        except (Disconnected, StoreError, TimeoutError) as problem:
            log.warning("could not finish everything, which the next start will do: %s", problem or "it took too long")
        # What ejabberd has sent before it knows that we leave cannot be answered any more, but kept for the next start.
        self._delivery.shut()
        self._gate.open()
        await self._link.close()

    # What the parts tell each other

    def _receive(self, stanza: Element) -> None:
        self._rivals.receive(stanza)

    def _take(self, stanza: Element) -> None:
        if stanza.tag == MESSAGE:
            self._receive_message(stanza)
        elif stanza.tag == PRESENCE:
            self._presence.receive(stanza)
        elif not self._iqs.take(stanza) and not self._delegation.receive(stanza):
            self._requests.receive(stanza)

    def _receive_message(self, stanza: Element) -> None:
        if is_error(stanza):
            if not self.supervision.watching.bounced(stanza):
                self._undelivered.bounced(stanza)
        elif self._grants.take(stanza):
            self._guard.ask()
        elif not self._guard.take(stanza) and not self.supervision.copies.takes(stanza):
            self._gate.receive(stanza)
            self._pressure.check()

    def _logged_in(self, party: Party, client: str) -> None:
        self._contacts.logged_in(party)
        self._returns.logged_in(party, client)
        self.supervision.watching.logged_in(party)

    def _leaving(self, party: Party, goodbye: bool) -> None:
        self._services.logged_out(party)
        self._returns.left(party, goodbye)
        self.supervision.watching.logged_out(party)

    def _logged_out(self, party: Party) -> None:
        self._endings.logged_out(party)

    def _came_back(self, work: Party, agent: Party) -> None:
        self._presence.came_back(work, agent)

    async def _is_there(self, party: Party) -> bool:
        return await self._presence.is_there(party)

    def _contact_put(self, party: Party) -> None:
        self._presence.show_service(party)

    def _session_vanished(self, party: Party, resource: str) -> None:
        self._presence.ended(party, resource)

    def _too_large(self, id: int) -> None:
        self._undelivered.too_large(id)

    async def _bounces_handled(self) -> bool:
        handled = await self._undelivered.handled()
        if await self.supervision.copies.lines.settled():
            await self._link.barrier()
        return handled

    # A stream comes and goes

    def _up(self) -> None:
        self._metrics.connected()
        self._rivals.up()
        self._state.sessions.begin_anew()
        self._state.recent.all_lost(now_us())
        self._services.forget()
        self._grants.expect()
        self._archives.up()
        self._requests.up()
        self._settling = asyncio.create_task(self._settle())

    def _down(self) -> None:
        self._rivals.down()
        self._settled = False
        self._grants.forget()
        self._guard.forget()
        self._contacts.pause()
        self._archives.down()
        self._requests.down()
        self._gate.hold()
        self._delivery.shut()
        self._faces.pause()
        self.supervision.watching.down()
        if self._settling:
            self._settling.cancel()

    async def _settle(self) -> None:
        """A new stream: get everything right again. If that fails, the next stream brings another try."""
        try:
            await self._rivals.look()
            await self._find_the_truth()
            self.supervision.chats.announce()
            await self._faces.announce()
            await self._upload_services.learn()
        except HostsTaken as taken:
            if not self._taken.done():
                self._taken.set_exception(taken)
        except Disconnected:
            pass
        except StoreError as problem:
            self._link.drop(f"the database cannot be read: {problem}")
        except Exception:
            log.exception("could not settle after connecting")
            self._link.drop("starting afresh")

    async def _find_the_truth(self) -> None:
        """Learn who is logged in, act on what was missed, and only then go on with messages (P6)."""
        started = time.monotonic()
        silent = await self._census.take()
        self._state.sessions.settle(silent)
        self._settled = True
        if not self._all_have_contacts:
            # Later it is enough to look at those who are connected, and at who logs in.
            self._services.ensure(self._state.world.everybody())
            self._all_have_contacts = True
        if self._seen_through is not self._state.world:
            await self._look_through()
        self._faces.resume()
        self.supervision.watching.settle()
        self._endings.of_the_absent()
        await self._undelivered.recover()
        self._returns.settle()
        self._gate.open()
        self._contacts.everybody(await self._store.accounts_with_contacts())
        people = len(self._state.sessions.accounts())
        log.info("ready after %.1f s: %d people are logged in", time.monotonic() - started, people)

    async def _look_through(self) -> None:
        world = self._state.world
        await self._presence.look_through()
        self._seen_through = world

    # A new directory

    async def reload(self, settings: Settings, world: World) -> None:
        """Swap directory, versions and limits at once, between two stanzas; then act on what that changes (D1).

        Raises ``ReloadError`` if something changed that needs a restart; then nothing is changed.
        """
        refuse_new_wiring(self._settings, settings)
        before, self._state.world = self._state.world, world
        self._settings = settings
        self._state.limits = settings.limits
        for account in self._state.sessions.accounts():
            gone = before.account(account)
            if gone is not None and world.account(account) is None:
                self._presence.removed(gone)
        new = [party for party in world.everybody() if before.account(party.account) is None]
        self._census.ask(new)
        self._services.ensure(new)
        self._guard.ask()
        if self._settled:
            await self._look_through()
            if self._faces.look_through(before):
                with contextlib.suppress(Disconnected):  # then all is told anew
                    await self._faces.announce()
            self._contacts.reloaded(before)
            await self.supervision.rights.look_through(before)
