"""One transaction for everything pending: what makes a commit for each message affordable."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine

from . import meta, words
from .apply import apply
from .changes import Change, DeliveredUpTo, NewMessage
from .database import PROBLEMS, cause, is_operational, migrate, writer_engine
from .errors import ChangeRefused, StoreError
from .ids import Ids
from .indexing import Indexing
from .known import Known
from .prepared import driver

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

Submission = Sequence[Change]
"""Changes that are written together or not at all."""

Outcome = StoreError | None


class Writer:
    """The one connection that writes. Everything but the ids blocks, and belongs into one thread."""

    def __init__(self, engine: Engine) -> None:
        """Go on where the database, which has the newest schema, ends."""
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
            return cls(engine)
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
            if is_operational(error):
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
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        sqlite = driver(connection)
        sqlite.execute("BEGIN IMMEDIATE")
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
        self._let_go()
        return [StoreError(f"cannot be written: {cause(error)}") for _ in batch]
