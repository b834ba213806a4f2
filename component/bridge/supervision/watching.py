"""Who watches what: supervisors begin to watch, log out and come back (S2), and lose or gain the right with the
directory (S1).

A watch is on disk with the number of the message after which its watcher has got nothing (`Watch.behind`): 0 for a new
one, the newest message at a log-out, None while nothing is missing. A new watch, a log-in and a new stream have its
watcher catch up with each conversation that is open, or was when they left (`catch_up`).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.directory.world import World
from component.jid import normalise
from component.model import Party
from component.outgoing.archive_id import Role
from component.policy.may_watch import Chat, Scope, as_agent, may_watch_group
from component.store.api import Store, StoreError

from ..clock import now_us
from ..state.state import State
from ..state.watches import MOST, Watch
from .audience import Audience
from .catch_up import Backlog, CatchUp
from .chat_contacts import ChatContacts
from .copies import Copies

log = logging.getLogger(__name__)

FORBIDDEN = "You cannot watch this chat any more."


BOUNCE_SECONDS = 60.0
"""An error that comes within this time before a log-out belongs to it."""


class WatchRights:
    """Ends watches that are not allowed any more, with a note to the watcher, and begins to copy what has become
    allowed."""

    def __init__(
        self, state: State, audience: Audience, copies: Copies, catch_up: CatchUp, contacts: ChatContacts
    ) -> None:
        self._state = state
        self._audience = audience
        self._copies = copies
        self._catch_up = catch_up
        self._contacts = contacts

    def settle(self, account: str) -> Party | None:
        """After a start or a lost stream: the watcher by the directory, or None; watches that are not allowed are
        ended."""
        party = self._state.world.account(account)
        if party is None:
            self._stop(self._state.watches.of(account))
        else:
            self._stop_forbidden(party)
        return party

    async def look_through(self, before: World) -> None:
        """Adapt to a new directory."""
        for account in self._state.watches.watchers():
            party, earlier = self._state.world.account(account), before.account(account)
            if party and earlier:
                self._compare(party, earlier, before)
            self.settle(account)
            await asyncio.sleep(0)
        self._contacts.tidy()

    def _compare(self, party: Party, earlier: Party, before: World) -> None:
        if not self._audience.listens(party):
            return
        told: set[str] = set()
        for first, second, conversation_id in self._watched_pairs(party):
            was, now = self._chat(first, second, before), self._chat(first, second, self._state.world)
            had = bool(was and self._audience.watches(earlier, was, before))
            has = bool(now and self._audience.watches(party, now))
            if was and had and not has and was.face not in told:
                told.add(was.face)
                self._copies.tell_anew(was, party, FORBIDDEN)
            elif now and has and not had and conversation_id:
                self._catch_up.tell(Backlog(party, now, conversation_id, 0, self._copies.last))

    def _watched_pairs(self, party: Party) -> list[tuple[str, str, int | None]]:
        """The pairs of accounts in open conversations, with their numbers, and those that are watched by name."""
        desk = self._state.conversations.desk()
        found: list[tuple[str, str, int | None]] = [(one.first, one.second, one.id) for one in desk]
        for watch in self._state.watches.of(party.account):
            pair = self._state.chat_faces.pair(watch.value) if watch.scope is Scope.CHAT else None
            if pair:
                found.append((*pair, None))
        return found

    def _chat(self, first: str, second: str, world: World) -> Chat | None:
        return self._state.chat_faces.of_accounts(first, second, world)

    def _stop_forbidden(self, party: Party) -> None:
        """End watches that are not allowed any more."""
        self._stop(watch for watch in self._state.watches.of(party.account) if not self._may(party, watch))

    def _may(self, party: Party, watch: Watch) -> bool:
        match watch.scope:
            case Scope.CHAT:
                return self._state.chat_faces.seen_by(party, watch.value, self._state.world) is not None
            case Scope.GROUP:
                return may_watch_group(party.person, watch.value)
            case Scope.ALL:
                return party.person.is_supervisor

    def _stop(self, watches: Iterable[Watch]) -> None:
        for watch in list(watches):
            log.info("%s has lost the right to watch some chats", watch.watcher)
            self._state.watches.stop(watch)


class TooMany(Exception):
    """An account has as many watches as it may have."""


class Watching:
    """Begins and ends watches, and keeps watchers up to date."""

    def __init__(
        self,
        state: State,
        store: Store,
        audience: Audience,
        copies: Copies,
        catch_up: CatchUp,
        contacts: ChatContacts,
        rights: WatchRights,
        tasks: BackgroundTasks,
    ) -> None:
        self._state = state
        self._store = store
        self._audience = audience
        self._copies = copies
        self._catch_up = catch_up
        self._contacts = contacts
        self._rights = rights
        self._tasks = tasks.part()
        self._bounced: dict[str, int] = {}
        self._leaves: Counter[str] = Counter()

    # Commands

    async def start(self, watcher: Party, scope: Scope, value: str) -> bool:
        """Begin a watch, with the earlier messages of conversations that are open. False if there is such a watch
        already.

        Raises ``TooMany``, and ``StoreError`` if it cannot be written.
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
        self._bring_up_to_date(watcher)
        return True

    def stop(self, watches: Iterable[Watch]) -> None:
        for watch in watches:
            self._state.watches.stop(watch)
        self._contacts.tidy()

    # Log-ins and streams

    def resume(self) -> None:
        """There is a new stream, and it is known who is logged in. What was sent before the mark has arrived."""
        self._copies.stream_began()
        for account in self._state.watches.watchers():
            party = self._rights.settle(account)
            if party and self._audience.listens(party):
                self._bring_up_to_date(party)
            elif party:
                self._fall_behind(account, self._copies.last)
        self._contacts.tidy()

    def stream_lost(self) -> None:
        """Stop what is being sent; the watches stay behind."""
        self._tasks.cancel()
        self._catch_up.stream_lost()
        self._copies.stream_lost()

    def logged_in(self, party: Party) -> None:
        self._bring_up_to_date(party)

    def logged_out(self, party: Party) -> None:
        self._leaves[party.account] += 1
        self._catch_up.watcher_left(party.account)
        self._fall_behind(party.account, self._bounced.pop(party.account, self._copies.last))

    def copy_bounced(self, element: Element) -> bool:
        """Handle the error if it is about a copy that a watcher did not get because they were logging out; returns
        whether it is about a copy (R1: such an error comes from their server, not from their client)."""
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

    def _bring_up_to_date(self, watcher: Party) -> None:
        """Send what is missing of every chat that is watched; new messages of these follow after that."""
        behind = [watch for watch in self._state.watches.of(watcher.account) if watch.behind is not None]
        if not behind or not self._audience.listens(watcher):
            return
        missing = [self._catch_up.tell(one) for one in self._missing(watcher)]
        self._tasks.start(self._finish(watcher, behind, missing), "catching up with watched chats", _log_behind)

    def _missing(self, watcher: Party) -> Iterable[Backlog]:
        for conversation in self._state.conversations.desk():
            chat = self._state.chat_faces.of_accounts(conversation.first, conversation.second, self._state.world)
            after = self._missing_after(watcher, chat) if chat else None
            if chat and after is not None:
                yield Backlog(watcher, chat, conversation.id, after, self._copies.last)

    def _missing_after(self, watcher: Party, chat: Chat) -> int | None:
        """The number of the message up to which the watcher has this chat; None if there is nothing to send, or
        another watch of theirs is up to date."""
        marks = [watch.behind for watch in self._audience.watches(watcher, chat)]
        known = [mark for mark in marks if mark is not None]
        return max(known) if known and len(known) == len(marks) else None

    async def _finish(self, watcher: Party, behind: list[Watch], missing: list[asyncio.Future[bool]]) -> None:
        leaves = self._leaves[watcher.account]
        missing += [self._catch_up.tell(one) for one in await self._ended_meanwhile(watcher, behind)]
        sent = await asyncio.gather(*missing)
        if all(sent) and leaves == self._leaves[watcher.account]:
            for watch in behind:
                if watch in self._state.watches.of(watch.watcher):
                    self._state.watches.set_behind(watch, None)

    async def _ended_meanwhile(self, watcher: Party, behind: list[Watch]) -> list[Backlog]:
        """Conversations that were open when the watcher left and have ended since."""
        left = min((watch.behind for watch in behind if watch.behind), default=0)
        if not left:
            return []
        found = []
        for ended in await self._store.transcripts.ended_lately(watcher.tenant.id, left):
            chat = self._state.chat_faces.of_accounts(ended.first, ended.second, self._state.world)
            after = self._missing_after(watcher, chat) if chat else None
            if chat and after:
                found.append(Backlog(watcher, chat, ended.id, after, self._copies.last, ended_at=ended.ended_at))
        return found


def _log_behind(problem: BaseException) -> None:
    log.warning("earlier lines could not be sent to a supervisor; they will be at the next log-in: %s", problem)
