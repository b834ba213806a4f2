"""What was said before a watcher came, sent in the line of its conversation, before what is said now (S2)."""

import asyncio
import logging
import secrets
from dataclasses import dataclass
from functools import partial

from component.model import Party
from component.policy.watching import Chat
from component.store.errors import StoreError
from component.store.store import Store
from component.store.transcript import newest_messages

from ..state import State
from ..stream.link import Link, LinkDown
from .audience import Audience
from .copies import Copies

log = logging.getLogger(__name__)

MOST_PAST = 200
"""Messages of one conversation; all of them are in the transcript."""

AT_ONCE = 4
"""Conversations that are being read and sent."""

EARLIER = "What was said before this is in the transcript."
OVER = "This chat has ended."


@dataclass(frozen=True, slots=True)
class Missing:
    """What a watcher has not got of a conversation: the messages after the number ``after`` up to ``until``, and that
    it has ``ended``."""

    watcher: Party
    chat: Chat
    conversation_id: int
    after: int
    until: int
    ended: bool = False


class Past:
    """Sends what is missing. The same thing is not sent twice at once."""

    def __init__(self, state: State, store: Store, link: Link, audience: Audience, copies: Copies) -> None:
        self._state = state
        self._store = store
        self._link = link
        self._audience = audience
        self._copies = copies
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[tuple[str, int], asyncio.Future[bool]] = {}

    def send(self, missing: Missing) -> asyncio.Future[bool]:
        """Whether it was sent, once it was."""
        key = missing.watcher.account, missing.conversation_id
        known = self._under_way.get(key)
        if known is not None:
            return known
        done = self._under_way[key] = asyncio.get_running_loop().create_future()
        done.add_done_callback(lambda _: self._under_way.pop(key, None))
        self._copies.lines.put(missing.conversation_id, partial(self._send, missing, done))
        return done

    def down(self) -> None:
        """The stream is lost: nothing of it will be sent."""
        for done in list(self._under_way.values()):
            done.cancel()
        self._under_way.clear()

    async def _send(self, missing: Missing, done: asyncio.Future[bool]) -> None:
        try:
            async with self._places:
                await self._tell(missing)
                await self._link.barrier()
            sent = True
        except (StoreError, LinkDown) as problem:
            log.warning("what was said before somebody watched could not be sent: %s", problem)
            sent = False
        if not done.done():
            done.set_result(sent)

    async def _tell(self, missing: Missing) -> None:
        watcher, chat = missing.watcher, missing.chat
        messages = await self._store.ask(
            newest_messages, missing.conversation_id, missing.after, missing.until, MOST_PAST
        )
        if not self._still_may(missing):
            return
        self._state.chat_faces.note(chat)
        await self._copies.introduce(chat, watcher)
        if len(messages) == MOST_PAST:
            self._copies.tell(chat, watcher, EARLIER, secrets.token_hex(8))
        await self._copies.tell_past(chat, watcher, messages, whole=missing.after == 0)
        if missing.ended:
            self._copies.tell(chat, watcher, OVER, self._copies.ending_id(missing.conversation_id))

    def _still_may(self, missing: Missing) -> bool:
        """A reload may have come meanwhile."""
        world = self._state.world
        parties = [world.account(party.account) for party in (missing.watcher, *missing.chat.sides)]
        watcher, one, other = parties
        if watcher is None or one is None or other is None or not self._audience.listens(watcher):
            return False
        return bool(self._audience.watches(watcher, self._state.chat_faces.chat(one, other)))
