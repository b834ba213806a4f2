"""What was said before a watcher came, told before what is said now (S2)."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from component.model import Party
from component.policy.may_watch import Chat
from component.store.store import Store
from component.store.store_errors import StoreError
from component.store.transcript import newest_messages

from ..state.state import State
from ..stream.connection import Connection, Disconnected
from .audience import Audience
from .copies import MOMENT_US, PAUSE_SECONDS, SETTLE_SECONDS, Copies
from .held import Key

log = logging.getLogger(__name__)

MOST_PAST = 200
"""Messages of one conversation; all of them are in the transcript."""

AT_ONCE = 32
"""Conversations that are being told."""

EARLIER = "What was said before this is in the transcript."
OVER = "This chat has ended."


@dataclass(frozen=True, slots=True)
class Missing:
    """What a watcher has not got of a conversation: the messages after the number ``after`` up to ``until``, and that
    it ended, at ``ended_at`` in us."""

    watcher: Party
    chat: Chat
    conversation_id: int
    after: int
    until: int
    ended_at: int | None = None

    @property
    def key(self) -> Key:
        return self.watcher.account, self.conversation_id


class Past:
    """Sends what is missing. The same thing is not sent twice at once."""

    def __init__(self, state: State, store: Store, link: Connection, audience: Audience, copies: Copies) -> None:
        self._state = state
        self._store = store
        self._link = link
        self._audience = audience
        self._copies = copies
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[Key, asyncio.Task[bool]] = {}
        self._under_way: dict[Key, asyncio.Future[bool]] = {}

    def send(self, missing: Missing) -> asyncio.Future[bool]:
        """Whether it was sent, once it was."""
        known = self._under_way.get(missing.key)
        if known is not None:
            return known
        done = self._under_way[missing.key] = asyncio.get_running_loop().create_future()
        done.add_done_callback(lambda _: self._under_way.pop(missing.key, None))
        self._copies.lines.put(missing.conversation_id, partial(self._begin, missing, done))
        return done

    def down(self) -> None:
        """The stream is lost: nothing of it will be sent."""
        for task in self._tasks.values():
            task.cancel()
        for done in list(self._under_way.values()):
            done.cancel()
        self._under_way.clear()

    def left(self, account: str) -> None:
        """A watcher has logged out: what they still lack they are told at the next log-in, from where they left off."""
        for key, task in self._tasks.items():
            if key[0] == account:
                self._copies.held.drop(key)
                task.cancel()

    def _begin(self, missing: Missing, done: asyncio.Future[bool]) -> None:
        """In the line of the conversation: all that was said before is out, and what is said later waits. That is not
        for long, but others who see the chat need not wait with it, nor need the mark of delivery (``Held``)."""
        self._copies.held.hold(missing.key)
        task = self._tasks[missing.key] = asyncio.create_task(self._send(missing))
        task.add_done_callback(partial(self._finished, missing, done))

    def _finished(self, missing: Missing, done: asyncio.Future[bool], task: asyncio.Task[bool]) -> None:
        """Whatever has become of the past, what is said now goes on."""
        self._tasks.pop(missing.key, None)
        while (text := self._copies.held.next(missing.key)) is not None:
            self._link.send(text)
        if not done.done():
            done.set_result(not task.cancelled() and task.result())

    async def _send(self, missing: Missing) -> bool:
        try:
            async with self._places:
                await self._tell(missing)
                await self._link.barrier()
        except (StoreError, Disconnected) as problem:
            log.warning("what was said before somebody watched could not be sent: %s", problem)
            return False
        except Exception:
            log.exception("what was said before somebody watched could not be sent")
            return False
        return True

    async def _tell(self, missing: Missing) -> None:
        """One line after the other: a client gets time to make the chat before the second."""
        pause = 0.0
        async for stanzas in self._lines(missing):
            await asyncio.sleep(pause)
            if not self._still_may(missing):
                break
            for text in stanzas:
                self._link.send(text)
            pause = PAUSE_SECONDS if pause else SETTLE_SECONDS
        if not self._still_may(missing):
            self._copies.held.drop(missing.key)

    async def _lines(self, missing: Missing) -> AsyncIterator[list[str]]:
        """The stanzas of each line, of which the last are those that came meanwhile."""
        watcher, chat, copies = missing.watcher, missing.chat, self._copies
        messages = await self._store.ask(
            newest_messages, missing.conversation_id, missing.after, missing.until, MOST_PAST
        )
        if not self._still_may(missing):
            return
        if messages or missing.ended_at is not None:
            self._state.chat_faces.note(chat)
            await copies.introduce(chat, watcher)
        if len(messages) == MOST_PAST:
            yield [copies.line(chat, watcher, EARLIER, secrets.token_hex(8), messages[0].sent_at - MOMENT_US)]
        elif messages and missing.after == 0:
            yield [copies.beginning(chat, watcher, messages[0], late=True)]
        for message in messages:
            yield await copies.past(chat, watcher, message)
        if missing.ended_at is not None:
            yield [copies.line(chat, watcher, OVER, copies.ending_id(missing.conversation_id), missing.ended_at)]
        while (text := copies.held.next(missing.key)) is not None:
            yield [text]

    def _still_may(self, missing: Missing) -> bool:
        """A reload may have come meanwhile."""
        world = self._state.world
        parties = [world.account(party.account) for party in (missing.watcher, *missing.chat.sides)]
        watcher, one, other = parties
        if watcher is None or one is None or other is None or not self._audience.listens(watcher):
            return False
        return bool(self._audience.watches(watcher, self._state.chat_faces.chat(one, other)))
