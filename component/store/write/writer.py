"""One transaction for everything pending: what makes a commit for each message affordable."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from itertools import chain
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine

from ..changes import Change, DeliveredUpTo, NewMessage
from ..database_files import Files
from ..full_text import words
from ..full_text.indexing import Indexing
from ..prepared import driver
from ..records import meta
from ..sqlite import PROBLEMS, cause, create_private, file_of, is_busy, is_operational, migrate, writer_engine
from ..store_errors import ChangeRefused, StoreBusy, StoreError
from .batch import Known, apply
from .ids import Ids

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

Submission = Sequence[Change]
"""Changes that are written together or not at all."""

Outcome = StoreError | None


class Writer:
    """The one connection that writes. Everything but the ids blocks, and belongs into one thread."""

    def __init__(self, engine: Engine, files: Files) -> None:
        """Go on where the database, which has the newest schema, ends."""
        self.files = files
        self.trouble: str | None = None
        """What keeps everything from being written until an operator does something, in words for operators."""
        self.apart: Callable[[], AbstractContextManager[None]] = nullcontext
        """While nobody else of this process has the files open."""
        self.message_ids = Ids(meta.NEXT_MESSAGE_ID)
        self.conversation_ids = Ids(meta.NEXT_CONVERSATION_ID)
        self._engine = engine
        self._connection: Connection | None = None
        with self._transaction() as connection:
            self.id_key = bytes.fromhex(meta.get(connection, meta.ID_KEY))
            self.delivered_up_to = meta.get_number(connection, meta.DELIVERED_UP_TO)
            self._known = Known(connection)
            self.indexing = Indexing(self.run, words.behind(connection))
            for ids in self._ids:
                ids.start(connection)
        self._commit(self._together, [])  # an empty batch reserves the first ids

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database ``sqlite:///PATH``; create or migrate it first.

        :raises SchemaTooNew: a later version has written it
        :raises StoreError: it cannot be opened
        """
        engine = writer_engine(url)
        try:
            migrate(engine)
            return cls(engine, Files(file_of(url)))
        except Exception as error:
            engine.dispose()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot open the database: {cause(error)}") from error

    @property
    def _ids(self) -> tuple[Ids, Ids]:
        return self.message_ids, self.conversation_ids

    def write(self, batch: Sequence[Submission]) -> list[Outcome]:
        """Write the submissions in one transaction; an outcome for each, in their order.

        If one of them cannot be written, it alone fails. If nothing can be, all fail, and the next batch is
        tried anew on a fresh connection.
        """
        try:
            return self._commit(self._together, batch)
        except Exception as error:
            if is_operational(error) or isinstance(error, StoreError):
                return self._all_failed(batch, error)
            log.warning("a change was refused, so each is tried by itself: %s", cause(error))
        try:
            return self._commit(self._one_by_one, batch)
        except Exception as error:
            return self._all_failed(batch, error)

    def run(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``step(connection, ...)`` answers, which may write, in a transaction of its own.

        :raises StoreError: it could not be done; nothing of it is
        """
        try:
            with self._transaction() as connection:
                return step(connection, *args, **kwargs)
        except PROBLEMS as error:
            self._let_go()
            raise StoreError(f"cannot be written: {cause(error)}") from error

    def close(self) -> None:
        """Index what is left, return the ids not used, and let go of the file.

        :raises StoreError: that could not be written; nothing else is lost
        """
        try:
            self.indexing.finish()
            with self._transaction() as connection:
                for ids in self._ids:
                    ids.give_back(connection)
        except Exception as error:
            raise StoreError(f"the database could not be closed cleanly: {cause(error)}") from error
        finally:
            self._let_go()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """On the connection of the last one, if that was kept: to take one from the pool costs more than to write.

        Begun and ended with the driver, as SQLAlchemy's transactions cost more than SQLite's. Those steps that use its
        statements make one inside, which finds that it has nothing to do.
        """
        if self.files.lacking():
            self._mend()
        fresh = self._connection is None
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        sqlite = driver(connection)
        sqlite.execute("BEGIN IMMEDIATE")
        if fresh:
            self.files.opened()
        try:
            yield connection
            sqlite.execute("COMMIT")
        finally:
            if sqlite.in_transaction:
                sqlite.rollback()
            if connection.in_transaction():
                connection.rollback()

    def _let_go(self) -> None:
        """The next transaction begins on a fresh connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*PROBLEMS):
                connection.close()
        self._engine.dispose()
        self.files.closed()

    # Files that somebody deletes or replaces

    def _mend(self) -> None:
        """Save what is in files that have no name any more, and open new ones.

        :raises StoreError: an operator has to do something
        """
        if self.trouble is not None:
            raise StoreError(self.trouble)
        log.error(
            "deleted or replaced while deskbridge runs: %s; what was kept there is being saved",
            ", ".join(self.files.lacking()),
        )
        with self.apart():
            try:
                self._save()
            except (*PROBLEMS, OSError) as error:
                raise StoreError(f"what was kept in files that were deleted cannot be saved: {cause(error)}") from error
        if not self.files.has_main:
            raise StoreError(self.trouble or "the database was deleted")
        log.error("saved: nothing is lost, and deskbridge goes on")

    def _save(self) -> None:
        if self._connection is None:
            # Nothing was open that could be saved; what is there now is somebody else's.
            self.trouble = (
                f"the database {self.files.path} is not the one that deskbridge began with: restart deskbridge"
            )
            return
        sqlite = driver(self._connection)
        if self.files.has_main:
            busy, *_ = sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise sqlite3.OperationalError("another process is using them")
            self._let_go()
            return
        saved = f"{self.files.path}.saved-{time.strftime('%Y%m%d-%H%M%S')}"
        create_private(saved)
        with closing(sqlite3.connect(saved)) as copy:
            sqlite.backup(copy)
        self._let_go()
        if not os.path.exists(self.files.path):
            os.rename(saved, self.files.path)
            self.files.accept()
            return
        self.trouble = (
            f"the database {self.files.path} was replaced while deskbridge runs, and nothing can be kept. All that was "
            f"in the old one is in {saved}: stop deskbridge, put there what it shall go on with, and start it"
        )

    def _commit(
        self, write: Callable[[Connection, Sequence[Submission]], list[Outcome]], batch: Sequence[Submission]
    ) -> list[Outcome]:
        delivered_up_to = self.delivered_up_to
        with self._transaction() as connection:
            outcomes = write(connection, batch)
            reserved = [(ids, ids.reserve(connection)) for ids in self._ids if ids.running_low]
            if any(isinstance(change, DeliveredUpTo) for change in chain.from_iterable(batch)):
                delivered_up_to = meta.get_number(connection, meta.DELIVERED_UP_TO)
        for ids, end in reserved:
            ids.extend(end)
        self.delivered_up_to = delivered_up_to
        self.indexing.written(sum(isinstance(change, NewMessage) for change in chain.from_iterable(batch)))
        return outcomes

    def _together(self, connection: Connection, batch: Sequence[Submission]) -> list[Outcome]:
        apply(connection, chain.from_iterable(batch), self._known)
        return [None] * len(batch)

    def _one_by_one(self, connection: Connection, batch: Sequence[Submission]) -> list[Outcome]:
        self._known = Known(connection)
        return [self._alone(connection, submission) for submission in batch]

    def _alone(self, connection: Connection, submission: Submission) -> Outcome:
        try:
            with connection.begin_nested():
                apply(connection, submission, self._known)
        except Exception as error:
            if is_operational(error):
                raise
            self._known.forget()
            kinds = ", ".join(type(change).__name__ for change in submission)
            log.error("refused for good: %s: %s", kinds, cause(error))
            return ChangeRefused(f"cannot be stored: {cause(error)}")
        return None

    def _all_failed(self, batch: Sequence[Submission], error: Exception) -> list[Outcome]:
        log.error("%d submissions could not be written: %s", len(batch), cause(error))
        self._known.forget()
        if not isinstance(error, StoreError):  # else they are not open, or hold what is to be saved
            self._let_go()
        kind = StoreBusy if is_busy(error) else StoreError
        return [kind(f"cannot be written: {cause(error)}") for _ in batch]
