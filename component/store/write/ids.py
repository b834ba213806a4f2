"""Ids that rise and are never given out twice, not even over a crash (A6).

They are handed out in memory, without waiting, from a block that was reserved on disk before. A crash, or
writes that fail, waste the rest of a block; nothing hands it out again.
"""

import time

from sqlalchemy import Connection, func, select

from ..records import meta
from ..schema import message
from ..store_errors import StoreError

BLOCK = 65_536
"""Reserved at a time. The next block is asked for when half of one is used."""

ERA_BITS = 20
"""Of a number, below those of the time: a million ids for each second between two eras, blocks that were wasted
included."""

BEGINNING = 1_577_836_800
"""2020-01-01, in seconds since 1970."""

_NEWEST = select(func.coalesce(func.max(message.c.id), 0))


def begin_era(connection: Connection) -> None:
    """Go on beyond all that a database can have given out of which this one is a copy, and was put in its place (H6).

    The time is higher than all before, unless the clock was set back, and nobody has to keep a counter elsewhere.
    Numbers between are known as given out, as those of messages that are gone. What was on its way when the copy was
    made has been delivered since, by the original.
    """
    era = (int(time.time()) - BEGINNING) << ERA_BITS
    for key in (meta.NEXT_MESSAGE_ID, meta.NEXT_CONVERSATION_ID):
        meta.raise_number(connection, key, era)
    newest = connection.scalar(_NEWEST) or 0
    for key in (meta.DELIVERED_UP_TO, meta.SETTLED_UP_TO):
        meta.raise_number(connection, key, newest)


class Ids:
    """One rising sequence; ``key`` is its place in the table ``meta``."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._next = 1
        self._end = 1

    @property
    def next(self) -> int:
        """The id that will be taken next; all below it may have been given out."""
        return self._next

    @property
    def running_low(self) -> bool:
        return self._end - self._next <= BLOCK // 2

    def take(self) -> int:
        """A new id.

        :raises StoreError: the disk has not taken a reservation for so long that the block is used up
        """
        if self._next >= self._end:
            raise StoreError("no more ids: nothing could be written for a long time")
        self._next += 1
        return self._next - 1

    def start(self, connection: Connection) -> None:
        """Go on after all ids that were ever reserved. The first block is still to be renewed."""
        self._next = self._end = meta.get_number(connection, self._key)

    def reserve(self, connection: Connection) -> int:
        """Ask for another block. It counts only once that is committed: hand the result to `extend`."""
        end = self._next + BLOCK
        meta.put_number(connection, self._key, end)
        return end

    def extend(self, end: int) -> None:
        self._end = end

    def give_back(self, connection: Connection) -> None:
        """At a clean end, the unused rest of the block."""
        if meta.get_number(connection, self._key) == self._end:
            meta.put_number(connection, self._key, self._next)
        self._end = self._next
