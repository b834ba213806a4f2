"""What has to change in one account's roster: what it has against what it should have (D2)."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace

from component.model import RosterItem

from .roster_members import Entries, Entry
from .roster_notes import Note, Notes, Origin

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
