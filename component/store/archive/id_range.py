"""Which part of the archive, as a range of message numbers: dates are turned into numbers before anything else.

Times do not fall while numbers rise (`numbering.RisingTime`). Only where a clock that was far wrong was set back they
do; a date there is the first or last place in the order of time, and the range all numbers on its side.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, bindparam, select

from ..schema import message
from .views import Filters

_END = 2**63 - 1

_FIRST_FROM = (
    select(message.c.id).where(message.c.sent_at >= bindparam("at")).order_by(message.c.sent_at, message.c.id).limit(1)
)
_LAST_UNTIL = (
    select(message.c.id)
    .where(message.c.sent_at <= bindparam("at"))
    .order_by(message.c.sent_at.desc(), message.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers from ``first`` to ``last``, both inclusive; none if ``first`` is the greater."""

    first: int = 0
    last: int = _END

    @property
    def empty(self) -> bool:
        return self.first > self.last

    def between(self, after: int | None, before: int | None) -> Self:
        """What of it lies after the one number and before the other."""
        first = self.first if after is None else max(self.first, after + 1)
        last = self.last if before is None else min(self.last, before - 1)
        return type(self)(min(first, _END), last)


NOTHING = Bounds(1, 0)


def bounds(connection: Connection, filters: Filters) -> Bounds:
    """The messages that ``filters`` leave by their dates and by their neighbours."""
    first, last = first_from(connection, filters.start), last_until(connection, filters.end)
    if first is None or last is None:
        return NOTHING
    return Bounds(first, last).between(filters.after, filters.before)


def first_from(connection: Connection, at: int | None) -> int | None:
    """The first message that was not sent before ``at``; None if all were."""
    return 0 if at is None else connection.scalar(_FIRST_FROM, {"at": at})


def last_until(connection: Connection, at: int | None) -> int | None:
    """The last message that was not sent after ``at``; None if all were."""
    return _END if at is None else connection.scalar(_LAST_UNTIL, {"at": at})
