"""Changing a text, and finding its places again: fallback marks name ranges of a body (XEP-0428)."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate


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
