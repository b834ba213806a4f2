"""Messages that were picked, by their numbers or by words in them (A7), as far as they are in view.

The words of a message are in the index under the two accounts of its chat: a search walks through what both the account
and the words name, not through everybody's messages. Of what it finds it keeps what the view shows.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from .chats import WINDOWED, Chats, condition
from .id_range import Bounds

MOST_WORDS = 32
"""Of a search; the others are ignored."""

MOST_COUNTED = 100
"""What is found by words is counted up to here: counting would mean to find it all."""

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What SQLite would stumble over."""

# A message is in the window if fewer than its size are newer.
_IN_WINDOW = """(
    SELECT count(*) FROM (
        SELECT 1 FROM message AS n
        WHERE n.conversation_id = m.conversation_id AND n.withdrawn_at IS NULL AND n.id > m.id
        LIMIT :window
    )
) < :window"""

# What is picked, the name of its number, and what else to ask of it.
_BY_NUMBERS = "json_each(:numbers) AS picked", "picked.value", ""
_BY_WORDS = "message_text AS picked", "picked.rowid", "AND message_text MATCH :words"
_BY_BOTH = _BY_WORDS[0], _BY_WORDS[1], f"{_BY_WORDS[2]} AND picked.rowid IN (SELECT value FROM json_each(:numbers))"

_PICKED = """
SELECT {number} FROM {picked}
CROSS JOIN message AS m
CROSS JOIN conversation AS c
WHERE m.id = {number} AND c.id = m.conversation_id
    AND {number} BETWEEN :first AND :last {more} AND m.withdrawn_at IS NULL AND ({in_view})
ORDER BY {number} {order} LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Picked:
    """The messages in ``chats`` that have one of the ``numbers``, if given, and all words of ``text``, if given."""

    chats: Chats
    numbers: frozenset[int] | None
    text: str | None

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
        if self.text is not None:
            values["words"] = _expression(self.chats, self.text)
            if not values["words"]:
                return []
        in_view = _in_view(self.chats.kinds, self.chats.other is not None, self.chats.window is not None)
        return connection.scalars(_picked(self._how(), in_view, backwards), values).all()

    def _how(self) -> tuple[str, str, str]:
        if self.text is None:
            return _BY_NUMBERS
        return _BY_WORDS if self.numbers is None else _BY_BOTH


def words_expression(text: str) -> str:
    """The search for all words of ``text`` in the language of FTS5, where a quoted word is just a word; "" if there
    are no words.

    What the tokenizer takes for several words must stand in that order; what has no letters or digits is ignored.
    """
    words = [word.replace('"', '""') for word in _NO_TEXT.sub(" ", text).split()[:MOST_WORDS]]
    quoted = " ".join(f'"{word}"' for word in words)
    return f"body : ({quoted})" if words else ""


def _expression(chats: Chats, text: str) -> str:
    """The same in what these chats' accounts wrote and got."""
    words = words_expression(text)
    accounts = [chats.viewer] if chats.other is None else [chats.viewer, chats.other]
    scope = " ".join(f'"{number}"' for number in accounts)
    return f"scope : ({scope}) AND {words}" if words else ""


@cache
def _picked(how: tuple[str, str, str], in_view: str, backwards: bool) -> TextClause:
    picked, number, more = how
    order = "DESC" if backwards else "ASC"
    return text(_PICKED.format(picked=picked, number=number, more=more, in_view=in_view, order=order))


def _in_view(kinds: tuple[str, ...], one: bool, cut: bool) -> str:
    """Is the message in a conversation of these kinds, and if they are ``cut``, in its window?"""
    return " OR ".join(
        f"{condition(kind, one)} AND {_IN_WINDOW}" if cut and kind in WINDOWED else condition(kind, one)
        for kind in kinds
    )
