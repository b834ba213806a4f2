"""The words of messages (A7, A10): put into their index when there is time, taken out of it with their messages (A8).

A mark in the database tells up to which message the words are in the index, and how they were folded. If texts would be
cut into other words now, by a later version of deskbridge or of Unicode, the index counts as empty, and begins anew.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from component.folding import FOLDING, words

from ..records import meta
from . import fts5, tsvector
from .word_index import Entry, WordIndex

_INDEXES: Mapping[str, WordIndex] = {"sqlite": fts5, "postgresql": tsvector}
"""By the name of SQLAlchemy's dialect."""

MOST_CHARACTERS = 50_000
"""In texts of messages that are indexed at a time; the last one may go beyond."""

_TEXTS = "SELECT id, sender_id, receiver_id, body FROM message"
_NEXT = text(f"{_TEXTS} WHERE id > :after ORDER BY id LIMIT :most")
_THESE = text(f"{_TEXTS} WHERE id IN (SELECT value FROM json_each(:ids)) AND id <= :last AND body <> ''")
_THERE = text("SELECT id FROM message WHERE id > :after AND id <= :last AND body <> ''")


@dataclass(frozen=True, slots=True)
class Portion:
    """The messages after the number ``after`` up to ``last``, with their texts or their words."""

    after: int
    last: int
    entries: Sequence[Entry]


def word_index(connection: Connection) -> WordIndex:
    return _INDEXES[connection.dialect.name]


def mark(connection: Connection) -> int:
    """Up to which message the words are in the index."""
    return meta.get_number(connection, meta.INDEXED_UP_TO) if _is_current(connection) else 0


def next_texts(connection: Connection) -> Portion | None:
    """The next messages whose words are to be indexed, with their texts in place of words; None if all are."""
    after = mark(connection)
    entries, last, characters = [], after, 0
    for last, sender, receiver, body in connection.execute(
        _NEXT, {"after": after, "most": word_index(connection).PORTION}
    ):
        if body:
            entries.append((last, (sender, receiver), (body,)))
            characters += len(body)
        if characters > MOST_CHARACTERS:
            break
    return Portion(after, last, entries) if last > after else None


def folded(portion: Portion) -> Portion:
    """With the words of its texts. Takes milliseconds."""
    entries = [(id, accounts, words(*texts)) for id, accounts, texts in portion.entries]
    return Portion(portion.after, portion.last, entries)


def index(connection: Connection, portion: Portion) -> bool:
    """Put words into the index, unless somebody else was quicker. Is there more to merge?

    Merging a little each time keeps anybody from having to do much at once.
    """
    if not _is_current(connection):
        _begin_anew(connection)
    if mark(connection) == portion.after:
        # Some may have been deleted since they were read.
        there = set(connection.scalars(_THERE, {"after": portion.after, "last": portion.last}))
        word_index(connection).add(connection, [entry for entry in portion.entries if entry[0] in there])
        meta.put_number(connection, meta.INDEXED_UP_TO, portion.last)
    return merge(connection)


def merge(connection: Connection) -> bool:
    """Make fewer parts of the index, each of which a search has to look into. Is there more to do?"""
    return word_index(connection).merge(connection)


def most_rewrites(connection: Connection) -> int:
    """How often `rewrite` need be called at most."""
    return word_index(connection).most_rewrites(connection)


def rewrite(connection: Connection, first: bool) -> bool:
    """Rewrite some of the index without what was removed; begin with ``first``. Is there more to do?"""
    return word_index(connection).rewrite(connection, first)


def forget(connection: Connection, ids: Collection[int]) -> None:
    """Take the words of these messages out of the index, as far as they are in it; the messages go afterwards."""
    if not _is_current(connection):
        _begin_anew(connection)  # nobody knows any more into which words they were cut
        return
    rows = connection.execute(_THESE, {"ids": json.dumps(list(ids)), "last": mark(connection)})
    word_index(connection).remove(connection, [(id, (sender, receiver), body) for id, sender, receiver, body in rows])


def _is_current(connection: Connection) -> bool:
    return meta.get(connection, meta.FOLDED_BY) == FOLDING


def _begin_anew(connection: Connection) -> None:
    word_index(connection).clear(connection)
    meta.put(connection, meta.FOLDED_BY, FOLDING)
    meta.put_number(connection, meta.INDEXED_UP_TO, 0)
