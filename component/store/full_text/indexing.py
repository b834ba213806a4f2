"""When words come into their index: between two batches, and all of them when nothing else is to be written.

With each message by itself they would cost more than the rest of it; many at a time cost a fraction.
"""

import logging
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

from ..engine import Database
from ..store_errors import StoreError
from . import words

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

ENOUGH = 32
BATCHES = 8
"""Messages that are worth a transaction: this many, or what this many batches had. A thousand at once cost half of what
a hundred cost; when few come, the pause that a thousand take would be longer than all else that they wait for."""

PORTION = 256
"""Messages at a time, at most, while few come: some milliseconds, for which a batch may have to wait."""

TOO_MANY = 1_024
"""Messages that are not left behind, however much there is to write: a search would have to wait for them."""

QUIET = 1.0
"""Seconds without anything to write after which all is indexed; or after which is tried again what failed."""


class RunStep(Protocol):
    """Does it in a transaction; raises ``StoreError``."""

    def __call__(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T: ...


class Indexing:
    """Lives in the writer's thread. ``behind`` messages are on disk already whose words are not in the index."""

    def __init__(self, run: RunStep, behind: int) -> None:
        self._run = run
        self._behind = behind
        self._may_merge = True
        self._enough = ENOUGH
        self._not_before = 0.0

    def written(self, messages: int) -> None:
        """So many more are on disk, by one batch."""
        self._behind += messages
        self._enough = min(max(ENOUGH, BATCHES * messages), TOO_MANY)

    def meanwhile(self, idle: bool) -> float | None:
        """After a batch, or when nothing was to do for a while: do some; in how many seconds to ask again."""
        if not (idle or self._behind >= self._enough) or time.monotonic() < self._not_before:
            return QUIET if self._behind or self._may_merge else None
        try:
            self._index()
            while self._behind >= TOO_MANY:
                self._index()
        except StoreError as problem:
            log.warning("words could not be indexed, trying again: %s", problem)
            self._not_before = time.monotonic() + QUIET
            return QUIET
        if not (self._behind or self._may_merge):
            return None
        return 0.0 if idle else QUIET

    def finish(self) -> None:
        """All that is left; if that cannot be done, the next start goes on with it."""
        try:
            while self._behind:
                self._index()
        except StoreError as problem:
            log.warning("words could not be indexed, the next start does it: %s", problem)

    def _index(self) -> None:
        most = min(self._behind, max(PORTION, self._enough))
        done, self._may_merge = self._run(_step, most)
        # Somebody else may have done some of it: a search, another process.
        self._behind = self._behind - done if done == most else 0


async def index_all(database: Database) -> None:
    """The words of all messages that are on disk now, so that a search finds them.

    :raises StoreError: the database cannot do it now
    """
    newest = await database.ask(words.newest_unindexed)
    if newest is not None:
        while await database.change(words.index, PORTION, newest) == PORTION:
            pass


def _step(connection: Connection, most: int) -> tuple[int, bool]:
    """How many messages were indexed, and whether there is more to merge. Merging a little each time keeps anybody
    from having to do much at once."""
    return (words.index(connection, most) if most else 0), words.merge(connection)
