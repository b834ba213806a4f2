"""Files as text (C5): ``NAME (SIZE): ADDRESS``, one line for each file, and the sender's own text around it.

The name comes from the sender, or from the end of the upload's address, and may be made to deceive: to change the
direction of the line, to break it, to hide the type of the file. The sender's text is kept. Addresses of uploads in it
are replaced by our links, and fallback marks, which name ranges of a body (XEP-0428), move along.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from component.policy.fallback import Range
from component.policy.file_descriptions import File
from component.policy.web_addresses import ADDRESS, key, last_segment, usable, without_punctuation

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 500
NAMELESS = "File"

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_SHOWN = frozenset("\u200c\u200d")  # invisible, but letters and emoji are joined with them
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_SEPARATORS = re.compile(r"[/\\]+")

MOST_ADDRESSES = 100
"""In a text. The later ones are not compared with those of the files."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``text`` instead of what stands from ``start`` to ``end``; in characters, as XEP-0426 counts them."""

    start: int
    end: int
    text: str = ""


class Edited:
    """``before`` with some edits made, which must not overlap; ``text`` is what came out."""

    def __init__(self, before: str, edits: Iterable[Edit]) -> None:
        self._edits = sorted(edits, key=lambda edit: edit.start)
        self._shifts = list(accumulate((len(e.text) - (e.end - e.start) for e in self._edits), initial=0))
        self._starts = [edit.start for edit in self._edits]
        pieces, position = [], 0
        for edit in self._edits:
            pieces += [before[position : edit.start], edit.text]
            position = edit.end
        self.text = "".join([*pieces, before[position:]])

    def place(self, old: int) -> int:
        """Where a place of the text before is now. One inside of an edit is where that begins."""
        passed = bisect_left(self._starts, old)  # edits that begin before it
        if passed and old < self._edits[passed - 1].end:
            return self._edits[passed - 1].start + self._shifts[passed - 1]
        return old + self._shifts[passed]


def trimmed(text: str) -> tuple[Edit, ...]:
    """The edits that take the white space off both ends."""
    start = len(text) - len(text.lstrip())
    end = max(start, len(text.rstrip()))
    return tuple(edit for edit in (Edit(0, start), Edit(end, len(text))) if edit.start < edit.end)


def file_name(file: File) -> str:
    """The name of the file, safe to show."""
    return _clean_name(file.name) or _clean_name(last_segment(file.url)) or NAMELESS


def file_line(file: File, address: str) -> str:
    """The file's line with ``address``, which is told for its own."""
    size = "" if file.size is None else f" ({size_words(file.size)})"
    return f"{file_name(file)}{size}: {address}"


def size_words(size: int) -> str:
    """A number of bytes, for people: ``1 byte``, ``67 kB``, ``3.2 MB``."""
    if size == 1:
        return "1 byte"
    number, unit = float(size), 0
    while number >= (999.5 if unit else 1000) and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    digits = f"{number:.1f}".removesuffix(".0") if number < 10 else f"{number:.0f}"
    return f"{digits} {_UNITS[unit]}"


def description(file: File) -> str:
    """What the sender says about the file, as one line."""
    return _shortened(visible(file.description[: 4 * LONGEST_DESCRIPTION]), LONGEST_DESCRIPTION)


def visible(text: str) -> str:
    """A text in one line, without what cannot be seen or turns the direction of what follows."""
    kept = "".join(c for c in text.replace("\t", " ") if c in _SHOWN or c in "\r\n" or _is_seen(c))
    return " ".join(kept.split())


def _is_seen(character: str) -> bool:
    # Not assigned may only mean newer than our tables; U+xFFFE and U+xFFFF are no characters, and none of XML's.
    return unicodedata.category(character) not in _UNSEEN and ord(character) & 0xFFFE != 0xFFFE


def _clean_name(name: str) -> str:
    parts = [part for part in _SEPARATORS.split(visible(name[: 4 * LONGEST_NAME])) if part.strip(" .\u200c\u200d")]
    return _shortened(parts[-1].strip(), LONGEST_NAME) if parts else ""


def _shortened(text: str, most: int) -> str:
    """Cut in the middle, so that the end of a name still tells what it is."""
    if len(text) <= most:
        return text
    end = 20
    return f"{text[: most - end - 1]}…{text[-end:]}"


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
