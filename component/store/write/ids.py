"""Ids that rise and are never given out twice, not even over a crash (A6).

They are handed out in memory, without waiting, from a block that was reserved on disk before. A crash, or
writes that fail, waste the rest of a block; nothing hands it out again.
"""

from sqlalchemy import Connection

from ..records import meta
from ..store_errors import StoreError

BLOCK = 65_536
"""Reserved at a time. The next block is asked for when half of one is used."""


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
