"""The running bridge: puts the parts together, and takes them through start, lost streams, reload and stop."""

import asyncio
import logging
import time
from xml.etree.ElementTree import Element

from component.ejabberd.api import EjabberdApi
from component.element import serialise
from component.model import Settings, Side, Tenant
from component.policy.reasons import Reason
from component.stanza.errors import is_error, refusal
from component.stanza.presence import plain
from component.store.errors import StoreError
from component.store.store import Store
from component.world import World

from .clock import now_us
from .conversations import Conversations
from .delivery import Delivery
from .endings import Endings
from .link import Link, LinkDown
from .lookups import LookUps
from .messages import Messages
from .presence import Presence
from .recent import REMEMBERED_US, Recent
from .requests import Requests
from .rosters import ServiceContacts
from .sessions import Sessions
from .state import State
from .undelivered import Undelivered
from .watchers import Watchers

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.5
"""How long ejabberd's sessions may take to answer a probe that has been routed to them."""

MOST_HELD = 20_000
"""Messages kept while settling; what comes beyond is refused for now."""

PAUSE_ABOVE = 4_000
RESUME_BELOW = 1_000
PAUSE_SECONDS = 0.05
"""Messages waiting for the disk, above and below which no more are read and reading goes on."""


class Bridge:
    """One instance, serving all tenants over one stream. ``run`` lasts until it is cancelled."""

    def __init__(self, settings: Settings, state: State, store: Store, api: EjabberdApi) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._held: list[Element] = []
        self._settled = False
        self._paused = False
        self._settling: asyncio.Task[None] | None = None
        self._link = Link(settings.xmpp, settings.tenants[0].service, self._receive, self._up, self._down)
        send = self._link.send
        self._contacts = ServiceContacts(api)
        self._delivery = Delivery(self._link, store)
        self._endings = Endings(state, store, send)
        self._undelivered = Undelivered(state, store, self._delivery, self._endings, send)
        self._presence = Presence(state, send, self._endings.logged_out)
        self._messages = Messages(state, store, self._delivery, self._endings, LookUps(state, store, api), send)
        self._requests = Requests(state, send)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, then say good-bye (P8). Raises what made one of the parts fail."""
        parts = (self._link.run, self._delivery.run, self._contacts.run)
        tasks = [asyncio.create_task(part()) for part in parts]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
            await self._say_goodbye()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _say_goodbye(self) -> None:
        self._settled = False
        self._presence.farewell()
        await self._link.close()

    # One stanza

    def _receive(self, stanza: Element) -> None:
        match stanza.tag.rpartition("}")[2]:
            case "presence":
                self._presence.receive(stanza)
            case "iq":
                self._requests.receive(stanza)
            case "message" if is_error(stanza):
                self._undelivered.bounced(stanza)
            case "message" if self._settled:
                self._messages.receive(stanza)
                self._mind_the_backlog()
            case "message" if len(self._held) < MOST_HELD:
                # Nobody knows yet who is logged in, and a verdict now could only be invented (P6).
                self._held.append(stanza)
            case "message":
                self._link.send(serialise(refusal(stanza, Reason.OVERLOADED)))

    def _mind_the_backlog(self) -> None:
        """Under overload read no more until the disk has caught up: memory stays bounded (R2, R3)."""
        if not self._paused and self._store.backlog > PAUSE_ABOVE:
            self._paused = True
            self._link.pause_reading()
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._try_to_go_on)

    def _try_to_go_on(self) -> None:
        if self._store.backlog > RESUME_BELOW:
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._try_to_go_on)
        else:
            self._paused = False
            self._link.resume_reading()

    # A stream comes and goes

    def _up(self) -> None:
        self._state.sessions.begin_anew()
        self._settling = asyncio.create_task(self._settle())

    def _down(self) -> None:
        self._settled = False
        self._delivery.is_open = False
        self._presence.quiet = True
        if self._settling:
            self._settling.cancel()

    async def _settle(self) -> None:
        """Find out what is true now, tell everybody, and only then go on with messages (P6)."""
        started = time.monotonic()
        self._contacts.forget()
        for tenant in self._state.world.tenants:
            self._ask_for(tenant)
        try:
            await self._link.barrier()
            await asyncio.sleep(SETTLE_SECONDS)
            await self._link.barrier()
            self._state.sessions.settle()
            self._presence.announce_all()
            self._endings.of_the_absent()
            await self._undelivered.recover()
        except LinkDown:
            return
        except StoreError as problem:
            self._link.drop(f"the database cannot be read: {problem}")
            return
        self._go_on()
        people = len(self._state.sessions.accounts())
        log.info("ready after %.1f s: %d people are logged in", time.monotonic() - started, people)

    def _ask_for(self, tenant: Tenant) -> None:
        """Have ejabberd tell who is logged in now, and in future."""
        for side in Side:
            parties = self._state.world.parties(tenant, side)
            self._contacts.ensure(parties)
            for party in parties:
                self._link.send(plain("probe", tenant.service, party.account))

    def _go_on(self) -> None:
        self._delivery.is_open = True
        self._settled = True
        held, self._held = self._held, []
        for stanza in held:
            self._messages.receive(stanza)

    # A new directory

    def reload(self, settings: Settings, world: World) -> None:
        """Swap directory, versions and limits at once, between two stanzas (D1).

        Raises ``ReloadError`` if something changed that needs a restart; then nothing is changed.
        """
        _refuse_new_wiring(self._settings, settings)
        self._settings = settings
        self._state.limits = settings.limits
        self._messages.limits_changed()
        self._presence.directory_changed(world)
        for tenant in world.tenants:
            self._ask_for(tenant)


async def open_state(settings: Settings, world: World, store: Store) -> State:
    """The state as the store remembers it. Raises ``StoreError``."""
    recent = Recent()
    for taken in await store.recent_client_ids(now_us() - REMEMBERED_US):
        key = (taken.sender_account, taken.receiver_account, taken.origin_id or taken.client_id or "")
        recent.add(key, taken.payload, taken.sent_at)
    return State(
        world=world,
        limits=settings.limits,
        sessions=Sessions(),
        watchers=Watchers(store, await store.subscriptions()),
        conversations=Conversations(store, await store.open_conversations()),
        recent=recent,
    )


class ReloadError(Exception):
    """The new configuration cannot be taken on without a restart. The text says why."""


def _refuse_new_wiring(old: Settings, new: Settings) -> None:
    """Hosts are registered with ejabberd, and databases opened, only at start."""
    for name in ("xmpp", "ejabberd", "storage", "web"):
        if getattr(old, name) != getattr(new, name):
            raise ReloadError(f"[{name}] changed, which takes effect at a restart only")
    if [_wiring(tenant) for tenant in old.tenants] != [_wiring(tenant) for tenant in new.tenants]:
        raise ReloadError("tenants or their hosts changed, which takes effect at a restart only")


def _wiring(tenant: Tenant) -> tuple[str, ...]:
    return (tenant.id, tenant.work_host, tenant.desk_host, tenant.agent_faces, tenant.work_faces)
