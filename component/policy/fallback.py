"""Fallback texts: which part of a body only stands in for an element that a client may not know (XEP-0428)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from xml.etree.ElementTree import Element

from .elements import FALLBACK_NS

Range = tuple[int, int]

END = 10**9
"""Of every text: a mark that names no end means all of what follows."""

MOST_RANGES = 100
"""Of one mark; more are not looked at."""

_MOST_DIGITS = 9


def is_blank_without(text: str, marked: Sequence[Range]) -> bool:
    """Whether nothing but white space is left of a text outside of what is ``marked`` (see `ranges`)."""
    position = 0
    for start, end in marked:
        if start >= len(text):
            break
        if text[position:start].strip():
            return False
        position = end
    return not text[position:].strip()


def ranges(fallbacks: Iterable[Element]) -> list[Range]:
    """What ``<fallback/>`` elements mark of a text, in order and without overlaps."""
    merged: list[Range] = []
    for start, end in sorted(_marked(fallbacks)):
        if merged and start <= merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        if start < end:
            merged.append((start, end))
    return merged


def within(marked: Iterable[Range], length: int) -> list[Range]:
    """The same of a text that is that long."""
    return [(start, min(end, length)) for start, end in marked if start < length]


def _marked(fallbacks: Iterable[Element]) -> Iterator[Range]:
    """One after the other. An element that names no part of the message means all of it (§3)."""
    for fallback in fallbacks:
        if not len(fallback):
            yield 0, END
        for body in islice(fallback.iterfind(f"{{{FALLBACK_NS}}}body"), MOST_RANGES):
            yield range_of(body)


def range_of(body: Element) -> Range:
    """What a mark's ``<body/>`` marks."""
    return _position(body.get("start"), 0), _position(body.get("end"), END)


def _position(value: str | None, default: int) -> int:
    """Characters as XEP-0426 counts them, which is how Python does. Nonsense counts as not said."""
    is_number = value and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if value and is_number else default
