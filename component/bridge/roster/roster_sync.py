"""Sets the contacts of one account right (D2): in ejabberd's roster, in our notes, and among the watchers of faces.

Three sources are compared: who should be a contact by the directory (`policy/roster_members.py`), who is one in
ejabberd's roster now, and the notes of what deskbridge put there itself and what the user did to it. From these
`policy/roster_plan.py` makes a plan without any I/O: what to add or change, what to delete, and which requests to
consent to. The notes tell whose work an entry is:
a name or groups that the user chose stay, what the user removed stays away, and what the user added stays while it is
allowed.

The order of writing makes a crash at any point harmless. First the notes are written with both the old and the new
entries (``Plan.before``), then ejabberd's roster is changed contact by contact, then the notes are written as they are
now (``Plan.after``). What a crash leaves half done is found by the next look, which compares anew; and ejabberd's
roster always counts. Watchers follow the roster: who has a contact that shows presence is subscribed to that face.
Only the opposite takes a second look, a second later: a client subscribes first and adds the contact after, so a
watcher without a contact may be about to have it.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from component.directory.world import World
from component.ejabberd.ejabberd_api import EjabberdApi
from component.model import RESERVED_PREFIX, Party, RosterItem, Side, Tenant
from component.policy.may_write import may_see
from component.policy.roster_members import Entries, Entry, People, contacts, entry
from component.policy.roster_plan import Notes, Plan, Situation, decode, encode, plan
from component.store.api import NoteContacts, Store
from component.xep.presence_stanzas import plain

from ..presence.faces import Faces
from ..state.state import State

SECOND_LOOK_SECONDS = 1.0
"""How long a client may take to add a contact whose presence it has subscribed to already."""


@dataclass(slots=True)
class Wishes:
    """What the user did since the last time. ``anew``: the whole roster was lost, and earlier wishes with it."""

    asked: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    anew: bool = False

    def join(self, earlier: "Wishes") -> None:
        """Add wishes that could not be dealt with before."""
        self.asked |= earlier.asked
        self.left |= earlier.left
        self.anew |= earlier.anew


class RosterSync:
    """``send`` takes stanza text."""

    def __init__(self, api: EjabberdApi, state: State, store: Store, faces: Faces, send: Callable[[str], None]) -> None:
        self._api = api
        self._state = state
        self._store = store
        self._faces = faces
        self._send = send
        self._people: dict[str, People] = {}
        self._people_of: World | None = None

    async def mend(self, account: str, wishes: Wishes) -> int:
        """Put the list of a bare account of any tenant in order, also of somebody who left; returns the number of
        changes.

        Raises ``EjabberdApiError`` and ``StoreError``; what is left can be done by another call with the same wishes.
        """
        tenant = self._state.world.tenant_of_account_host(account.rpartition("@")[2])
        if tenant is None:
            return 0
        noted, watched = await self._store.contact_notes(account)
        items = await self._faces_in_roster(account, tenant)
        made = self._plan(account, tenant, items, {} if wishes.anew else decode(noted), wishes)
        if made.changes:
            noted = await self._note(account, noted, made.before)
            await self._change(account, made)
        await self._note(account, noted, made.after)
        there = {face for face, item in items.items() if item.sees and face not in made.delete}
        for face in there:  # ejabberd has the subscription, even if we have forgotten it
            self._watch(account, face)
        await self._forget_what_is_not(account, tenant, watched, there.union(made.put, made.consent))
        return made.changes

    async def _faces_in_roster(self, account: str, tenant: Tenant) -> Mapping[str, RosterItem]:
        found = await self._api.contacts(account)
        return {face: item for face, item in found.items() if _is_face(face, tenant)}

    def _plan(
        self, account: str, tenant: Tenant, items: Mapping[str, RosterItem], notes: Notes, wishes: Wishes
    ) -> Plan:
        world = self._state.world
        party, people = world.account(account), self._people_in(world, tenant)

        def stands(address: str) -> Entry | None:
            face = world.face(address)
            return entry(party, face, people.directory) if party and face else None

        listed: Entries = contacts(party, people) if party else {}
        left = set() if wishes.anew else wishes.left
        return plan(Situation(listed, stands, items, notes, wishes.asked, left))

    def _people_in(self, world: World, tenant: Tenant) -> People:
        """Computed once for each directory."""
        if self._people_of is not world:
            self._people = {
                other.id: People.of(world.directory(other), *(world.parties(other, side) for side in Side))
                for other in world.tenants
            }
            self._people_of = world
        return self._people[tenant.id]

    async def _note(self, account: str, noted: str, notes: Notes) -> str:
        text = encode(notes) if notes else ""
        if text != noted:
            await self._store.submit(NoteContacts(account, text))
        return text

    async def _change(self, account: str, made: Plan) -> None:
        for face in made.delete:
            self._faces.hide(account, face)
            await self._api.delete_contact(account, face)
        for face, (stands, subscription) in made.put.items():
            await self._api.add_contact(account, face, stands.name, sorted(stands.groups), subscription)
            if RosterItem(subscription=subscription).sees:
                self._watch(account, face)
        for face in made.consent:
            self._watch(account, face)
            await self._store.submit()  # ejabberd writes its half to disk, so ours is on disk before it
            self._send(plain("subscribed", face, account))

    def _watch(self, account: str, address: str) -> None:
        """Subscribe this account to the face; if it was not, show it at once what the face is now."""
        watcher, face = self._state.world.account(account), self._state.world.face(address)
        if watcher is None or face is None or not may_see(watcher, face):
            return  # there was a reload meanwhile; the next time takes the contact away
        if self._state.watchers.add(account, address) is not None and self._both_are_here(watcher, face):
            self._faces.show(account, watcher.side, face)

    def _both_are_here(self, watcher: Party, face: Party) -> bool:
        """Clients take a contact to be logged out until they are told otherwise, so nothing else needs to be shown."""
        sessions = self._state.sessions
        return sessions.logged_in(watcher.account) and sessions.logged_in(face.account)

    async def _forget_what_is_not(self, account: str, tenant: Tenant, watched: Set[str], seen: Set[str]) -> None:
        """A crash may have lost that somebody does not watch a face any more."""
        faces = {face for face in watched - seen if _is_face(face, tenant)}
        doubtful = {face for face in faces if account in self._state.watchers.of(face)}
        if not doubtful:
            return
        await asyncio.sleep(SECOND_LOOK_SECONDS)
        items = await self._faces_in_roster(account, tenant)
        for face in doubtful:
            if face not in items or not items[face].sees:
                self._state.watchers.remove(account, face)


def _is_face(address: str, tenant: Tenant) -> bool:
    """Whether it is a person's. Chat faces are put into lists by `ChatContacts`."""
    local, _, host = address.rpartition("@")
    return bool(local) and host in tenant.component_hosts and not local.startswith(RESERVED_PREFIX)
