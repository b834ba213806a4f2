"""The text that goes with files (C5): what the sender wrote stays, addresses of uploads become links of ours."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from component.policy.fallback import Range
from component.policy.web_addresses import ADDRESS, key, usable, without_punctuation

from .edits import Edit, Edited, trimmed

MOST_ADDRESSES = 100
"""In a text. The later ones are not compared with those of the files."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as the receiver sees it: its ``name``, its ``line``, and words about it, if there are any.

    ``keys`` are the addresses by which the sender's text may name it.
    """

    keys: frozenset[str]
    name: str
    line: str
    description: str


class Captioned:
    """A body with files: an address that stands alone makes room for the file's line, one within a sentence for the
    file's name, and the lines of all others come last.

    ``dropped`` are the ranges that only stood in for the files, without overlaps.
    """

    def __init__(self, before: str, dropped: Sequence[Range], files: Sequence[Shown]) -> None:
        self._by_key = {one: file for file in files for one in file.keys}
        blocks = {file.line: self._block(file, before) for file in files}
        edits = [Edit(*each) for each in dropped]
        edits += self._named(before, dropped, blocks)
        self._edited = Edited(before, edits)
        self._trimmed = Edited(self._edited.text, trimmed(self._edited.text))
        self.text = "\n".join([self._trimmed.text, *blocks.values()] if self._trimmed.text else blocks.values())

    def now(self, start: int, end: int) -> Range:
        """Where a range of the body is now."""
        return self._place(start), self._place(end)

    def _place(self, old: int) -> int:
        return self._trimmed.place(self._edited.place(old))

    def _block(self, file: Shown, caption: str) -> str:
        """The file's line, and the words about it, unless they are said anyway."""
        words = Edited(file.description, self._named(file.description, (), {})).text
        said = not words or words in caption or words in file.name
        return file.line if said else f"{words}\n{file.line}"

    def _named(self, text: str, dropped: Iterable[Range], blocks: dict[str, str]) -> Iterator[Edit]:
        """Edits for all addresses of files in the text. A block that finds a place is taken out of ``blocks``."""
        for start, end in _addresses(text, dropped):
            url = usable(text[start:end])
            file = self._by_key.get(key(url)) if url else None
            if file and file.line in blocks and _stands_alone(text, start, end):
                yield Edit(start, end, blocks.pop(file.line))
            elif file:
                yield Edit(start, end, file.name)


def _addresses(text: str, dropped: Iterable[Range]) -> Iterator[Range]:
    """Where there are addresses outside of what is dropped."""
    gaps = iter(dropped)
    gap = next(gaps, None)
    for match in islice(ADDRESS.finditer(text), MOST_ADDRESSES):
        start, end = match.start(), match.start() + len(without_punctuation(match.group()))
        while gap and gap[1] <= start:
            gap = next(gaps, None)
        if gap is None or end <= gap[0]:
            yield start, end


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing else is on its line."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    return not text[line_start:start].strip() and not text[end : line_end if line_end >= 0 else None].strip()
