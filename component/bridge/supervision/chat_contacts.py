"""Chat faces among people's contacts: so that any client shows a chat by its name, and opens it at all (S2, A4).

Some clients name a chat only by its contact, and Converse.js shows nothing of a stranger where there is no block list.
"""

import asyncio
import logging
import time

from component.ejabberd.api import EjabberdApi, EjabberdApiError
from component.model import RESERVED_PREFIX, Party
from component.policy.may_watch import Chat, as_agent, title
from component.xep.presence_stanzas import PresenceText

from ..seldom import Seldom
from ..state.state import State
from ..stream.connection import Connection
from .audience import Audience
from .chat_answers import THERE

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""So long a copy waits until its chat is a contact."""

REST_SECONDS = 30.0
"""After ejabberd did not do it in time, nobody waits for so long."""

WATCHED, OWN = "Watched chats", "Agent chats"
"""Groups of contacts: for supervisors, and for an agent's own Work account."""


class ChatContacts:
    """Each account has at most its tenant's ``roster_limit`` of them; other chats come from strangers."""

    def __init__(self, state: State, api: EjabberdApi, link: Connection, audience: Audience) -> None:
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
        self._tasks: set[asyncio.Task[None]] = set()
        self._trouble = Seldom(log, logging.WARNING)

    # Appearing

    def misses(self, viewer: Party, chat: Chat) -> bool:
        """Whether the chat should be made one of the viewer's contacts before anything comes from it."""
        mine = self._of.get(viewer.account, ())
        return (
            chat.face not in mine
            and len(mine) < viewer.tenant.roster_limit
            and (viewer.account, chat.face) not in self._removed
            and time.monotonic() >= self._resting_until
        )

    async def introduce(self, viewer: Party, chat: Chat) -> None:
        """Make it one. If that fails, the copy comes from a stranger, and the next one tries again."""
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
        """The user took it out of the list, where it stays out until the next start."""
        if face in self._of.get(account, ()):
            self._of[account].discard(face)
            self._removed.add((account, face))

    # Going

    def tidy(self) -> None:
        """Take chats out of everybody's contacts that they do not watch any more, and may not."""
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
        task = asyncio.create_task(self._delete(account, faces))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _delete(self, account: str, faces: set[str]) -> None:
        for face in sorted(faces):
            self._state.watchers.remove(account, face)
            try:
                await self._api.delete_contact(account, face)
            except EjabberdApiError as problem:
                self._trouble("a chat stays among the contacts of %s: %s", account, problem)
