"""A page of what somebody sees of the archive: the viewer's rights, which part of it, how many (A1 to A3, A6).

All that a query asks is asked in one read transaction, so its answers belong to one moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy import Connection, bindparam, select

from component.folding import Phrase

from ..schema import account
from .archived_messages import ArchivedMessage, numbered
from .chats import JOINED_OF_AGENT, JOINED_OF_WORK_USER, OPEN_AS_FIRST, OPEN_AS_SECOND, Chats, WholeHistory
from .id_range import END, Bounds, first_from
from .picked import IndexedWords, Picked
from .views import ArchiveView, Filters, Page, Slice

_OPEN_DESK = (OPEN_AS_FIRST, OPEN_AS_SECOND)
EMPTY = Page((), 0, complete=True)
_ACCOUNT = select(account.c.id).where(account.c.jid == bindparam("of"))


@dataclass(frozen=True, slots=True)
class FoundWords:
    """What is known of the messages that have all ``phrases``: up to the number ``mark`` the index has them, behind it
    they are these ``numbers``, all of them if that ``has_count``."""

    phrases: Sequence[Phrase]
    mark: int
    numbers: frozenset[int]
    has_count: bool


class Source(Protocol):
    """Messages that somebody sees, by rising number."""

    def count(self, connection: Connection, bounds: Bounds) -> int | None:
        """How many there are within ``bounds``; None if that would cost too much."""

    def nearest(self, connection: Connection, bounds: Bounds, limit: int, backwards: bool) -> Sequence[int]:
        """The first numbers within ``bounds``, or the last ones by falling number if ``backwards``."""


def read_page(
    connection: Connection, view: ArchiveView, filters: Filters, slice: Slice, found_words: FoundWords | None = None
) -> Page:
    """One page of the result that ``view`` and ``filters`` make; ``found_words`` if these have a text."""
    chats = _chats(connection, view)
    found = _bounds(connection, filters)
    if chats is None or found.empty:
        return EMPTY
    sources = _sources(chats, filters, found_words)
    part = found.between(slice.after, slice.before)
    numbers = _nearest(connection, sources, part, slice.max + 1, slice.backwards) if slice.max else []
    return Page(
        tuple(numbered(connection, numbers[: slice.max])) if numbers else (),
        _count(connection, sources, found) if found_words is None or found_words.has_count else None,
        complete=len(numbers) <= slice.max,
    )


def read_ends(connection: Connection, view: ArchiveView) -> tuple[ArchivedMessage | None, ArchivedMessage | None]:
    """The oldest and the newest message that ``view`` shows; None twice if it shows none."""
    chats = _chats(connection, view)
    if chats is None:
        return None, None
    sources = _sources(chats, Filters(), None)
    ends = [_nearest(connection, sources, Bounds(), 1, backwards) for backwards in (False, True)]
    oldest, newest = (numbered(connection, end) for end in ends)
    return (oldest[0], newest[0]) if oldest and newest else (None, None)


def _bounds(connection: Connection, filters: Filters) -> Bounds:
    """The messages that ``filters`` leave by their dates and by their neighbours."""
    first = 0 if filters.start is None else first_from(connection, filters.start)
    last = END if filters.end is None else first_from(connection, filters.end + 1) - 1
    return Bounds(first, last).between(filters.after, filters.before)


def _chats(connection: Connection, view: ArchiveView) -> Chats | None:
    """The chats that ``view`` shows; None if an account in it has never written or been written to."""
    viewer = connection.scalar(_ACCOUNT, {"of": view.viewer})
    other = None if view.other is None else connection.scalar(_ACCOUNT, {"of": view.other})
    if viewer is None or (view.other is not None and other is None):
        return None
    if view.is_agent:
        return Chats((JOINED_OF_AGENT, *_OPEN_DESK), viewer, other, view.window)
    return Chats((JOINED_OF_WORK_USER,), viewer, other)


def _sources(chats: Chats, filters: Filters, found: FoundWords | None) -> tuple[Source, ...]:
    """Where to look for messages, each of which is in one of the places."""
    numbers = None if filters.ids is None else frozenset(filters.ids)
    if found is not None:
        indexed = IndexedWords(found.phrases, found.mark)
        return Picked(chats, numbers, indexed), Picked(chats, found.numbers)
    if numbers is not None:
        return (Picked(chats, numbers),)
    if JOINED_OF_AGENT in chats.kinds and chats.other is None and chats.window is None:
        return WholeHistory(chats.viewer), replace(chats, kinds=_OPEN_DESK)
    return (chats,)


def _nearest(
    connection: Connection, sources: Iterable[Source], bounds: Bounds, limit: int, backwards: bool
) -> list[int]:
    if bounds.empty:
        return []
    found = [number for source in sources for number in source.nearest(connection, bounds, limit, backwards)]
    return sorted(found, reverse=backwards)[:limit]


def _count(connection: Connection, sources: Iterable[Source], bounds: Bounds) -> int | None:
    total = 0
    for source in sources:
        count = source.count(connection, bounds)
        if count is None:
            return None
        total += count
    return total
