"""Presence between accounts and faces (P1 to P8): what comes in updates the sessions, what changes goes out."""

import logging
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.element import serialise
from component.model import Party, Side, Tenant
from component.policy.classify import joins_room
from component.policy.contact import may_see
from component.policy.presence import UNAVAILABLE, Seen, seen_by
from component.policy.reasons import Reason
from component.stanza.errors import refusal
from component.stanza.presence import PresenceText, plain, session
from component.world import World

from .state import State

log = logging.getLogger(__name__)

SERVICE_SEEN = Seen(True)

Shown = dict[Side, Seen]


class Presence:
    """The presence of all faces.

    ``send`` takes stanza text. ``logged_out`` is told of everybody whose last session ended, after the
    watchers were. While ``quiet``, sessions are learnt but nobody is told (P6).
    """

    def __init__(
        self,
        state: State,
        send: Callable[[str], None],
        logged_out: Callable[[Party], None],
    ) -> None:
        self.quiet = True
        self._state = state
        self._send = send
        self._logged_out = logged_out
        self._shown: dict[str, Shown] = {}

    # What comes in

    def receive(self, presence: Element) -> None:
        """Handle one presence stanza from ejabberd."""
        sender = normalise(presence.get("from", ""))
        receiver = normalise(presence.get("to", ""))
        if sender is None or receiver is None:
            return
        account, resource = sender
        address, _ = receiver
        tenant = self._state.world.tenant_of_component_host(address.rpartition("@")[2])
        party = self._state.world.account(account)
        if tenant is None or party is None or party.tenant is not tenant:
            self._turn_away(presence, account, address)
        elif "@" in address:
            self._for_face(presence, party, address)
        else:
            self._for_service(presence, party, resource, address)

    def _turn_away(self, presence: Element, account: str, address: str) -> None:
        """M9: who does not belong here gets the same answer whatever they ask for."""
        if presence.get("type") in ("subscribe", "probe"):
            self._send(plain("unsubscribed", address, account))

    def _for_service(self, presence: Element, party: Party, resource: str, service: str) -> None:
        match presence.get("type"):
            case None:
                self._state.sessions.started(party.account, resource, session(presence))
                self.refresh(party)
            case "unavailable":
                self._state.sessions.ended(party.account, resource)
                self.refresh(party)
            case "subscribe":
                self._send(plain("subscribed", service, party.account))
                self._send(PresenceText(service, SERVICE_SEEN).to(party.account))
            case "probe":
                self._send(PresenceText(service, SERVICE_SEEN).to(presence.get("from", "")))

    def _for_face(self, presence: Element, party: Party, address: str) -> None:
        match presence.get("type"):
            case None if joins_room(presence):
                self._send(serialise(refusal(presence, Reason.GROUP_CHAT)))
            case "subscribe":
                if self._admit(party, address):
                    self._send(plain("subscribed", address, party.account))
                    self._show(party.account, party, address)
            case "probe":
                if self._admit(party, address):
                    self._show(presence.get("from", ""), party, address)
            case "unsubscribe":
                self._state.watchers.remove(party.account, address)
                self._send(plain("unsubscribed", address, party.account))

    def _admit(self, watcher: Party, address: str) -> bool:
        """P5: note the watcher of a face they may write to, and turn everybody else away."""
        face = self._state.world.face(address)
        if face is not None and may_see(watcher, face):
            self._state.watchers.add(watcher.account, address)
            return True
        self._state.watchers.remove(watcher.account, address)
        self._send(plain("unsubscribed", address, watcher.account))
        return False

    def _show(self, receiver: str, watcher: Party, address: str) -> None:
        """Tell one watcher what a face is now. While quiet, all are told soon anyway."""
        face = self._state.world.face(address)
        if face is not None and not self.quiet:
            self._send(PresenceText(address, self.seen(watcher.side, face)).to(receiver))

    # What goes out

    def seen(self, viewer: Side, face: Party) -> Seen:
        """What that side sees of a face now."""
        sessions = self._state.sessions.of(face.account).values()
        return seen_by(viewer, face.side, sessions, self._state.sessions.override(face.account))

    def refresh(self, party: Party) -> None:
        """Tell the watchers of a person's face what changed, if anything they can see did."""
        if self.quiet:
            return
        before = self._shown.get(party.account)
        after = {side: self.seen(side, party) for side in Side}
        self._note(party.account, after)
        for side in Side:
            if before is None or before[side] != after[side]:
                self._broadcast(party, side, after[side])
        if before is not None and not self._state.sessions.logged_in(party.account):
            self._logged_out(party)

    def _note(self, account: str, seen: Shown) -> None:
        """Remember what a face shows. Who is logged out is not kept: that is what is shown without a note."""
        if self._state.sessions.logged_in(account):
            self._shown[account] = seen
        else:
            self._shown.pop(account, None)

    def _broadcast(self, party: Party, viewer: Side, seen: Seen) -> None:
        text = PresenceText(party.face, seen)
        host = "@" + party.tenant.account_host(viewer)
        for account in self._state.watchers.of(party.face):
            if account.endswith(host) and self._state.sessions.logged_in(account):
                self._send(text.to(account))

    def announce_all(self) -> None:
        """P6: tell everybody everything, once, after a time in which changes may have been missed."""
        self.quiet = False
        self._shown.clear()
        for tenant in self._state.world.tenants:
            self._announce_service(tenant, SERVICE_SEEN)
            for side in Side:
                for party in self._state.world.parties(tenant, side):
                    seen = {viewer: self.seen(viewer, party) for viewer in Side}
                    self._note(party.account, seen)
                    for viewer in Side:
                        self._broadcast(party, viewer, seen[viewer])

    def farewell(self) -> None:
        """P8: a clean stop says that the faces are gone."""
        for tenant in self._state.world.tenants:
            for side in Side:
                for party in self._state.world.parties(tenant, side):
                    if self._state.sessions.logged_in(party.account):
                        for viewer in Side:
                            self._broadcast(party, viewer, UNAVAILABLE)
            self._announce_service(tenant, UNAVAILABLE)
        self.quiet = True

    def _announce_service(self, tenant: Tenant, seen: Seen) -> None:
        text = PresenceText(tenant.service, seen)
        for account in self._state.sessions.accounts():
            if self._state.world.tenant_of_account_host(account.rpartition("@")[2]) is tenant:
                self._send(text.to(account))

    # What the directory changes

    def directory_changed(self, world: World) -> None:
        """P5 after a reload: who lost the right to see a face sees it go; who stayed sees any change."""
        before, self._state.world = self._state.world, world
        for account, address in self._state.watchers.all():
            watcher, face = world.account(account), world.face(address)
            if watcher is None or face is None or not may_see(watcher, face):
                self._send(PresenceText(address, UNAVAILABLE).to(account))
                self._send(plain("unsubscribed", address, account))
                self._state.watchers.remove(account, address)
        for account in self._state.sessions.accounts():
            if world.account(account) is None:
                gone = before.account(account)
                self._state.sessions.ended(account, "")
                self._shown.pop(account, None)
                if gone is not None:
                    self._logged_out(gone)
