"""The numbers that rows get when they are written: in their conversation, in their owner's history, in time.

Numbers are given here, in the writing transaction, and not to callers beforehand: then a message that could
not be written leaves no hole, and a count between two messages is a difference of their numbers.
"""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import Column, Connection, bindparam, insert, select, update

from ..prepared import Prepared
from ..records.accounts import chunks
from ..schema import conversation, history, message

_LATEST = select(message.c.sent_at).order_by(message.c.id.desc()).limit(1)

STEP_BACK_US = 3_600_000_000
"""A clock set back by less than this stands still in the archive until it has caught up. One set back
further was wrong before, and is believed now."""

MOST_KNOWN = 50_000
"""Sequences of one kind whose last numbers are cached: some MB."""


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


class Tally:
    """Numbers given out in one batch, in several sequences of one kind. ``lengths``, which it changes, has the last
    number of each."""

    def __init__(self, lengths: dict[int, int]) -> None:
        self.lengths = lengths
        self.added: Counter[int] = Counter()

    def next(self, key: int) -> int:
        """The next number of the sequence ``key``: 1, 2, ..."""
        number = self.lengths.get(key, 0) + 1
        self.lengths[key] = number
        self.added[key] += 1
        return number


class Sequences:
    """The sequences that a table keeps, one a row.

    ``length`` is the last number given out, ``visible`` how many of the messages are to be seen.
    """

    def __init__(self, key: Column[int]) -> None:
        table = key.table
        wanted = key.in_(bindparam("keys", expanding=True))
        self._load = select(key, table.c.length).where(wanted)
        self._create = insert(table).values({key: bindparam("new"), "length": 0, "visible": 0})
        self._save = Prepared(
            update(table)
            .where(key == bindparam("of"))
            .values(length=bindparam("last"), visible=table.c.visible + bindparam("added")),
            "last", "added", "of",
        )  # fmt: skip
        self._hide = update(table).where(key == bindparam("of")).values(visible=table.c.visible - bindparam("gone"))

    def load(self, connection: Connection, keys: Collection[int]) -> dict[int, int]:
        """The lengths of the sequences named, without those that are not there yet."""
        lengths: dict[int, int] = {}
        for some in chunks(list(keys)):
            lengths.update(connection.execute(self._load, {"keys": some}).all())
        return lengths

    def create(self, connection: Connection, keys: Collection[int]) -> None:
        if keys:
            connection.execute(self._create, [{"new": key} for key in keys])

    def save(self, connection: Connection, tally: Tally) -> None:
        if tally.added:
            self._save.run(connection, [(tally.lengths[key], n, key) for key, n in tally.added.items()])

    def hide(self, connection: Connection, gone: Counter[int]) -> None:
        """So many messages of each sequence are to be seen no longer; the numbers of the others stay."""
        if gone:
            connection.execute(self._hide, [{"of": key, "gone": number} for key, number in gone.items()])


CONVERSATIONS = Sequences(conversation.c.id)
HISTORIES = Sequences(history.c.owner_id)


class Lengths:
    """The last numbers of the sequences that were lately written to. Nobody else gives any, so each is read once."""

    def __init__(self, sequences: Sequences) -> None:
        self._sequences = sequences
        self._known: dict[int, int] = {}

    def tally(self, connection: Connection, keys: Collection[int]) -> tuple[Tally, Collection[int]]:
        """For numbering on; and which of the sequences are not there yet, and stand at 0."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        missing = [key for key in keys if key not in self._known]
        if missing:
            self._known.update(self._sequences.load(connection, missing))
            missing = [key for key in missing if key not in self._known]
        return Tally(self._known), missing

    def forget(self) -> None:
        """After a rollback: numbers given in it are given again."""
        self._known.clear()
