"""Numbers instead of addresses: each real bare address is stored once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection, bindparam, insert, select

from ..schema import account

T = TypeVar("T")

CHUNK = 500
"""Values of one ``IN``; SQLite allows 32,766."""

_FIND = select(account.c.jid, account.c.id).where(account.c.jid.in_(bindparam("jids", expanding=True)))


class Accounts:
    """The numbers of accounts. Each address is read or written once in the life of the process."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self.ids: Mapping[str, int] = self._ids

    def intern(self, connection: Connection, jids: Collection[str]) -> Mapping[str, int]:
        """Make sure that all ``jids`` have numbers, in this transaction, and return all numbers known."""
        missing = self._find(connection, {jid for jid in jids if jid not in self._ids})
        if missing:
            connection.execute(insert(account), [{"jid": jid} for jid in missing])
            self._find(connection, missing)
        return self._ids

    def forget(self) -> None:
        """After a rollback: the numbers of accounts that were new in it are void."""
        self._ids.clear()

    def _find(self, connection: Connection, jids: Collection[str]) -> list[str]:
        for some in chunks(list(jids)):
            self._ids.update(connection.execute(_FIND, {"jids": some}).all())
        return [jid for jid in jids if jid not in self._ids]


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """``values`` in pieces that fit into one ``IN``."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
