"""Catching up: a watcher gets the earlier messages of a conversation first, and only then the new ones (S2).

What a watcher lacks of one conversation is a `Backlog`: the messages after one number up to another. It is handled as
a job in that conversation's queue (`Copies.queue`), so all earlier copies have been sent by then. The job only starts
to hold the watcher's further copies (`HeldCopies`) and begins a task that sends the backlog, which takes seconds;
neither other watchers nor the delivery mark wait for that.

The task sends the backlog, then what was held meanwhile, one by one with pauses, because Converse.js loses what comes
while it creates a chat. After a barrier the watch is up to date. If the task ends early (log-out, lost stream, error),
the watch stays behind, and the backlog is sent at the next log-in.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from component.background_tasks import BackgroundTasks
from component.model import Party
from component.policy.may_watch import Chat
from component.store.api import Store, StoreError

from ..state.state import State
from ..stream.connection import Connection, Disconnected
from .audience import Audience
from .copies import MOMENT_US, PAUSE_SECONDS, SETTLE_SECONDS, Copies, WatcherKey

log = logging.getLogger(__name__)

MOST_PAST = 200
"""Messages of one conversation that are sent at most; the transcript has all."""

BACKLOG = "sending a watcher what was said before"

AT_ONCE = 32
"""Backlogs that are being sent at the same time."""

EARLIER = "What was said before this is in the transcript."
OVER = "This chat has ended."


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a watcher lacks of a conversation: the messages after the number ``after`` up to ``until``, and, if it has
    ended, the end, at ``ended_at`` in us."""

    watcher: Party
    chat: Chat
    conversation_id: int
    after: int
    until: int
    ended_at: int | None = None

    @property
    def key(self) -> WatcherKey:
        return self.watcher.account, self.conversation_id


class CatchUp:
    """Sends backlogs. One that is being sent already is not sent a second time."""

    def __init__(
        self, state: State, store: Store, link: Connection, audience: Audience, copies: Copies, tasks: BackgroundTasks
    ) -> None:
        self._state = state
        self._store = store
        self._link = link
        self._audience = audience
        self._copies = copies
        self._background = tasks
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[WatcherKey, asyncio.Task[bool]] = {}
        self._under_way: dict[WatcherKey, asyncio.Future[bool]] = {}

    def tell(self, backlog: Backlog) -> asyncio.Future[bool]:
        """Send it. The result comes at the end: whether ejabberd has routed all of it."""
        known = self._under_way.get(backlog.key)
        if known is not None:
            return known
        done = self._under_way[backlog.key] = asyncio.get_running_loop().create_future()
        done.add_done_callback(lambda _: self._under_way.pop(backlog.key, None))
        self._copies.queue.put(backlog.conversation_id, partial(self._begin, backlog, done))
        return done

    def stream_lost(self) -> None:
        """Give up all backlogs; they are sent again when their watchers are found to be logged in."""
        for task in self._tasks.values():
            task.cancel()
        for done in list(self._under_way.values()):
            done.cancel()
        self._under_way.clear()

    def watcher_left(self, account: str) -> None:
        """A watcher has logged out: the rest is sent at the next log-in."""
        for key, task in self._tasks.items():
            if key[0] == account:
                self._copies.held.drop(key)
                task.cancel()

    def _begin(self, backlog: Backlog, done: asyncio.Future[bool]) -> None:
        """A job in the queue of the conversation: earlier copies have been sent, and later ones are held."""
        self._copies.held.hold(backlog.key)
        task = self._tasks[backlog.key] = self._background.start(self._send(backlog), BACKLOG)
        task.add_done_callback(partial(self._finished, backlog, done))

    def _finished(self, backlog: Backlog, done: asyncio.Future[bool], task: asyncio.Task[bool]) -> None:
        """However it ended, the copies that were held are sent."""
        self._tasks.pop(backlog.key, None)
        while (text := self._copies.held.next(backlog.key)) is not None:
            self._link.send(text)
        if not done.done():
            done.set_result(not task.cancelled() and task.result())

    async def _send(self, backlog: Backlog) -> bool:
        try:
            async with self._places:
                await self._tell(backlog)
                await self._link.barrier()
        except (StoreError, Disconnected) as problem:
            log.warning("earlier lines of a watched chat could not be sent: %s", problem)
            return False
        except Exception:
            log.exception("earlier lines of a watched chat could not be sent")
            return False
        return True

    async def _tell(self, backlog: Backlog) -> None:
        """Send it message by message, with pauses: a client needs a moment to create the chat after the first."""
        pause = 0.0
        async for stanzas in self._lines(backlog):
            await asyncio.sleep(pause)
            if not self._still_may(backlog):
                break
            for text in stanzas:
                self._link.send(text)
            pause = PAUSE_SECONDS if pause else SETTLE_SECONDS
        if not self._still_may(backlog):
            self._copies.held.drop(backlog.key)

    async def _lines(self, backlog: Backlog) -> AsyncIterator[list[str]]:
        """The stanzas for each message; last those that were held meanwhile."""
        watcher, chat, copies = backlog.watcher, backlog.chat, self._copies
        messages = await self._store.transcripts.newest_messages(
            backlog.conversation_id, backlog.after, backlog.until, MOST_PAST
        )
        if not self._still_may(backlog):
            return
        if messages or backlog.ended_at is not None:
            self._state.chat_faces.note(chat)
            await copies.introduce(chat, watcher)
        if len(messages) == MOST_PAST:
            yield [copies.line(chat, watcher, EARLIER, secrets.token_hex(8), messages[0].sent_at - MOMENT_US)]
        elif messages and backlog.after == 0:
            yield [copies.beginning(chat, watcher, messages[0], late=True)]
        for message in messages:
            yield await copies.told_later(chat, watcher, message)
        if backlog.ended_at is not None:
            yield [copies.line(chat, watcher, OVER, copies.ending_id(backlog.conversation_id), backlog.ended_at)]
        while (text := copies.held.next(backlog.key)) is not None:
            yield [text]

    def _still_may(self, backlog: Backlog) -> bool:
        """Checked each time, because a reload may have come meanwhile."""
        world = self._state.world
        parties = [world.account(party.account) for party in (backlog.watcher, *backlog.chat.sides)]
        watcher, one, other = parties
        if watcher is None or one is None or other is None or not self._audience.listens(watcher):
            return False
        return bool(self._audience.watches(watcher, self._state.chat_faces.chat(one, other)))
