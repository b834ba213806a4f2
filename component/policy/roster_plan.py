"""What has to change in one account's roster: what it has against what it should have (D2).

ejabberd's roster does not tell a contact that appeared by itself from one that the user added, nor a name from the
directory from one that the user chose. Notes do: what deskbridge remembers of a contact it has to do with, why it is
there, and what of it is deskbridge's work.
"""

import json
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

from component.model import RosterItem

from .roster_members import Entries, Entry

MOST_ENTRIES = 3
"""Remembered of a contact whose changes were broken off again and again."""


class Origin(StrEnum):
    """``APPEARED`` goes when the rules no longer list it, ``ADDED`` stays while it is allowed, and ``DECLINED``, which
    the user removed, is left alone."""

    APPEARED = "appeared"
    ADDED = "added"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Note:
    """``entries`` are what deskbridge made of the contact: one; more while it is being changed, as a crash may leave
    either."""

    origin: Origin
    entries: tuple[Entry, ...] = ()

    def merged(self, item: RosterItem, wanted: Entry) -> Entry:
        """The contact as it should stand now: what the user changed stays, what deskbridge made follows."""
        made = self._made_of(item, wanted)
        name = wanted.name if any(item.name == entry.name for entry in made) else item.name
        ours = min((entry.groups for entry in made), key=lambda groups: len(groups ^ item.groups))
        if ours != item.groups and ours.isdisjoint(item.groups):  # moved elsewhere by the user
            return Entry(name, item.groups)
        return Entry(name, item.groups - (ours - wanted.groups) | (wanted.groups - ours))

    def changing(self, item: RosterItem, wanted: Entry) -> "Note":
        """While it is being made ``wanted``."""
        made = self._made_of(item, wanted)[-MOST_ENTRIES:]
        return replace(self, entries=tuple(dict.fromkeys((*made, wanted))))

    def _made_of(self, item: RosterItem, wanted: Entry) -> tuple[Entry, ...]:
        """A contact of which nothing is deskbridge's work yet gets what it has none of: a name, and groups."""
        return self.entries or (Entry("", wanted.groups if item.groups else frozenset()),)


Notes = Mapping[str, Note]
"""Of one account, by bare address of the face."""


def encode(notes: Notes) -> str:
    """As text for the store."""
    return json.dumps({face: _plain(note) for face, note in notes.items()}, ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Notes:
    """What ``encode`` made."""
    return {
        face: Note(Origin(origin), tuple(Entry(name, frozenset(groups)) for name, groups in entries))
        for face, (origin, entries) in json.loads(text or "{}").items()
    }


def _plain(note: Note) -> tuple[str, list[tuple[str, list[str]]]]:
    return note.origin, [(entry.name, sorted(entry.groups)) for entry in note.entries]


_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """One account at one moment. Faces are bare addresses.

    ``listed`` appear by themselves; ``entry`` is how anybody who may be seen would stand in this list, None for all
    others; ``items`` is the roster, as far as faces go. The user asked for ``asked`` by a command, and no longer wants
    to see ``left``.
    """

    listed: Entries
    entry: Callable[[str], Entry | None]
    items: Mapping[str, RosterItem]
    notes: Notes
    asked: Set[str] = _NOBODY
    left: Set[str] = _NOBODY


@dataclass(slots=True)
class Plan:
    """``put`` are contacts to add or change, with the subscription they shall have; ``consent`` are requests of the
    user's that nobody has answered. ``before`` has to be remembered before anything is changed, ``after`` after."""

    put: dict[str, tuple[Entry, str]] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    consent: list[str] = field(default_factory=list)
    before: dict[str, Note] = field(default_factory=dict)
    after: dict[str, Note] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        return len(self.put) + len(self.delete) + len(self.consent)


def plan(now: Situation) -> Plan:
    """The smallest change that sets the roster right."""
    made = Plan()
    for face in sorted({*now.listed, *now.items, *now.notes, *now.asked}):
        wanted, item = now.listed.get(face) or now.entry(face), now.items.get(face)
        note = _note(now, face)
        if wanted is None or (note and note.origin is Origin.APPEARED and face not in now.listed):
            _remove(made, face, item, now.notes.get(face))
        elif note and note.origin is Origin.DECLINED:
            made.before[face] = made.after[face] = note
        elif note:
            _keep(made, face, wanted, item, note, asked=face in now.asked)
    return made


def _note(now: Situation, face: str) -> Note | None:
    """Why this contact is there, or should be; None for one that is neither."""
    note, item, listed = now.notes.get(face), now.items.get(face), now.listed.get(face)
    if face in now.asked:
        return Note(Origin.APPEARED if listed else Origin.ADDED, note.entries if note else ())
    sees, declined = item is not None and item.sees, note is not None and note.origin is Origin.DECLINED
    if (declined or face in now.left) and not sees:
        return Note(Origin.DECLINED) if listed else _found(item, None)
    if note and not declined and (item or note.origin is Origin.APPEARED):
        return note
    return _found(item, listed)


def _found(item: RosterItem | None, listed: Entry | None) -> Note | None:
    """Nothing is known of it: new, or put there by the user, or by a deskbridge that has lost its memory."""
    if item is None:
        return Note(Origin.APPEARED) if listed else None
    if listed == Entry(item.name, item.groups):
        return Note(Origin.APPEARED, (listed,))
    return Note(Origin.ADDED)


def _remove(made: Plan, face: str, item: RosterItem | None, note: Note | None) -> None:
    if item is None:
        return
    made.delete.append(face)
    if note:
        made.before[face] = note


def _keep(made: Plan, face: str, wanted: Entry, item: RosterItem | None, note: Note, asked: bool) -> None:
    """It stays, or comes: as the directory has it, but for what the user made of it."""
    made.before[face] = made.after[face] = replace(note, entries=(wanted,))
    if item is None:
        made.put[face] = (wanted, "to")
        return
    stands = note.merged(item, wanted)
    subscription = item.subscription if note.origin is Origin.ADDED and not asked else _seeing(item)
    if (stands, subscription) != (Entry(item.name, item.groups), item.subscription):
        made.before[face] = note.changing(item, wanted)
        made.put[face] = (stands, subscription)
    if item.asks and not item.sees:
        made.consent.append(face)


def _seeing(item: RosterItem) -> str:
    """The subscription that the contact shall have. A request is left to be answered."""
    if item.sees or item.asks:
        return item.subscription
    return "both" if item.subscription == "from" else "to"
