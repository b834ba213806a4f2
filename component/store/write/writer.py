"""How a batch is written, and what is known of all that was: the same for every engine.

One transaction for everything pending is what makes a commit for each message affordable.
"""

import logging
from collections.abc import Callable, Sequence
from itertools import chain

from sqlalchemy import Connection

from ..changes import DeliveredUpTo, NewMessage
from ..engine import Faults, Outcome, Submission, Transaction
from ..records import meta
from ..store_errors import ChangeRefused, StoreError
from .batch import Known, Rows, apply, known_rows
from .ids import Ids, begin_era

log = logging.getLogger(__name__)


class Writer:
    """Lives where the engine has its one connection that writes; ids are taken from anywhere."""

    def __init__(self) -> None:
        self.id_key = b""
        """The key under which this database's message numbers become archive ids; 16 bytes, made by chance."""
        self.delivered_up_to = 0
        """The newest `DeliveredUpTo` on disk."""
        self.message_ids = Ids(meta.NEXT_MESSAGE_ID)
        self.conversation_ids = Ids(meta.NEXT_CONVERSATION_ID)
        self.known = Known()

    @property
    def _ids(self) -> tuple[Ids, Ids]:
        return self.message_ids, self.conversation_ids

    def start(self, transaction: Transaction) -> None:
        """Go on where the database, which has the newest schema, ends."""
        with transaction() as connection:
            if meta.take_out(connection, meta.COPIED):
                begin_era(connection)
            self.id_key = bytes.fromhex(meta.get(connection, meta.ID_KEY))
            self.delivered_up_to = meta.get_number(connection, meta.DELIVERED_UP_TO)
            self.known.start(connection)
            for ids in self._ids:
                ids.start(connection)
        self._commit(transaction, self._together, [])  # an empty batch reserves the first ids

    def write(self, transaction: Transaction, batch: Sequence[Submission], faults: Faults) -> Sequence[Outcome]:
        """Write the submissions in one transaction; an outcome for each, in their order. If one of them cannot be
        written, it alone fails.

        :raises Exception: nothing can be written; all of the batch failed
        """
        try:
            return self._commit(transaction, self._together, batch)
        except Exception as error:
            self.known.forget()
            if faults.is_operational(error) or isinstance(error, StoreError):
                raise
            log.warning("a batch failed, so its changes are tried one by one: %s", faults.cause(error))

        def one_by_one(connection: Connection, submissions: Sequence[Submission]) -> list[Outcome]:
            self.known.start(connection)
            return [self._alone(connection, submission, faults) for submission in submissions]

        try:
            return self._commit(transaction, one_by_one, batch)
        except Exception:
            self.known.forget()
            raise

    def rows(self, batch: Sequence[Submission]) -> Rows | None:
        """What writing this batch comes to, if that is messages and marks alone and all that they need is known.

        Tell what came of it by `written` or `failed`.
        """
        if self.message_ids.running_low or self.conversation_ids.running_low:
            return None
        messages: list[NewMessage] = []
        delivered = settled = 0
        for change in chain.from_iterable(batch):
            if isinstance(change, NewMessage):
                messages.append(change)
            elif isinstance(change, DeliveredUpTo):
                delivered, settled = max(delivered, change.id), max(settled, change.settled)
            else:
                return None
        rows = known_rows(messages, self.known) if messages else []
        return None if rows is None else Rows(rows, delivered, settled)

    def written(self, rows: Rows) -> None:
        self.delivered_up_to = max(self.delivered_up_to, rows.delivered)

    def failed(self) -> None:
        """Numbers that were given out are given again."""
        self.known.forget()

    def finish(self, connection: Connection) -> None:
        """Return the ids not used."""
        for ids in self._ids:
            ids.give_back(connection)

    def _commit(
        self,
        transaction: Transaction,
        write: Callable[[Connection, Sequence[Submission]], Sequence[Outcome]],
        batch: Sequence[Submission],
    ) -> Sequence[Outcome]:
        with transaction() as connection:
            outcomes = write(connection, batch)
            reserved = [(ids, ids.reserve(connection)) for ids in self._ids if ids.running_low]
        for ids, end in reserved:
            ids.extend(end)
        for submission, outcome in zip(batch, outcomes, strict=True):
            for change in submission:
                if isinstance(change, DeliveredUpTo) and outcome is None:
                    self.delivered_up_to = max(self.delivered_up_to, change.id)
        return outcomes

    def _together(self, connection: Connection, batch: Sequence[Submission]) -> list[Outcome]:
        apply(connection, chain.from_iterable(batch), self.known)
        return [None] * len(batch)

    def _alone(self, connection: Connection, submission: Submission, faults: Faults) -> Outcome:
        try:
            with connection.begin_nested():
                apply(connection, submission, self.known)
        except Exception as error:
            if faults.is_operational(error):
                raise
            self.known.forget()
            kinds = ", ".join(type(change).__name__ for change in submission)
            log.error("refused for good: %s: %s", kinds, faults.cause(error))
            return ChangeRefused(f"cannot be stored: {faults.cause(error)}")
        return None
