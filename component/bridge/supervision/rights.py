"""The right to watch comes and goes with the directory (S1, S2)."""

import asyncio
import logging
from collections.abc import Iterable

from component.directory.world import World
from component.model import Party
from component.policy.may_watch import Chat, Scope, may_watch_group

from ..state.state import State
from ..state.watches import Watch
from .audience import Audience
from .chat_contacts import ChatContacts
from .copies import Copies
from .past import Missing, Past

log = logging.getLogger(__name__)

FORBIDDEN = "You cannot watch this chat any more."


class Rights:
    """Ends what somebody may not watch any more, with one line, and begins what they may."""

    def __init__(self, state: State, audience: Audience, copies: Copies, past: Past, contacts: ChatContacts) -> None:
        self._state = state
        self._audience = audience
        self._copies = copies
        self._past = past
        self._contacts = contacts

    def settle(self, account: str) -> Party | None:
        """After a start, or a lost stream: the watcher as the directory has them, if it does."""
        party = self._state.world.account(account)
        if party is None:
            self._stop(self._state.watches.of(account))
        else:
            self._stop_forbidden(party)
        return party

    async def look_through(self, before: World) -> None:
        """The directory has changed."""
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
                self._past.send(Missing(party, now, conversation_id, 0, self._copies.last))

    def _watched_pairs(self, party: Party) -> list[tuple[str, str, int | None]]:
        """The conversations that are open, and pairs that are watched by name."""
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
        """Watches that cannot show anything any more."""
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
            log.info("%s may not watch any more what they did", watch.watcher)
            self._state.watches.stop(watch)
