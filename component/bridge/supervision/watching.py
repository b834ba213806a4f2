"""Supervisors begin to watch, go and come back (S2)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any
from xml.etree.ElementTree import Element

from component.jid import normalise
from component.model import Party
from component.outgoing.archive_id import Role
from component.policy.may_watch import Chat, Scope, as_agent
from component.store.store import Store
from component.store.store_errors import StoreError
from component.store.transcript import ended_lately

from ..clock import now_us
from ..state.state import State
from ..state.watches import MOST, Watch
from .audience import Audience
from .chat_contacts import ChatContacts
from .copies import Copies
from .past import Missing, Past
from .rights import Rights

log = logging.getLogger(__name__)

BOUNCE_SECONDS = 60.0
"""An error that comes so long before a log-out belongs to it."""


class TooMany(Exception):
    """An account watches as much as it may."""


class Watching:
    """Keeps watchers up to date, each from where they left off."""

    def __init__(
        self,
        state: State,
        store: Store,
        audience: Audience,
        copies: Copies,
        past: Past,
        contacts: ChatContacts,
        rights: Rights,
    ) -> None:
        self._state = state
        self._store = store
        self._audience = audience
        self._copies = copies
        self._past = past
        self._contacts = contacts
        self._rights = rights
        self._tasks: set[asyncio.Task[None]] = set()
        self._bounced: dict[str, int] = {}
        self._leaves: Counter[str] = Counter()

    # Commands

    async def start(self, watcher: Party, scope: Scope, value: str) -> bool:
        """Watch from now on, beginning with what was said in the conversations that are open. False if they do already.

        Raises ``TooMany``, and ``StoreError`` if it cannot be noted.
        """
        if len(self._state.watches.of(watcher.account)) >= MOST:
            raise TooMany
        noted = self._state.watches.start(watcher.account, watcher.tenant.id, scope, value, now_us())
        if noted is None:
            return False
        try:
            await noted
        except StoreError:
            for watch in self._state.watches.of(watcher.account):
                if (watch.scope, watch.value) == (scope, value):
                    self._state.watches.stop(watch)
            raise
        self._catch_up(watcher)
        return True

    def stop(self, watches: Iterable[Watch]) -> None:
        for watch in watches:
            self._state.watches.stop(watch)
        self._contacts.tidy()

    # Coming and going

    def settle(self) -> None:
        """A new stream, and it is known who is logged in. What was sent before the mark has arrived."""
        self._copies.begin()
        for account in self._state.watches.watchers():
            party = self._rights.settle(account)
            if party and self._audience.listens(party):
                self._catch_up(party)
            elif party:
                self._fall_behind(account, self._copies.last)
        self._contacts.tidy()

    def down(self) -> None:
        """The stream is lost."""
        for task in self._tasks:
            task.cancel()
        self._past.down()
        self._copies.down()

    def logged_in(self, party: Party) -> None:
        self._catch_up(party)

    def logged_out(self, party: Party) -> None:
        self._leaves[party.account] += 1
        self._past.left(party.account)
        self._fall_behind(party.account, self._bounced.pop(party.account, self._copies.last))

    def bounced(self, element: Element) -> bool:
        """Whether this error is about a copy, which a watcher who was leaving did not get any more (R1: their server
        says so, not their client)."""
        found = self._state.archive_ids.parse(element.get("id", ""))
        sender = normalise(element.get("from", ""))
        if found is None or sender is None or sender[1] or found[1] is not Role.COPY:
            return False
        number, account = found[0] - 1, sender[0]
        if self._is_own_chat(account, element.get("to", "")):
            return True  # it is in ejabberd's archive
        if self._state.sessions.is_there(account):
            if account not in self._bounced:
                asyncio.get_running_loop().call_later(BOUNCE_SECONDS, self._bounced.pop, account, None)
            self._bounced[account] = min(number, self._bounced.get(account, number))
            return True
        for watch in self._state.watches.of(account):
            if watch.behind is None or watch.behind > number:
                self._state.watches.set_behind(watch, number)
        return True

    def _is_own_chat(self, account: str, face: str) -> bool:
        """Whether the copy was for the Work account of one of the two (A4)."""
        party = self._state.world.account(account)
        chat = self._state.chat_faces.seen_by(party, face, self._state.world) if party else None
        return bool(party and chat and as_agent(party, chat))

    def _fall_behind(self, account: str, number: int) -> None:
        for watch in self._state.watches.of(account):
            if watch.behind is None:
                self._state.watches.set_behind(watch, number)

    # Catching up

    def _catch_up(self, watcher: Party) -> None:
        """Send what is missing of every chat. What is said in it meanwhile comes after that."""
        behind = [watch for watch in self._state.watches.of(watcher.account) if watch.behind is not None]
        if not behind or not self._audience.listens(watcher):
            return
        missing = [self._past.send(one) for one in self._missing(watcher)]
        self._run(self._finish(watcher, behind, missing))

    def _missing(self, watcher: Party) -> Iterable[Missing]:
        for conversation in self._state.conversations.desk():
            chat = self._state.chat_faces.of_accounts(conversation.first, conversation.second, self._state.world)
            after = self._missing_after(watcher, chat) if chat else None
            if chat and after is not None:
                yield Missing(watcher, chat, conversation.id, after, self._copies.last)

    def _missing_after(self, watcher: Party, chat: Chat) -> int | None:
        """The message after which the watcher got nothing of this chat; None if there is nothing that they should get,
        or another watch of theirs has told them all."""
        marks = [watch.behind for watch in self._audience.watches(watcher, chat)]
        known = [mark for mark in marks if mark is not None]
        return max(known) if known and len(known) == len(marks) else None

    async def _finish(self, watcher: Party, behind: list[Watch], missing: list[asyncio.Future[bool]]) -> None:
        leaves = self._leaves[watcher.account]
        missing += [self._past.send(one) for one in await self._ended_meanwhile(watcher, behind)]
        sent = await asyncio.gather(*missing)
        if all(sent) and leaves == self._leaves[watcher.account]:
            for watch in behind:
                if watch in self._state.watches.of(watch.watcher):
                    self._state.watches.set_behind(watch, None)

    async def _ended_meanwhile(self, watcher: Party, behind: list[Watch]) -> list[Missing]:
        """Conversations that were open when the watcher left, and are not any more."""
        left = min((watch.behind for watch in behind if watch.behind), default=0)
        if not left:
            return []
        found = []
        for ended in await self._store.ask(ended_lately, watcher.tenant.id, left):
            chat = self._state.chat_faces.of_accounts(ended.first, ended.second, self._state.world)
            after = self._missing_after(watcher, chat) if chat else None
            if chat and after:
                found.append(Missing(watcher, chat, ended.id, after, self._copies.last, ended_at=ended.ended_at))
        return found

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            log.warning("a supervisor could not be shown what was said before, and is at the next log-in: %s", problem)
