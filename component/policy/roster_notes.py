"""What deskbridge remembers of a contact it has to do with: why it is there, and what of it is deskbridge's work.

ejabberd's roster does not tell a contact that appeared by itself from one that the user added, nor a name from the
directory from one that the user chose.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from component.model import RosterItem

from .roster_members import Entry

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
