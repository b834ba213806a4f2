"""Messages of many chats as one list, each chat cut to its window (A1 to A3).

A chat is a sequence by rising ids. What is asked for here costs a few steps along an index for each chat, none for
each message in it. SQLite merges the lists by itself: with ORDER BY and LIMIT a recursive query takes the nearest
message of all chats, puts the next one of the same chat in its place, and stops when the page is full. PostgreSQL has
no such query: it takes the nearest message of each chat, and then more of those chats alone whose first is among the
nearest of all, which are no more than the page is long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import BigInteger, Connection, TextClause, bindparam, text

from ..dialects import GREATEST, LEAST
from .id_range import END, Bounds
from .sequences import visible_messages

EVERYTHING = 2**63 - 1
"""A window that no chat fills."""

JOINED_OF_AGENT = "kind = 'joined' AND first_id = :viewer"
JOINED_OF_WORK_USER = "kind = 'joined' AND second_id = :viewer"
OPEN_AS_FIRST = "kind = 'desk' AND ended_at IS NULL AND first_id = :viewer"
OPEN_AS_SECOND = "kind = 'desk' AND ended_at IS NULL AND second_id = :viewer"
WINDOWED = {JOINED_OF_AGENT}
_OTHER = {
    JOINED_OF_AGENT: "second_id",
    JOINED_OF_WORK_USER: "first_id",
    OPEN_AS_FIRST: "second_id",
    OPEN_AS_SECOND: "first_id",
}

# Of the window, as many lie from a number on as in the whole chat, but no more than its size.
_COUNT = """
WITH chat (id, size) AS ({chats})
SELECT CAST(coalesce(sum(
    {least}(size, {from_first}) - CASE WHEN :last = {end} THEN 0 ELSE {least}(size, {beyond_last}) END
), 0) AS BIGINT) FROM chat
"""

# The last messages of all are in those chats, no more than are wanted, whose newest ones are the newest of all.
_NEWEST = """
SELECT id, size FROM any_chat
ORDER BY (
    SELECT m.id FROM message m
    WHERE m.conversation_id = any_chat.id AND m.withdrawn_at IS NULL ORDER BY m.id DESC LIMIT 1
) DESC NULLS LAST LIMIT :limit"""

# strand: where each chat's window begins.
_STRAND = """
any_chat (id, size) AS ({chats}),
chat (id, size) AS MATERIALIZED ({chosen}),
strand (chat, floor) AS MATERIALIZED (
    SELECT id, {greatest}(:first, CASE WHEN size = {everything} THEN 0 ELSE coalesce((
        SELECT m.id FROM message m WHERE m.conversation_id = chat.id AND m.withdrawn_at IS NULL
        ORDER BY m.id DESC LIMIT 1 OFFSET :window - 1
    ), 0) END)
    FROM chat
)"""

# merged: the nearest message of each chat, then what comes behind those taken.
_MERGED = """
WITH RECURSIVE {strand},
merged (id, chat, floor) AS (
    SELECT (
        SELECT m.id FROM message m
        WHERE m.conversation_id = strand.chat AND m.withdrawn_at IS NULL AND m.id BETWEEN strand.floor AND :last
        ORDER BY m.id {order} LIMIT 1
    ), chat, floor
    FROM strand
    UNION ALL
    SELECT (
        SELECT m.id FROM message m
        WHERE m.conversation_id = merged.chat AND m.withdrawn_at IS NULL AND m.id BETWEEN {beyond}
        ORDER BY m.id {order} LIMIT 1
    ), chat, floor
    FROM merged WHERE id IS NOT NULL
    ORDER BY 1 {order} NULLS LAST LIMIT :limit
)
SELECT id FROM merged WHERE id IS NOT NULL
"""

# head: the nearest message of each chat.
_LATERAL = """
WITH {strand},
head (id, chat, floor) AS MATERIALIZED (
    SELECT (
        SELECT m.id FROM message m
        WHERE m.conversation_id = strand.chat AND m.withdrawn_at IS NULL AND m.id BETWEEN strand.floor AND :last
        ORDER BY m.id {order} LIMIT 1
    ), chat, floor
    FROM strand
)
SELECT near.id FROM (SELECT chat, floor FROM head WHERE id IS NOT NULL ORDER BY id {order} LIMIT :limit) AS nearest
CROSS JOIN LATERAL (
    SELECT m.id FROM message m
    WHERE m.conversation_id = nearest.chat AND m.withdrawn_at IS NULL AND m.id BETWEEN nearest.floor AND :last
    ORDER BY m.id {order} LIMIT :limit
) AS near
ORDER BY near.id {order} LIMIT :limit
"""
_NEAREST = {"sqlite": _MERGED, "postgresql": _LATERAL}
_NUMBERS = ("window", "first", "last")
_WITHIN = (">= :first", "> :last")


@dataclass(frozen=True, slots=True)
class Chats:
    """The chats of the account ``viewer``, those of ``kinds``, and only with the account ``other`` if that is given.

    Of a chat with a Work user the last ``window`` visible messages count (None: all).
    """

    kinds: tuple[str, ...]
    viewer: int
    other: int | None = None
    window: int | None = None

    def count(self, connection: Connection, bounds: Bounds) -> int:
        """How many messages there are within ``bounds``."""
        return (
            connection.scalar(_count(connection.dialect.name, self.kinds, self.other is not None), self.values(bounds))
            or 0
        )

    def nearest(self, connection: Connection, bounds: Bounds, limit: int, backwards: bool) -> Sequence[int]:
        """The first numbers within ``bounds``, or the last ones by falling number if ``backwards``."""
        last_of_all = backwards and bounds.last == END
        statement = _nearest(connection.dialect.name, self.kinds, self.other is not None, backwards, last_of_all)
        return connection.scalars(statement, {**self.values(bounds), "limit": limit}).all()

    def values(self, bounds: Bounds) -> dict[str, int | None]:
        """What the statements about these chats leave open."""
        return {
            "viewer": self.viewer,
            "other": self.other,
            "window": EVERYTHING if self.window is None else self.window,
            "first": bounds.first,
            "last": bounds.last,
        }


@cache
def _count(dialect: str, kinds: tuple[str, ...], one: bool) -> TextClause:
    from_first, beyond_last = (visible_messages(beyond, "seq", "conversation_id", "chat.id") for beyond in _WITHIN)
    chats, least = _chats(kinds, one), LEAST[dialect]
    return _typed(_COUNT.format(chats=chats, from_first=from_first, beyond_last=beyond_last, least=least, end=END))


@cache
def _nearest(dialect: str, kinds: tuple[str, ...], one: bool, backwards: bool, last_of_all: bool) -> TextClause:
    order, beyond = ("DESC", "floor AND merged.id - 1") if backwards else ("ASC", "merged.id + 1 AND :last")
    strand = _STRAND.format(
        chats=_chats(kinds, one),
        chosen=_NEWEST if last_of_all else "SELECT id, size FROM any_chat",
        greatest=GREATEST[dialect],
        everything=EVERYTHING,
    )
    return _typed(_NEAREST[dialect].format(strand=strand, order=order, beyond=beyond))


def _chats(kinds: tuple[str, ...], one: bool) -> str:
    """The rows of the table ``chat``; ``one`` if only the chat with ``:other`` is wanted."""
    selects = []
    for kind in kinds:
        size = ":window" if kind in WINDOWED else str(EVERYTHING)
        selects.append(f"SELECT id, {size} FROM conversation WHERE {condition(kind, one)}")
    return " UNION ALL ".join(selects)


def condition(kind: str, one: bool) -> str:
    """Which conversations are of that kind; ``one``: only with ``:other``."""
    return f"{kind} AND {_OTHER[kind]} = :other" if one else kind


def _typed(sql: str) -> TextClause:
    """PostgreSQL would take numbers that it compares with small ones for small ones."""
    return text(sql).bindparams(*(bindparam(name, type_=BigInteger) for name in _NUMBERS if f":{name}" in sql))


# Everything that one agent wrote to Work users and got from them, as one sequence, whatever the number of chats

_OWN_FIRST, _OWN_LAST = (visible_messages(beyond, "owner_seq", "owner_id", ":viewer") for beyond in _WITHIN)
_OWN_COUNT = _typed(f"SELECT {_OWN_FIRST} - {_OWN_LAST}")

_OWN_NEAREST = """
SELECT id FROM message
WHERE owner_id = :viewer AND withdrawn_at IS NULL AND id BETWEEN :first AND :last
ORDER BY id {order} LIMIT :limit
"""
_FORWARDS = text(_OWN_NEAREST.format(order="ASC"))
_BACKWARDS = text(_OWN_NEAREST.format(order="DESC"))


@dataclass(frozen=True, slots=True)
class WholeHistory:
    """All visible messages between the agent's account ``viewer`` and Work users."""

    viewer: int

    def count(self, connection: Connection, bounds: Bounds) -> int:
        """How many messages there are within ``bounds``."""
        row = {"viewer": self.viewer, "first": bounds.first, "last": bounds.last}
        return connection.scalar(_OWN_COUNT, row) or 0

    def nearest(self, connection: Connection, bounds: Bounds, limit: int, backwards: bool) -> Sequence[int]:
        """The first numbers within ``bounds``, or the last ones by falling number if ``backwards``."""
        row = {"viewer": self.viewer, "first": bounds.first, "last": bounds.last, "limit": limit}
        return connection.scalars(_BACKWARDS if backwards else _FORWARDS, row).all()
