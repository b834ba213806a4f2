"""A table as text: in aligned columns if they are narrow, else a line for each cell."""

import re
from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

WIDEST = 72
"""Characters of a line in which columns still look like columns."""

_NUMBER = re.compile(r"[^\w]{0,4}\d[\d.,'\s  ]*[^\w]{0,3}(?:[A-Za-z]{1,3})?")


def columns(cells: Sequence[Sequence[str]], headers: Sequence[bool]) -> Iterator[str]:
    """Lines of text. ``headers`` says which cells of the first row only name their column."""
    widths = [max(width(row[column]) for row in cells) for column in range(len(cells[0]))]
    if sum(widths) + 2 * (len(widths) - 1) <= WIDEST:
        yield from _aligned(cells, widths)
    elif all(headers):
        yield from _named(cells)
    else:
        yield from (" | ".join(row) for row in cells)


def width(text: str) -> int:
    """How many characters of a terminal a text takes."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _aligned(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    right = [all(_NUMBER.fullmatch(row[column] or "0") for row in cells[1:]) for column in range(len(widths))]
    for row in cells:
        padded = []
        for text, columns, is_number in zip(row, widths, right, strict=True):
            space = " " * (columns - width(text))
            padded.append(space + text if is_number else text + space)
        yield "  ".join(padded).rstrip(" ")


def _named(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """``Column: cell`` for each cell, with a blank line between rows."""
    names, *rows = cells
    for number, row in enumerate(rows):
        if number:
            yield ""
        yield from (f"{name}: {text}" if name else text for name, text in zip(names, row, strict=True) if text)
