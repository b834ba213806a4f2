"""What the faces show, and when their watchers are told (P1 to P4, P6, P8).

A face shows one presence to all Work users and one to all agents, made from the sessions of the account behind it
(`policy/shown_presence.py`). `Faces` remembers what each face showed last and broadcasts only
what is different, so several clients that tell of one change cause one broadcast.

Three things keep this truthful and cheap. First, it is quiet from the loss of a stream to the end of the census. What
may have changed in between, also in the life of an earlier process, is collected as *untold* and announced afterwards,
in steps, and goes on with the next stream if this one is lost, too. Second, one face that changes thirty times at once
is told of once a second from then on, with its newest state, because each change may go to thousands. Third,
`Broadcasts` (`stream/paced_presence.py`) decides what goes out at once and what waits its turn behind chat, and holds
for each watcher only the newest presence of a face.

A single client may be told before the others: it has just logged in, or subscribed. Then the face is *ahead*, and the
next refresh tells all watchers even if their last broadcast would look the same.
"""

import asyncio
import time
from collections.abc import Mapping

from component.directory.world import World
from component.model import Limits, Party, Side, Tenant
from component.policy.shown_presence import STATUSES, UNAVAILABLE, Seen, Status, seen_by
from component.services.capabilities import shown_with_presence
from component.token_bucket import Buckets
from component.xep.presence_stanzas import PresenceText

from ..state.state import State
from ..stream.paced_presence import Broadcasts

STEP = 200
"""An announcement sends so many presences and then waits until ejabberd has routed them."""

CHANGES = Limits(messages_per_second=1.0, burst=30)
"""How often one face may change. One change may go to thousands of watchers, so a client that changes its status all
the time is limited (R2)."""

SERVICE_SEEN = Seen(True)

Shown = Mapping[Side, Seen]

GONE: Shown = {side: UNAVAILABLE for side in Side}


class Faces:
    """Decides what watchers are told; ``broadcasts`` sends it.

    Nobody is told anything before ``resume`` and after ``pause``: while it is not known who is logged in,
    presence could only be invented (P6).
    """

    def __init__(self, state: State, broadcasts: Broadcasts) -> None:
        self._state = state
        self._broadcasts = broadcasts
        self._quiet = True
        self._shown: dict[str, Shown] = {}  # what each face of somebody logged in shows now, by account
        self._untold: set[str] | None = None  # accounts whose watchers may know something older; None: all
        self._changes = Buckets(lambda: CHANGES, time.monotonic)
        self._put_off: set[str] = set()
        self._ahead: set[str] = set()  # accounts of which one watcher was told something newer than all

    def seen(self, viewer: Side, face: Party) -> Seen:
        """What watchers of that side see of a face now."""
        sessions = self._state.sessions.shown(face.account).values()
        return seen_by(viewer, face.side, sessions, self._state.sessions.override(face.account))

    # One face

    def show(self, receiver: str, viewer: Side, face: Party) -> None:
        """Send one watcher, or one of their clients, what a face shows now. While quiet nothing is sent: all are told
        soon."""
        if self._quiet:
            return
        if (face.account, receiver.partition("/")[0]) in self._state.blocked.pairs:
            self._broadcasts.answer(face.face, receiver, _text(face, viewer, UNAVAILABLE))
            return
        seen = self.seen(viewer, face)
        if seen != self._shown.get(face.account, GONE)[viewer]:
            self._ahead.add(face.account)
        self._broadcasts.answer(face.face, receiver, _text(face, viewer, seen))

    def hide(self, account: str, address: str) -> bool:
        """End this account's subscription to the face at this address; returns whether there was one."""
        watched = self._state.watchers.remove(account, address)
        if watched and self._state.sessions.connected(account):
            self._broadcasts.tell(address, [account], PresenceText(address, UNAVAILABLE))
        return watched

    def refresh(self, party: Party) -> None:
        """Send the watchers of a person's face what changed, if they can see any of it."""
        if self._quiet:
            return
        before, after = self._shown.get(party.account, GONE), self._now(party)
        ahead = party.account in self._ahead
        if before == after and not ahead:
            return
        if not self._changes.take(party.account):
            self._refresh_later(party)
            return
        self._note(party.account, after)
        self._ahead.discard(party.account)
        for side in Side:
            if ahead or before[side] != after[side]:
                self._broadcast(party, side, after[side])

    def set_status(self, party: Party, status: Status | None) -> None:
        """P3: what the face shows until this is cleared (None) or the person logs out.

        Raises ``ValueError`` for a status that is not one of that side's.
        """
        if status is not None and status not in STATUSES[party.side]:
            raise ValueError(f"{status.name} is not a status of side {party.side}")
        self._state.sessions.set_override(party.account, status)
        self.refresh(party)

    def _refresh_later(self, party: Party) -> None:
        if not self._put_off:
            asyncio.get_running_loop().call_later(1 / CHANGES.messages_per_second, self._refresh_put_off)
        self._put_off.add(party.account)

    def _refresh_put_off(self) -> None:
        put_off, self._put_off = self._put_off, set()
        for account in put_off:
            party = self._state.world.account(account)
            if party is not None:
                self.refresh(party)

    def _now(self, party: Party) -> Shown:
        return {side: self.seen(side, party) for side in Side}

    def _note(self, account: str, seen: Shown) -> None:
        """Remember what a face shows. Nothing is kept of who is logged out: ``GONE`` is what is shown then."""
        if self._state.sessions.logged_in(account):
            self._shown[account] = seen
        else:
            self._shown.pop(account, None)

    def _broadcast(self, party: Party, viewer: Side, seen: Seen) -> int:
        """Send it to all watchers of that side who are connected and not blocked; returns how many these are."""
        host = "@" + party.tenant.account_host(viewer)
        watchers = [
            account
            for account in self._state.watchers.of(party.face)
            if account.endswith(host)
            and self._state.sessions.connected(account)
            and (party.account, account) not in self._state.blocked.pairs
        ]
        self._broadcasts.tell(party.face, watchers, _text(party, viewer, seen))
        return len(watchers)

    # All faces

    def pause(self) -> None:
        """The stream is lost, and with it the knowledge of who is logged in."""
        self._quiet = True
        self._broadcasts.drop()

    def resume(self) -> None:
        """It is known again who is logged in. What watchers may have missed is left to ``announce``.

        That concerns all faces that were shown before or are now; after a start all faces, because nobody knows what
        an earlier process has shown.
        """
        now = self._state.sessions.accounts()
        if self._untold is None:
            self._untold = {party.account for party in self._state.world.everybody()}
        self._untold.update(self._shown, now)
        self._shown = {party.account: self._now(party) for party in map(self._state.world.account, now) if party}
        self._ahead.clear()
        self._quiet = False

    async def announce(self) -> None:
        """P6: tell everybody what they may have missed. Raises ``Disconnected``; the next call goes on from there.

        In steps, because what is on its way takes memory.
        """
        for tenant in self._state.world.tenants:
            self._tell_service(tenant, SERVICE_SEEN)
        told: set[str] = set()
        sent = 0
        untold = self._untold or set()
        for account in list(untold):
            sent += 1 + self._tell(account, self._shown.get(account, GONE))
            told.add(account)
            if sent >= STEP:
                await self._broadcasts.routed()
                untold -= told
                told.clear()
                sent = 0
        await self._broadcasts.routed()
        untold -= told

    async def farewell(self) -> None:
        """P8: a clean stop says that the faces are gone. Raises ``Disconnected``."""
        self._quiet = True
        sent = 0
        for account, shown in self._shown.items():
            sent += self._tell(account, {side: UNAVAILABLE for side in Side if shown[side].available})
            if sent >= STEP:
                await self._broadcasts.routed()
                sent = 0
        for tenant in self._state.world.tenants:
            self._tell_service(tenant, UNAVAILABLE)
        await self._broadcasts.routed()

    def _tell(self, account: str, shown: Shown) -> int:
        """Broadcast what one face shows; returns to how many."""
        party = self._state.world.account(account)
        return sum(self._broadcast(party, side, seen) for side, seen in shown.items()) if party else 0

    def _tell_service(self, tenant: Tenant, seen: Seen) -> None:
        hosts = tuple("@" + tenant.account_host(side) for side in Side)
        accounts = [account for account in self._state.sessions.accounts() if account.endswith(hosts)]
        self._broadcasts.tell(tenant.service, accounts, PresenceText(tenant.service, seen))

    # What the directory changes

    def look_through(self, before: World) -> bool:
        """Whether a new directory changes pictures or capabilities, so that ``announce`` has to be called."""
        changed = set()
        for account in self._shown:
            old, new = before.account(account), self._state.world.account(account)
            if old and new and any(shown_with_presence(side, old) != shown_with_presence(side, new) for side in Side):
                changed.add(account)
        if self._untold is not None:
            self._untold |= changed
        return bool(changed)

    def forget(self, party: Party) -> None:
        """The person is not in the directory any more; `PresenceHandler.look_through` ends the subscriptions."""
        self._shown.pop(party.account, None)
        self._ahead.discard(party.account)


def _text(face: Party, viewer: Side, seen: Seen) -> PresenceText:
    return PresenceText(face.face, seen, shown_with_presence(viewer, face))
