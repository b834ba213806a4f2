"""Fallback texts: which part of a body only stands in for an element that a client may not know (XEP-0428)."""

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from .elements import FALLBACK_NS

Range = tuple[int, int]

_MOST_DIGITS = 9


def is_blank_without(text: str, fallbacks: Iterable[Element]) -> bool:
    """Whether nothing but white space is left of a body's text outside of what ``<fallback/>`` elements mark."""
    position = 0
    for start, end in ranges(fallbacks, len(text)):
        if text[position:start].strip():
            return False
        position = end
    return not text[position:].strip()


def ranges(fallbacks: Iterable[Element], length: int) -> list[Range]:
    """What they mark of a text of that length, in order and without overlaps."""
    merged: list[Range] = []
    for start, end in sorted(_marked(fallbacks, length)):
        if merged and start <= merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        if start < end:
            merged.append((start, end))
    return merged


def _marked(fallbacks: Iterable[Element], length: int) -> Iterator[Range]:
    """One after the other. An element that names no part of the message means all of it (§3)."""
    for fallback in fallbacks:
        if not len(fallback):
            yield 0, length
        for body in fallback.iterfind(f"{{{FALLBACK_NS}}}body"):
            yield range_of(body, length)


def range_of(body: Element, length: int) -> Range:
    """What a mark's ``<body/>`` marks of a text of that length."""
    return _position(body.get("start"), 0), min(length, _position(body.get("end"), length))


def _position(value: str | None, default: int) -> int:
    """Characters as XEP-0426 counts them, which is how Python does. Nonsense counts as not said."""
    is_number = value and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if value and is_number else default
