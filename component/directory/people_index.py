"""Finding people by the beginnings of words, which are compared as searches in messages do (A10).

A search among ten thousand people takes a fraction of a millisecond: their words are in sorted lists.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Self

from component.folding import phrases, words
from component.model import Directory, Party

MOST_WORDS = 10
"""Words of a query; further ones are ignored."""


class Index:
    """Words, with the positions of the people who have them. All words are in one string, which takes an eighth of the
    memory of separate strings."""

    def __init__(self, parties: Sequence[Party], texts: Callable[[Party], Sequence[str]]) -> None:
        """Of the words that ``texts`` gives for each of ``parties``."""
        found = sorted((word, place) for place, party in enumerate(parties) for word in dict.fromkeys(texts(party)))
        self._text = "".join(word for word, _ in found)
        self._ends = array("I", accumulate((len(word) for word, _ in found), initial=0))
        self._places = array("I", (place for _, place in found))

    def beginning(self, word: str) -> set[int]:
        """The positions of people with a word that begins with ``word``."""
        numbers = range(len(self._places))
        first = bisect_left(numbers, word, key=self._word)
        last = bisect_left(numbers, word + "\U0010ffff", key=self._word)
        return set(self._places[first:last])

    def _word(self, number: int) -> str:
        return self._text[self._ends[number] : self._ends[number + 1]]


class Finder:
    """The people of one side of one tenant, in the order of their names."""

    def __init__(
        self,
        parties: Sequence[Party],
        indexes: Mapping[str, Index],
        members: Mapping[str, frozenset[int]],
        group_words: Mapping[str, Sequence[str]],
    ) -> None:
        """Use ``of``."""
        self.parties = parties
        self._indexes = indexes
        self._members = members
        self._group_words = group_words

    @classmethod
    def of(cls, parties: Collection[Party], directory: Directory) -> Self:
        ordered = sorted(parties, key=lambda party: (words(party.name), party.face))
        members: dict[str, set[int]] = {}
        for place, party in enumerate(ordered):
            for group in party.person.groups:
                members.setdefault(group, set()).add(place)
        return cls(
            ordered,
            {kind: Index(ordered, texts) for kind, texts in _TEXTS.items()},
            {group: frozenset(places) for group, places in members.items()},
            {group: words(team.name) for group, team in directory.groups.items()},
        )

    def place(self, face: str) -> int | None:
        """Somebody's position in the order. Computed for each page, as it is rarely needed."""
        return next((place for place, party in enumerate(self.parties) if party.face == face), None)

    def find(
        self, text: str = "", name: str = "", title: str = "", group: str = "", *, known: Collection[str]
    ) -> list[int]:
        """The positions of people who match everything that is not empty, in order.

        ``text`` may be in name, title, address or group; groups that are not ``known`` match nobody.
        """
        found: list[set[int]] = []
        for kind, sought in (("name", name), ("title", title)):
            found += (self._indexes[kind].beginning(word) for word in _asked(sought))
        if group in self._group_words:  # by its id, which forms send
            found.append(set(self._members.get(group, ())) if group in known else set())
        else:
            found += (self._in_groups(word, known) for word in _asked(group))
        found += (self._anywhere(word) | self._in_groups(word, known) for word in _asked(text))
        if found:
            return sorted(set.intersection(*found))
        # Without any word everybody matches, and asterisks are no words. A query without letters or digits matches
        # nobody.
        sought = "".join((text, name, title, group)).replace("*", "").strip()
        return [] if sought else list(range(len(self.parties)))

    def _anywhere(self, word: str) -> set[int]:
        return set().union(*(index.beginning(word) for index in self._indexes.values()))

    def _in_groups(self, word: str, known: Collection[str]) -> set[int]:
        return {place for group in self._groups(word) if group in known for place in self._members.get(group, ())}

    def _groups(self, word: str) -> Iterator[str]:
        for group, own in self._group_words.items():
            if any(one.startswith(word) for one in own):
                yield group


def _asked(text: str) -> list[str]:
    return [word for phrase in phrases(text) for word in phrase.words][:MOST_WORDS]


def _local(party: Party) -> list[str]:
    local = party.face.partition("@")[0]
    return [*words(local), *([local.casefold()] if "." in local else [])]


_TEXTS: Mapping[str, Callable[[Party], list[str]]] = MappingProxyType(
    {
        "name": lambda party: words(party.name),
        "title": lambda party: words(party.person.title),
        "address": _local,
    }
)
