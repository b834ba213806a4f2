"""Catching up: a watcher gets what was said in a conversation before they came, and only then what is said now (S2).

What a watcher lacks of one conversation is a `Backlog`: the messages after one number up to another. It is told as a
job in that conversation's own queue (`Copies.queue`), so all copies that were made earlier are out by then. The job
does no more than to hold the watcher's further copies (`HeldCopies`) and to start the telling, which takes seconds:
neither the other watchers nor the mark of delivery wait for it. The telling sends the backlog, then what was held
meanwhile, message by message with pauses, as Converse.js loses what comes while it makes a chat; a barrier follows,
and then the watch is not behind any more. Whatever ends it before (a log-out, a lost stream, an error) leaves the
watch behind: the next log-in tells it again.
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
"""Messages of one conversation; all of them are in the transcript."""

BACKLOG = "sending a watcher what was said before"

AT_ONCE = 32
"""Backlogs that are being sent at the same time."""

EARLIER = "What was said before this is in the transcript."
OVER = "This chat has ended."


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a watcher has not got of a conversation: the messages after the number ``after`` up to ``until``, and that
    it ended, at ``ended_at`` in us."""

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
    """Sends backlogs, each to its watcher. The same one is not sent twice at the same time."""

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
        """Send it. The result comes when all is sent, or given up: whether ejabberd has routed all of it."""
        known = self._under_way.get(backlog.key)
        if known is not None:
            return known
        done = self._under_way[backlog.key] = asyncio.get_running_loop().create_future()
        done.add_done_callback(lambda _: self._under_way.pop(backlog.key, None))
        self._copies.queue.put(backlog.conversation_id, partial(self._begin, backlog, done))
        return done

    def stream_lost(self) -> None:
        """Nothing more of it will be sent."""
        for task in self._tasks.values():
            task.cancel()
        for done in list(self._under_way.values()):
            done.cancel()
        self._under_way.clear()

    def watcher_left(self, account: str) -> None:
        """A watcher has logged out: what they still lack they are told at the next log-in, from where they left off."""
        for key, task in self._tasks.items():
            if key[0] == account:
                self._copies.held.drop(key)
                task.cancel()

    def _begin(self, backlog: Backlog, done: asyncio.Future[bool]) -> None:
        """A job in the queue of the conversation: all that was said before is out, and what is said later is held."""
        self._copies.held.hold(backlog.key)
        task = self._tasks[backlog.key] = self._background.start(self._send(backlog), BACKLOG)
        task.add_done_callback(partial(self._finished, backlog, done))

    def _finished(self, backlog: Backlog, done: asyncio.Future[bool], task: asyncio.Task[bool]) -> None:
        """Whatever has become of the backlog, what is said now goes on."""
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
        """One line after the other: a client gets time to make the chat before the second."""
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
        """The stanzas of each line, of which the last are those that came meanwhile."""
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
        """A reload may have come meanwhile."""
        world = self._state.world
        parties = [world.account(party.account) for party in (backlog.watcher, *backlog.chat.sides)]
        watcher, one, other = parties
        if watcher is None or one is None or other is None or not self._audience.listens(watcher):
            return False
        return bool(self._audience.watches(watcher, self._state.chat_faces.chat(one, other)))
