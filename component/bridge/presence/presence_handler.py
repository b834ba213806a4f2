"""Presence that comes in from accounts: who is logged in, and who subscribes to which face (P4, P5, P7)."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from xml.etree.ElementTree import Element

from component.jid import normalise
from component.model import RESERVED_PREFIX, Limits, Party
from component.policy.classify import joins_room
from component.policy.may_write import may_see
from component.policy.reasons import Reason
from component.token_bucket import Buckets
from component.xep.presence_stanzas import PresenceText, answers_probe, by_client, plain, session
from component.xep.stanza_errors import refusal
from component.xml import serialise

from ..clock import now_us
from ..state.state import State
from ..supervision.chat_contacts import ChatAnswers
from .faces import SERVICE_SEEN, Faces
from .service_contacts import ServiceContacts

log = logging.getLogger(__name__)

QUESTIONS_A_SECOND, LOG_INS_AT_ONCE = 200, 10
"""How often one account may subscribe to faces and probe them. A client that logs in probes all its contacts at once;
what goes far beyond that is ignored (R2)."""

SLICE = 5_000
"""Subscriptions that are checked in one turn of the event loop."""

ANSWER_SECONDS = 5.0
"""How long a session may take to answer a probe. If it is gone, ejabberd has said so long before."""


class PresenceHandler:
    """Handles every presence stanza. ``send`` takes stanza text.

    Callbacks: ``logged_in`` at somebody's first session, with its full address; ``leaving`` at the end of the last
    one, with whether the client said good-bye; ``logged_out`` if no new session has begun a while later, after the
    watchers were told; ``contact_lost`` when somebody removed the service contact; ``face_left`` when somebody
    unsubscribed from a face. Nothing that a client sends to a face reaches the account behind it.
    """

    def __init__(
        self,
        state: State,
        faces: Faces,
        service_contacts: ServiceContacts,
        contact_lost: Callable[[Party], None],
        face_left: Callable[[Party, str], None],
        chats: ChatAnswers,
        send: Callable[[str], None],
        logged_in: Callable[[Party, str], None],
        leaving: Callable[[Party, bool], None],
        logged_out: Callable[[Party], None],
    ) -> None:
        self._state = state
        self._faces = faces
        self._service_contacts = service_contacts
        self._contact_lost = contact_lost
        self._face_left = face_left
        self._chats = chats
        self._send = send
        self._logged_in = logged_in
        self._leaving = leaving
        self._logged_out = logged_out
        self._timers: dict[str, asyncio.TimerHandle] = {}  # run when the grace of those who are leaving is over
        self._asked: dict[str, asyncio.Future[bool]] = {}
        self._questions = Buckets(self._question_limits, time.monotonic)

    def _question_limits(self) -> Limits:
        contacts = max(tenant.roster_limit for tenant in self._state.world.tenants)
        return Limits(messages_per_second=QUESTIONS_A_SECOND, burst=max(5_000, LOG_INS_AT_ONCE * contacts))

    def receive_presence(self, presence: Element) -> None:
        """Handle one presence stanza from ejabberd."""
        sender = normalise(presence.get("from", ""))
        receiver = normalise(presence.get("to", ""))
        if sender is None or receiver is None:
            return
        account, resource = sender
        address, _ = receiver
        tenant = self._state.world.tenant_of_component_host(address.rpartition("@")[2])
        party = self._state.world.account(account)
        if tenant is None or party is None or party.tenant is not tenant:
            self._turn_away(presence, account, address)
        elif address == tenant.service:
            self._for_service(presence, party, resource)
        else:
            self._for_face(presence, party, address)

    def _turn_away(self, presence: Element, account: str, address: str) -> None:
        """M9: people of other tenants and strangers get the same answer whatever they ask for."""
        if presence.get("type") in ("subscribe", "probe"):
            self._send(plain("unsubscribed", address, account))

    # The service contact: who is logged in

    def _for_service(self, presence: Element, party: Party, resource: str) -> None:
        service = party.tenant.service
        match presence.get("type"):
            case None if resource:
                self._started(presence, party, resource)
            case "unavailable":
                self.ended(party, resource, goodbye=by_client(presence))
            case "probe":
                self._service_contacts.confirmed(party)
                self._send(PresenceText(service, SERVICE_SEEN).to(presence.get("from", "")))
            case "subscribe":
                self._send(plain("subscribed", service, party.account))
                self.show_service(party)
            case "unsubscribe" | "unsubscribed":
                self._service_contacts.lost(party)
                self._contact_lost(party)

    def show_service(self, party: Party) -> None:
        """The person has the service as a contact now; show them that it is available."""
        self._send(PresenceText(party.tenant.service, SERVICE_SEEN).to(party.account))

    def _started(self, presence: Element, party: Party, resource: str) -> None:
        if answers_probe(presence):
            self._service_contacts.confirmed(party)
        else:
            self._service_contacts.seen(party)
        account, sessions = party.account, self._state.sessions
        known = sessions.is_there(account)
        if not sessions.has(account, resource):
            self._state.recent.began(account, resource, now_us())
        if sessions.started(account, resource, session(presence)):
            self._begin_to_leave(party, goodbye=True)
            self._ask(party)
        self._faces.refresh(party)
        if sessions.is_there(account):
            self._answer_question(account, True)
            if not known:
                self._logged_in(party, presence.get("from", ""))

    def ended(self, party: Party, resource: str = "", goodbye: bool = False) -> None:
        """A session of that person has ended, as it seems; without a resource, all have. ``goodbye``: its client said
        so.

        It need not be true: a client can send unavailable presence to us alone, and that of a replaced session may
        come after its successor's first presence. So ejabberd is asked.
        """
        self._state.recent.ended(party.account, resource, now_us(), goodbye)
        if self._state.sessions.ended(party.account, resource):
            self._begin_to_leave(party, goodbye)
        self._faces.refresh(party)
        self._ask(party)

    def removed(self, party: Party) -> None:
        """The person is not in the directory any more (D1)."""
        self._state.sessions.drop(party.account)
        self._faces.forget(party)
        self._leaving(party, False)
        self._logged_out(party)

    def _ask(self, party: Party) -> None:
        """Probe: every session that is available answers with its presence."""
        self._send(plain("probe", party.tenant.service, party.account))

    def _begin_to_leave(self, party: Party, goodbye: bool) -> None:
        account = party.account
        if account in self._timers:
            self._timers[account].cancel()
        seconds = self._state.limits.logout_seconds
        self._timers[account] = asyncio.get_running_loop().call_later(seconds, self._has_left, party)
        self._leaving(party, goodbye)

    def _has_left(self, party: Party) -> None:
        """Log the person out, unless a new session has begun."""
        account, sessions = party.account, self._state.sessions
        del self._timers[account]
        known = sessions.logged_in(account)
        sessions.left(account)
        self._faces.refresh(party)
        if known and not sessions.logged_in(account):
            self._logged_out(party)
            self._answer_question(account, False)

    # What came back

    async def is_there(self, party: Party) -> bool:
        """Whether this person has a session that can be reached. Something sent to them came back, so ejabberd is
        asked.

        Who does not answer counts as logged out, whatever their client said before.
        """
        account = party.account
        if not self._state.sessions.logged_in(account):
            return False
        if account not in self._asked:
            loop = asyncio.get_running_loop()
            self._asked[account] = loop.create_future()
            loop.call_later(ANSWER_SECONDS, self._give_up, party, self._asked[account])
            self._ask(party)
        return await asyncio.shield(self._asked[account])

    def _answer_question(self, account: str, is_there: bool) -> None:
        asked = self._asked.pop(account, None)
        if asked is not None:
            asked.set_result(is_there)

    def _give_up(self, party: Party, asked: asyncio.Future[bool]) -> None:
        account, sessions = party.account, self._state.sessions
        if self._asked.get(account) is not asked:
            return
        if not sessions.settled:  # the stream was lost meanwhile, and everybody is asked
            self._answer_question(account, True)
            return
        log.info("%s has no session that gets messages, and counts as logged out", account)
        known = sessions.is_there(account)
        sessions.drop(account)
        self._faces.refresh(party)
        if known:
            self._leaving(party, False)
        self._logged_out(party)
        self._answer_question(account, False)

    # Work users who block agents (XEP-0191)

    def came_back(self, work: Party, agent: Party) -> None:
        """An agent's message to this Work user came back. If they are logged in they have blocked the agent, who may
        not see them any more."""
        if self._state.sessions.is_there(work.account):
            self._state.blocked.add((work.account, agent.account))
            self._show(work, agent)

    def heard_of(self, work: Party, agent: Party) -> None:
        """The Work user writes to the agent, or subscribes to them: neither is possible while they block the agent."""
        if self._state.blocked.lift((work.account, agent.account)):
            self._show(work, agent)

    def _show(self, work: Party, agent: Party) -> None:
        if agent.account in self._state.watchers.of(work.face):
            self._faces.show(agent.account, agent.side, work)

    # Faces: who may see them

    def _for_face(self, presence: Element, party: Party, address: str) -> None:
        kind = presence.get("type")
        if kind in ("subscribe", "unsubscribe", "probe") and not self._questions.take(party.account):
            return
        match kind:
            case None if joins_room(presence):
                self._send(serialise(refusal(presence, Reason.GROUP_CHAT)))
            case _ if self._chats.answer_presence(kind, party, presence.get("from", ""), address):
                pass
            case "subscribe":
                self._subscribe(party, address)
            case "probe":
                self._probe(presence, party, address)
            case "unsubscribe":
                # ejabberd has ended the subscription already, and a late answer would end a newer one.
                if self._faces.hide(party.account, address):
                    self._face_left(party, address)

    def _subscribe(self, watcher: Party, address: str) -> None:
        """P5. ejabberd writes its half of a subscription to disk, so ours is on disk before we consent."""
        face = self._state.world.face(address)
        if face is None or not may_see(watcher, face):
            self._turn_out(watcher.account, address)
            return
        noted = self._state.watchers.add(watcher.account, address)
        if noted is None:
            self._consent(watcher, face)
        else:
            noted.add_done_callback(partial(self._noted, watcher, face))

    def _noted(self, watcher: Party, face: Party, done: asyncio.Future[None]) -> None:
        # If it could not be written, the probe at the next log-in brings it again.
        done.exception()
        if watcher.account in self._state.watchers.of(face.face):
            self._consent(watcher, face)

    def _consent(self, watcher: Party, face: Party) -> None:
        self.heard_of(watcher, face)
        self._send(plain("subscribed", face.face, watcher.account))
        self._faces.show(watcher.account, watcher.side, face)

    def _probe(self, presence: Element, watcher: Party, address: str) -> None:
        """A watcher's client has logged in. The subscription counts even if we have forgotten it: ejabberd knows
        it."""
        face = self._state.world.face(address)
        if face is None or not may_see(watcher, face):
            self._turn_out(watcher.account, address)
            return
        self._state.watchers.add(watcher.account, address)
        self.heard_of(watcher, face)
        self._faces.show(presence.get("from", ""), watcher.side, face)

    def _turn_out(self, account: str, address: str) -> None:
        """P5: this account may not see this face. Whether there is such a face is not told."""
        self._faces.hide(account, address)
        self._send(plain("unsubscribed", address, account))

    def _may_see(self, account: str, address: str) -> bool:
        watcher, face = self._state.world.account(account), self._state.world.face(address)
        if watcher is None:
            return False
        return may_see(watcher, face) if face else self._chats.seen_by(watcher, address) is not None

    async def look_through(self) -> None:
        """P5 after a reload: whoever lost the right to see a face sees it go.

        Ending a subscription takes ejabberd some milliseconds, during which it reads nothing else from us. So that is
        left to `Rosters`, which removes the contact from the list; except for chat faces, of which there are few.
        """
        for number, (account, address) in enumerate(self._state.watchers.all(), 1):
            if not self._may_see(account, address):
                end = self._turn_out if address.startswith(RESERVED_PREFIX) else self._faces.hide
                end(account, address)
            if number % SLICE == 0:
                await asyncio.sleep(0)
