"""Message Markup (XEP-0394): a text, and marks that say where in it something is emphasised, code, a list, or a quote.

Positions are code points of the body's character data, which is how Python counts. A mark that is malformed, or
overlaps another one, is ignored; the text is kept.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from xml.etree.ElementTree import Element

from component.xml import split

from .block_builder import BlockBuilder, Flow, OpenItem, OpenList, OpenPreformatted, OpenQuote
from .document import Blocks, Look, Mark, Run
from .html_reader import LONGEST_TEXT, TooMuch
from .inline import preserved, verbatim

MARKUP_NS = "urn:xmpp:markup:0"
MOST_MARKS = 500

_MARKER = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])[ \t]+")
_SPANS = {"emphasis": Mark.EMPHASIS, "strong": Mark.STRONG, "code": Mark.CODE, "deleted": Mark.DELETED}


@dataclass(frozen=True, slots=True)
class _Range:
    """``flow`` makes the block for it; a span has ``marks`` instead."""

    start: int
    end: int
    flow: Callable[[], Flow] | None = None
    marks: frozenset[Mark] = frozenset()


def marked(body: str, markup: Element) -> Blocks:
    """The blocks of a body's text under its ``<markup/>``. Raises ``TooMuch``."""
    if len(body) > LONGEST_TEXT:
        raise TooMuch
    ranges = _nested(sorted(_ranges(markup, len(body)), key=lambda range: (range.start, -range.end)))
    positions = sorted({0, len(body), *(place for range in ranges for place in (range.start, range.end))})
    return _Marked(body, ranges).read(positions)


def _ranges(markup: Element, length: int) -> Iterator[_Range]:
    for mark in islice(markup, MOST_MARKS):
        start, end = _position(mark, "start"), _position(mark, "end")
        namespace, name = split(mark.tag)
        if namespace != MARKUP_NS or start is None or end is None or not start < end <= length:
            continue
        if name == "span":
            names = {split(kind.tag) for kind in mark}
            marks = frozenset(_SPANS[kind] for space, kind in names if space == MARKUP_NS and kind in _SPANS)
            yield _Range(start, end, marks=marks)
        elif name == "list":
            first = 1 if mark.get("ordered") in ("true", "1") else None
            yield _Range(start, end, partial(OpenList, first))
            yield from _items(mark, start, end)
        elif name in _BLOCKS:
            yield _Range(start, end, _BLOCKS[name])


_BLOCKS: dict[str, Callable[[], Flow]] = {"bcode": OpenPreformatted, "bquote": OpenQuote}


def _items(mark: Element, start: int, end: int) -> Iterator[_Range]:
    """Each until the next one begins; the first one begins with the list."""
    found = (_position(item, "start") for item in islice(mark, MOST_MARKS) if item.tag == f"{{{MARKUP_NS}}}li")
    starts = sorted({start, *(place for place in found if place is not None and start < place < end)})
    for first, after in pairwise([*starts, end]):
        yield _Range(first, after, OpenItem)


def _position(element: Element, key: str) -> int | None:
    value = element.get(key, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 7 else None


def _nested(ranges: list[_Range]) -> list[_Range]:
    """Without those that overlap one which began before."""
    kept: list[_Range] = []
    open: list[_Range] = []
    for range in ranges:
        while open and open[-1].end <= range.start:
            open.pop()
        if not open or range.end <= open[-1].end:
            kept.append(range)
            open.append(range)
    return kept


class _Marked:
    def __init__(self, body: str, ranges: list[_Range]) -> None:
        self._body = body
        self._coming = list(reversed(ranges))
        self._open: list[_Range] = []
        self._builder = BlockBuilder()

    def read(self, positions: list[int]) -> Blocks:
        for start, end in pairwise(positions):
            began = self._turn(start)
            self._add(start, end, began)
        self._turn(positions[-1])
        return self._builder.finish()

    def _turn(self, place: int) -> bool:
        """Close the ranges that end at a place and open those that begin there. Whether a list item began."""
        while self._open and self._open[-1].end <= place:
            if self._open.pop().flow:
                self._builder.close()
        began = False
        while self._coming and self._coming[-1].start == place:
            range = self._coming.pop()
            self._open.append(range)
            if range.flow:
                self._builder.open(range.flow())
                began = began or range.flow is OpenItem
        return began

    def _add(self, start: int, end: int, began: bool) -> None:
        text = self._body[start:end]
        if began:
            text = _MARKER.sub("", text, count=1) if _MARKER.match(text) else text
        depth = sum(range.flow is OpenQuote for range in self._open)
        if depth:
            text = _unquoted(text, depth, start == 0 or self._body[start - 1] == "\n")
        code = any(range.flow is OpenPreformatted for range in self._open)
        marks = frozenset[Mark]().union(*(range.marks for range in self._open))
        self._builder.add(Run(verbatim(text) if code else preserved(text), Look(marks)))


def _unquoted(text: str, depth: int, at_line: bool) -> str:
    """Without the characters that mark each line as quoted."""
    begin = r"(?:\A|(?<=\n))" if at_line else r"(?<=\n)"
    return re.sub(rf"{begin}(?:>[ ]?){{1,{depth}}}", "", text)
