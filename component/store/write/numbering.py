"""The numbers that rows get when they are written: in their conversation, in their owner's history, in time.

Numbers are given here, in the writing transaction, and not to callers beforehand: then a message that could
not be written leaves no hole, and a count between two messages is a difference of their numbers.
"""

import json
from collections.abc import Collection

from sqlalchemy import Connection, select, text

from ..schema import message

_LATEST = select(message.c.sent_at).order_by(message.c.id.desc()).limit(1)

STEP_BACK_US = 3_600_000_000
"""A clock set back by less than this stands still in the archive until it has caught up. One set back
further was wrong before, and is believed now."""

MOST_KNOWN = 50_000
"""Sequences of one kind whose last numbers are cached: some MB."""

# The conditions are those of the indexes.
IN_CONVERSATION = """
SELECT value,
    (SELECT seq FROM message WHERE conversation_id = value AND withdrawn_at IS NULL ORDER BY id DESC LIMIT 1),
    (SELECT seq FROM message WHERE conversation_id = value AND withdrawn_at IS NOT NULL ORDER BY id DESC LIMIT 1)
FROM json_each(:keys)
"""
IN_HISTORY = """
SELECT value,
    (SELECT owner_seq FROM message WHERE owner_id = value AND withdrawn_at IS NULL ORDER BY id DESC LIMIT 1),
    (SELECT owner_seq FROM message WHERE owner_id = value AND withdrawn_at IS NOT NULL ORDER BY id DESC LIMIT 1)
FROM json_each(:keys)
"""


class RisingTime:
    """Times that do not fall while ids rise, so that a date is found as one place in the history."""

    def __init__(self, latest: int = 0) -> None:
        self._latest = latest

    def stamp(self, at: int) -> int:
        """``at``, or the latest time stamped if the clock was set back a little."""
        if self._latest - STEP_BACK_US < at < self._latest:
            return self._latest
        self._latest = at
        return at


def latest_time(connection: Connection) -> int:
    """When the newest message was sent, in us; 0 if there is none."""
    return connection.scalar(_LATEST) or 0


class LastNumbers:
    """``last`` has the last numbers of the sequences that were lately written to. Nobody else gives any, so each is
    read once; whoever numbers on writes there what they gave."""

    def __init__(self, query: str) -> None:
        """``query`` is SQL: the ``:keys`` of sequences, and their last numbers, each perhaps in one of several
        columns."""
        self._query = text(query)
        self.last: dict[int, int] = {}

    def learn(self, connection: Connection, keys: Collection[int]) -> None:
        """Read those of ``keys`` that are not known."""
        if len(self.last) > MOST_KNOWN:
            self.last.clear()
        missing = [key for key in keys if key not in self.last]
        if missing:
            for row in connection.execute(self._query, {"keys": json.dumps(missing)}):
                self.last[row[0]] = max([number for number in row[1:] if number is not None], default=0)

    def forget(self) -> None:
        """After a rollback: numbers given in it are given again."""
        self.last.clear()
