"""What the store needs of a database: `sqlite` and `postgresql` give it.

Whatever is asked or changed is a *step*, a plain function whose first argument is an SQLAlchemy connection, the same
for both. Steps know nothing of threads, coroutines or transactions: an engine runs them where its connection lives,
each in a transaction of its own.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

from .changes import Change
from .store_errors import StoreError

P = ParamSpec("P")
T = TypeVar("T")

Submission = Sequence[Change]
"""Changes that are written together or not at all."""

Outcome = StoreError | None
"""What came of a submission: None if it is on disk."""

Stalled = Callable[[StoreError], None]
"""Told why nobody should wait any longer behind what is being written."""

Transaction = Callable[[], AbstractContextManager[Connection]]
"""Begins one that writes: committed at the end of the ``with``, rolled back if that is left by an exception."""


class Database(Protocol):
    """Runs steps."""

    async def read(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``step(connection, ...)`` answers, which only reads: it sees the database at one moment, and neither
        waits for whoever writes nor keeps them waiting.

        :raises StoreError: the database cannot answer, or is closed
        """

    async def change(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``step(connection, ...)`` answers, which may write: between two batches, all of it or nothing. For what
        is rare and short; everything that is submitted meanwhile waits.

        :raises StoreError: it could not be done; nothing of it is
        """


class Engine(Database, Protocol):
    """A database of one kind. Whoever has made one calls `open` first, and `close` whatever came of that."""

    async def open(self) -> None:
        """Create or migrate the tables, and find out where they end (`Writer.start`).

        :raises SchemaTooNew: a later version of deskbridge has written them
        :raises StoreError: it cannot be opened
        """

    async def write(self, batch: Sequence[Submission], stalled: Stalled) -> Sequence[Outcome]:
        """Write the submissions in one transaction; an outcome for each, in their order. One batch at a time.

        If one of them cannot be written, it alone fails. If nothing can be, all fail, and the next batch is tried anew.
        ``stalled`` is called if it will take long until it is known what came of this one.
        """

    def missing(self) -> list[str]:
        """What keeps everything from being written, in words for operators; nothing if all is well."""

    async def look_after(self) -> None:
        """Notice what goes wrong while nobody writes, and mend it, until cancelled."""

    async def close(self) -> None:
        """Give back what was reserved, and let go of the database. Its threads and connections are gone then, also if
        this raises.

        :raises StoreError: the very last of it failed; nothing acknowledged is lost
        """


@dataclass(frozen=True, slots=True)
class Faults:
    """What the exceptions of an engine mean. ``raised`` are those that the database raises; ``is_operational``: is it
    the disk's, the file's or the server's fault, whatever was to be written? ``cause``: what the database said, without
    the statement and without its values."""

    raised: tuple[type[Exception], ...]
    is_operational: Callable[[Exception], bool]
    cause: Callable[[Exception], str]
