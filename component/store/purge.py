"""Retention: what of a tenant is older than so many days goes, in slices that keep no sender waiting (A8)."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

from . import expiry, words

P = ParamSpec("P")
T = TypeVar("T")


class Database(Protocol):
    """Where to purge: the store."""

    async def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``query`` answers, which only reads."""

    async def change(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``step`` answers, which writes."""


@dataclass(frozen=True, slots=True)
class Purged:
    """``deleted`` messages and ``conversations`` are gone; ``held`` messages were taken out of all views, but kept."""

    deleted: int
    held: int
    conversations: int


async def purge(database: Database, tenant: str, older_than: int) -> Purged:
    """Delete the tenant's messages sent before the time ``older_than``, in us, and delivered, as far as no hold keeps
    them; those that a hold kept until now too. Conversations between agents go after their last message.

    It can be broken off at any time, and begun anew.

    :raises StoreError: the database cannot do it now; some may be deleted
    """
    first_kept = await database.ask(expiry.first_kept, older_than)
    removed = held = deleted = conversations = 0
    async for ids in _slices(database, partial(expiry.due, tenant=tenant, before=first_kept)):
        some, some_held = await database.change(expiry.remove, tenant, ids)
        removed, held = removed + some, held + some_held
    async for ids in _slices(database, partial(expiry.released, tenant=tenant)):
        deleted += await database.change(expiry.remove_released, tenant, ids)
    async for ids in _slices(database, partial(expiry.empty, tenant=tenant, ended_before=older_than)):
        conversations += await database.change(expiry.remove_empty, ids)
    if removed:
        await _rewrite_words(database)
    return Purged(removed - held + deleted, held, conversations)


async def _slices(database: Database, due: Callable[[Connection, int], Sequence[int]]) -> AsyncIterator[Sequence[int]]:
    """What is ``due`` after a number, again and again."""
    last = 0
    while ids := await database.ask(due, last):
        yield ids
        last = ids[-1]


async def _rewrite_words(database: Database) -> None:
    """All of the index once. What is written meanwhile could be merged for ever."""
    for turn in range(await database.ask(words.most_rewrites)):
        if not await database.change(words.rewrite, first=turn == 0):
            break
