"""What a database does for a search: an index of words, which SQLite (`fts5`) and PostgreSQL (`tsvector`) have."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

from sqlalchemy import Connection

from component.folding import Phrase

Entry: TypeAlias = tuple[int, Sequence[int], Sequence[str]]
"""A message, the accounts that see it, its words."""

Indexed: TypeAlias = tuple[int, Sequence[int], str]
"""The same with its text, from which its words were cut."""


class WordIndex(Protocol):
    """``SOURCE`` is where messages with their words are selected from, in an ``{order}``, ``NUMBER`` what a message is
    called there, and ``MATCHES`` the condition for it; one of them has a place for ``:words``, an `expression`."""

    PORTION: int
    """Messages whose words are put in at a time: some milliseconds, for which a batch may have to wait."""

    SOURCE: str
    NUMBER: str
    MATCHES: str

    def add(self, connection: Connection, entries: Iterable[Entry]) -> None:
        """Put these in."""

    def remove(self, connection: Connection, indexed: Iterable[Indexed]) -> None:
        """Take out what was put in, exactly."""

    def clear(self, connection: Connection) -> None:
        """Take out everything."""

    def expression(self, phrases: Iterable[Phrase], accounts: Iterable[int] | None, all_of_them: bool) -> str:
        """The search for messages with all of ``phrases``; if ``accounts`` are given, for what ``all_of_them`` see, or
        any."""

    def merge(self, connection: Connection) -> bool:
        """Make fewer parts of the index, each of which a search has to look into. Is there more to do?"""

    def most_rewrites(self, connection: Connection) -> int:
        """How often `rewrite` need be called at most."""

    def rewrite(self, connection: Connection, first: bool) -> bool:
        """Rewrite some of the index without what was removed, if that is only marked; begin with ``first``. Is there
        more to do?"""
