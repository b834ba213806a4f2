"""Chat faces as contacts of those whom a chat concerns: in their contact lists, and what they answer (S2, A4).

Clients then show a chat under its name, and open it at all: some take a name only from a contact, and Converse.js
shows nothing from a stranger on a server without block lists. For everybody else a chat face is an address that does
not exist.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.model import RESERVED_PREFIX, Party
from component.policy.decide import Refuse, refuse
from component.policy.may_watch import Chat, as_agent, title
from component.policy.reasons import Reason
from component.policy.shown_presence import UNAVAILABLE, Seen
from component.services import disco
from component.services.capabilities import INFO
from component.xep.presence_stanzas import PresenceText, plain
from component.xep.stanza_errors import error
from component.xep.vcard import VCARD, Details, vcard
from component.xml import serialise

from ..incoming import Incoming
from ..state.chat_faces import contact_of
from ..state.state import State
from ..stream.connection import Connection
from ..stream.paced_presence import Broadcasts
from ..throttled_log import ThrottledLog
from .audience import Audience

THERE = Seen(True)
"""A chat face is always available, whether or not its two people are."""

Answers = Mapping[tuple[str, str], Callable[[str, str], Element | None]]

ANSWERS: Answers = {
    ("get", disco.PING): lambda name, address: None,
    ("get", INFO): lambda name, address: disco.chat_info(name),
    ("get", disco.ITEMS): lambda name, address: disco.no_items(),
    ("get", VCARD): lambda name, address: vcard(Details(name, address)),
}
"""``(type, tag of the payload)`` -> what answers it, given the name of the chat and its address."""


log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""How long a copy waits for its chat to become a contact."""

REST_SECONDS = 30.0
"""If ejabberd was too slow or failed, no copy waits for that during this time."""

WATCHED, OWN = "Watched chats", "Agent chats"
"""Roster groups: for supervisors, and for an agent's own Work account."""


class ChatAnswers:
    """What chat faces answer. ``send`` takes stanza text, ``broadcasts`` sends to many. ``removed`` is called with an
    account and the chat face that it removed from its contacts."""

    def __init__(
        self,
        state: State,
        send: Callable[[str], None],
        broadcasts: Broadcasts,
        removed: Callable[[str, str], None],
    ) -> None:
        self._state = state
        self._send = send
        self._broadcasts = broadcasts
        self._removed = removed

    def seen_by(self, viewer: Party, address: str) -> Chat | None:
        return self._state.chat_faces.seen_by(viewer, address, self._state.world)

    # Messages

    def refuse_message(self, message: Incoming) -> bool:
        """Refuse the message if it goes to a chat face that its sender sees, because nobody would read it; returns
        whether it does."""
        account, address = message.route.account, message.route.address
        if message.over_rate or not address.startswith(RESERVED_PREFIX):
            return False
        viewer = self._state.world.account(account)
        chat = self.seen_by(viewer, address) if viewer else None
        if viewer is None or chat is None:
            return False
        reason, text = self._refusal(viewer, chat)
        if isinstance(refuse(reason, message.facts), Refuse):
            answer = reason.value
            self._send(serialise(error(message.element, answer.type, answer.condition, text)))
        return True

    def _refusal(self, viewer: Party, chat: Chat) -> tuple[Reason, str]:
        own = contact_of(viewer, chat)
        if own is None:
            return Reason.WATCHED_CHAT, Reason.WATCHED_CHAT.value.text
        agent, contact = own
        text = Reason.AGENT_CHAT.value.text.format(account=agent.account, face=contact.face)
        return Reason.AGENT_CHAT, text

    # Presence

    def answer_presence(self, kind: str | None, viewer: Party, sender: str, address: str) -> bool:
        """Handle a presence stanza to a chat face that the viewer sees; returns whether it is one."""
        if not address.startswith(RESERVED_PREFIX) or self.seen_by(viewer, address) is None:
            return False
        match kind:
            case "subscribe":
                self._state.watchers.add(viewer.account, address)
                self._send(plain("subscribed", address, viewer.account))
                self._broadcasts.answer(address, viewer.account, PresenceText(address, THERE))
            case "probe":
                self._state.watchers.add(viewer.account, address)
                self._broadcasts.answer(address, sender, PresenceText(address, THERE))
            case "unsubscribe":
                self._state.watchers.remove(viewer.account, address)
                self._removed(viewer.account, address)
                self._send(plain("unsubscribed", address, viewer.account))
            case _:
                return False
        return True

    def announce(self) -> None:
        """P6: show them as available after a start or a lost stream."""
        self._tell(THERE)

    def farewell(self) -> None:
        """P8: show them as unavailable before the end."""
        self._tell(UNAVAILABLE)

    def _tell(self, seen: Seen) -> None:
        for address in self._state.watchers.faces():
            if address.startswith(RESERVED_PREFIX):
                here = [
                    account for account in self._state.watchers.of(address) if self._state.sessions.connected(account)
                ]
                self._broadcasts.tell(address, here, PresenceText(address, seen))

    # Requests

    def answer_iq(self, type: str, payload: Element, viewer: Party, chat: Chat) -> Element | Reason | None:
        """The answer to an iq to a chat face; None stands for a result without payload."""
        answer = ANSWERS.get((type, payload.tag))
        if answer is None or payload.get("node"):
            return Reason.NO_SUCH_SERVICE
        return answer(title(viewer, chat), chat.face)


class ChatContacts:
    """Puts chats into contact lists and removes them. Each account has at most its tenant's ``roster_limit`` of them;
    copies of further chats come from strangers."""

    def __init__(
        self, state: State, api: EjabberdApi, link: Connection, audience: Audience, tasks: BackgroundTasks
    ) -> None:
        self._state = state
        self._api = api
        self._link = link
        self._audience = audience
        self._of: dict[str, set[str]] = {}
        for account, face in state.watchers.all():
            if face.startswith(RESERVED_PREFIX):
                self._of.setdefault(account, set()).add(face)
        self._removed: set[tuple[str, str]] = set()
        self._resting_until = 0.0
        self._tasks = tasks
        self._trouble = ThrottledLog(log, logging.WARNING)

    # Adding

    def misses(self, viewer: Party, chat: Chat) -> bool:
        """Whether the chat should become one of the viewer's contacts before a copy is sent."""
        mine = self._of.get(viewer.account, ())
        return (
            chat.face not in mine
            and len(mine) < viewer.tenant.roster_limit
            and (viewer.account, chat.face) not in self._removed
            and time.monotonic() >= self._resting_until
        )

    async def introduce(self, viewer: Party, chat: Chat) -> None:
        """Make it a contact. If that fails, the copy comes from a stranger, and the next one tries again."""
        if not self.misses(viewer, chat):
            return
        group = OWN if as_agent(viewer, chat) else WATCHED
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._api.add_contact(viewer.account, chat.face, title(viewer, chat), [group], "to")
        except (EjabberdApiError, TimeoutError) as problem:
            self._resting_until = time.monotonic() + REST_SECONDS
            self._trouble("a chat could not be made a contact of %s: %s", viewer.account, problem or "it took too long")
            return
        self._of.setdefault(viewer.account, set()).add(chat.face)
        self._state.watchers.add(viewer.account, chat.face)
        if self._state.sessions.connected(viewer.account):
            self._link.send(PresenceText(chat.face, THERE).to(viewer.account))

    def removed(self, account: str, face: str) -> None:
        """The user removed it from the list, where it is not added again until the next start."""
        if face in self._of.get(account, ()):
            self._of[account].discard(face)
            self._removed.add((account, face))

    # Removing

    def tidy(self) -> None:
        """Remove chats from the lists of everybody who neither watches them nor takes part in them any more."""
        for account, faces in self._of.items():
            gone = {face for face in faces if not self._stays(account, face)}
            if gone:
                self._of[account] = faces - gone
                self._start(account, gone)

    def _stays(self, account: str, face: str) -> bool:
        viewer = self._state.world.account(account)
        chat = self._state.chat_faces.seen_by(viewer, face, self._state.world) if viewer else None
        if viewer is None or chat is None:
            return False
        return as_agent(viewer, chat) is not None or bool(self._audience.watches(viewer, chat))

    def _start(self, account: str, faces: set[str]) -> None:
        self._tasks.start(self._delete(account, faces), "taking chats out of contact lists")

    async def _delete(self, account: str, faces: set[str]) -> None:
        for face in sorted(faces):
            self._state.watchers.remove(account, face)
            try:
                await self._api.delete_contact(account, face)
            except EjabberdApiError as problem:
                self._trouble("a chat stays among the contacts of %s: %s", account, problem)
