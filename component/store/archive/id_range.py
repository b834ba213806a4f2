"""Which part of the archive, as a range of message numbers: dates are turned into numbers before anything else.

Times do not fall while numbers rise (`numbering.RisingTime`), so a date is found by halving: some thirty looks at
single messages. Only where a clock that was far wrong was set back they do fall; a date there is one of the places
where the message before was sent earlier and the one after was not, and the range all numbers on its side.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import BigInteger, Connection, bindparam, text

END = 2**63 - 1

# The next message from the middle on: was it sent at that time or later? Numbers may be missing anywhere.
_IS_LATER = "(SELECT sent_at FROM message WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1) >= :at"
_FIRST_FROM = text(f"""
WITH RECURSIVE half (low, high) AS (
    SELECT (SELECT min(id) FROM message), (SELECT max(id) + 1 FROM message)
    UNION ALL
    SELECT
        CASE WHEN {_IS_LATER} THEN low ELSE (low + high) / 2 + 1 END,
        CASE WHEN {_IS_LATER} THEN (low + high) / 2 ELSE high END
    FROM half WHERE low < high
)
SELECT max(low) FROM half
""").bindparams(bindparam("at", type_=BigInteger))


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers from ``first`` to ``last``, both inclusive; none if ``first`` is the greater."""

    first: int = 0
    last: int = END

    @property
    def empty(self) -> bool:
        return self.first > self.last

    def between(self, after: int | None, before: int | None) -> Self:
        """What of it lies after the one number and before the other."""
        first = self.first if after is None else max(self.first, after + 1)
        last = self.last if before is None else min(self.last, before - 1)
        return type(self)(min(first, END), last)


def first_from(connection: Connection, at: int) -> int:
    """A number: the messages before it were sent before the time ``at``, in us, and those from it on were not."""
    return connection.scalar(_FIRST_FROM, {"at": at}) or 0
