"""Messages that were picked, by their numbers or by words in them (A7), as far as they are in view.

The words of a message are in the index under the two accounts of its chat: a search walks through what both the account
and the words name, not through everybody's messages. Of what it finds it keeps what the view shows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from component.folding import Phrase

from ..full_text.word_index import WordIndex
from ..full_text.words import word_index
from .chats import WINDOWED, Chats, condition
from .id_range import Bounds

MOST_COUNTED = 100
"""What is found by words is counted up to here: counting would mean to find it all."""

# A message is in the window if fewer than its size are newer.
_IN_WINDOW = """(
    SELECT count(*) FROM (
        SELECT 1 FROM message AS n
        WHERE n.conversation_id = m.conversation_id AND n.withdrawn_at IS NULL AND n.id > m.id
        LIMIT :window
    ) AS newer
) < :window"""

# What is picked, the name of its number, and what else to ask of it.
_BY_NUMBERS = "json_each(:numbers) AS picked", "picked.value", ""

_PICKED = """
SELECT {number} FROM {picked}
CROSS JOIN message AS m
CROSS JOIN conversation AS c
WHERE m.id = {number} AND c.id = m.conversation_id
    AND {number} BETWEEN :first AND :last {more} AND m.withdrawn_at IS NULL AND ({in_view})
ORDER BY {number} {order} LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class IndexedWords:
    """The ``phrases`` in messages up to the number ``mark``."""

    phrases: Sequence[Phrase]
    mark: int


@dataclass(frozen=True, slots=True)
class Picked:
    """The messages in ``chats`` that have one of the ``numbers``, if given, and all ``words``, if given."""

    chats: Chats
    numbers: frozenset[int] | None
    words: IndexedWords | None = None

    def count(self, connection: Connection, bounds: Bounds) -> int | None:
        """How many there are within ``bounds``; None if words find more than is counted."""
        most = MOST_COUNTED if self.numbers is None else len(self.numbers)
        found = len(self.nearest(connection, bounds, most + 1, backwards=True))
        return found if found <= most else None

    def nearest(self, connection: Connection, bounds: Bounds, limit: int, backwards: bool) -> Sequence[int]:
        """The first numbers within ``bounds``, or the last ones by falling number if ``backwards``."""
        values: dict[str, Any] = {**self.chats.values(bounds), "limit": limit}
        if self.numbers is not None:
            values["numbers"] = json.dumps(list(self.numbers))
        if self.words is not None:
            accounts = [self.chats.viewer] if self.chats.other is None else [self.chats.viewer, self.chats.other]
            index = word_index(connection)
            values["words"] = index.expression(self.words.phrases, accounts, all_of_them=True)
            values["last"] = min(bounds.last, self.words.mark)
        in_view = _in_view(self.chats.kinds, self.chats.other is not None, self.chats.window is not None)
        return connection.scalars(_picked(self._how(word_index(connection)), in_view, backwards), values).all()

    def _how(self, index: WordIndex) -> tuple[str, str, str]:
        if self.words is None:
            return _BY_NUMBERS
        number = f"picked.{index.NUMBER}"
        among = "" if self.numbers is None else f"AND {number} IN (SELECT value FROM json_each(:numbers))"
        return f"{index.SOURCE} AS picked", number, f"AND {index.MATCHES} {among}"


@cache
def _picked(how: tuple[str, str, str], in_view: str, backwards: bool) -> TextClause:
    picked, number, more = how
    order = "DESC" if backwards else "ASC"
    return text(
        _PICKED.format(picked=picked.format(order=order), number=number, more=more, in_view=in_view, order=order)
    )


def _in_view(kinds: tuple[str, ...], one: bool, cut: bool) -> str:
    """Is the message in a conversation of these kinds, and if they are ``cut``, in its window?"""
    return " OR ".join(
        f"{condition(kind, one)} AND {_IN_WINDOW}" if cut and kind in WINDOWED else condition(kind, one)
        for kind in kinds
    )
