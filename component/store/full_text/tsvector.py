"""Words in PostgreSQL: a column of type tsvector for each message, and a GIN index over it. That has no list of pending
words, whose turn would come in one of the transactions, and take a second.

What was folded is written as such a value directly, with the place of each word, so that PostgreSQL's own parsers and
dictionaries cut nothing. Accounts are words too, with a sign that no word of a text has.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from component.folding import Phrase

from .word_index import Entry, Indexed

# Planned by itself (OFFSET 0), and in order. Otherwise PostgreSQL might walk through all messages from the newest on,
# in the hope that the words come soon, or join all that it finds before it sorts them for the few that are asked for.
SOURCE = "(SELECT id FROM message_text WHERE words @@ CAST(:words AS tsquery) ORDER BY id {order} OFFSET 0)"
NUMBER, MATCHES = "id", "TRUE"

MOST_BYTES = 900_000
"""Of different words; PostgreSQL takes 1 MB. Further ones are not found."""

PORTION = 32

_ADD = text("INSERT INTO message_text (id, words) VALUES (:id, CAST(:words AS tsvector))")
_REMOVE = text("DELETE FROM message_text WHERE id = :id")
_CLEAR = text("TRUNCATE message_text")


def add(connection: Connection, entries: Iterable[Entry]) -> None:
    rows = [{"id": id, "words": _value(accounts, words)} for id, accounts, words in entries]
    if rows:
        connection.execute(_ADD, rows)


def remove(connection: Connection, indexed: Iterable[Indexed]) -> None:
    rows = [{"id": id} for id, _, _ in indexed]
    if rows:
        connection.execute(_REMOVE, rows)


def clear(connection: Connection) -> None:
    connection.execute(_CLEAR)


def expression(phrases: Iterable[Phrase], accounts: Iterable[int] | None, all_of_them: bool) -> str:
    body = " & ".join(map(_phrase, phrases))
    if accounts is None:
        return body
    scope = (" & " if all_of_them else " | ").join(f"'@{number}'" for number in accounts)
    return f"({scope}) & {body}"


def merge(connection: Connection) -> bool:
    """PostgreSQL does it by itself."""
    return False


def most_rewrites(connection: Connection) -> int:
    """PostgreSQL's autovacuum does it."""
    return 0


def rewrite(connection: Connection, first: bool) -> bool:
    return False


def _value(accounts: Iterable[int], words: Iterable[str]) -> str:
    places: dict[str, list[int]] = {}
    left = MOST_BYTES
    for place, word in enumerate(words, 1):
        if word not in places:
            left -= len(word.encode()) + 4
        if left > 0:
            places.setdefault(word, []).append(place)
    scope = [f"'@{number}'" for number in accounts]
    return " ".join([*scope, *(f"'{word}':{','.join(map(str, found))}" for word, found in places.items())])


def _phrase(phrase: Phrase) -> str:
    in_order = " <-> ".join([f"'{word}'" for word in phrase.words])
    return f"({in_order}:*)" if phrase.beginning else f"({in_order})"
