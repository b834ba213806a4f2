"""Blocks as plain text that says the same, and whether a given text says the same.

Clients write lists, quotes, links and pictures in many ways, so texts are compared without the characters that only
mark these.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from unicodedata import combining, east_asian_width

from . import urls
from .document import (
    Block,
    Blocks,
    Heading,
    HorizontalRule,
    Image,
    Inline,
    Inlines,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Table,
    contents,
    described,
)

BULLET = "•"


def as_plain_text(blocks: Blocks) -> str:
    return "\n".join(_lines(blocks))


def inline_text(content: Inlines) -> str:
    """Text with link targets and picture descriptions written out."""
    runs = [inline if isinstance(inline, Run) else described(inline) for inline in content]
    parts = []
    for target, group in groupby(_across_lines(runs), lambda run: run.look.target):
        text = "".join(run.text for run in group)
        parts.append(text if target is None else _link(text, target))
    return "".join(parts)


def _across_lines(runs: list[Run]) -> Iterator[Run]:
    """A line break inside of a link is part of the link."""
    targets = [run.look.target for run in runs]
    for position, run in enumerate(runs):
        around = targets[max(position - 1, 0) : position + 2 : 2]
        if run.text == "\n" and len(set(around)) == 1:
            yield replace(run, look=replace(run.look, target=around[0]))
        else:
            yield run


def _link(text: str, target: str) -> str:
    """``text (target)``, or the target alone if the text says the same."""
    stripped = text.strip()
    named = target.removeprefix("mailto:")
    if not stripped:
        return f"{text}{named}"
    shown = named if urls.same(stripped, target) else f"{stripped} ({named})"
    return text.replace(stripped, shown, 1)


def _lines(blocks: Blocks) -> Iterator[str]:
    before: Block | None = None
    for block in blocks:
        if before is not None and not _belongs_to(before, block):
            yield ""
        yield from _block_lines(block)
        before = block


def _belongs_to(before: Block, block: Block) -> bool:
    """A list follows the line that introduces it."""
    return isinstance(block, List) and isinstance(before, Paragraph)


def _block_lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(content) | Heading(_, content):
            yield from inline_text(content).split("\n")
        case Preformatted(content):
            yield from ("```", *inline_text(content).split("\n"), "```")
        case Quote(blocks):
            yield from (f"> {line}".rstrip(" ") for line in _lines(blocks))
        case List(items, start):
            yield from _list_lines(items, start)
        case Table(rows):
            cells = [[inline_text(cell.content) for cell in row] for row in rows]
            yield from columns(cells, [cell.header for cell in rows[0]])
        case HorizontalRule():
            yield "———"


def _list_lines(items: tuple[Blocks, ...], start: int | None) -> Iterator[str]:
    for position, blocks in enumerate(items):
        marker = f"{BULLET} " if start is None else f"{start + position}. "
        lines = list(_lines(blocks))
        if isinstance(blocks[0], List):
            lines = ["", *lines]
        yield f"{marker}{lines[0]}".rstrip(" ")
        indent = " " * len(marker)
        yield from (f"{indent}{line}".rstrip(" ") for line in lines[1:])


# Tables

WIDEST = 72
"""Characters of a line; a wider table is not aligned."""

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


# Comparison with a body

LONGEST_COMPARED = 65_536
"""Characters of a body that is compared."""

_URL = re.compile(r"(?:[:=][ \t]*|[-–—→][ \t]+)?((?:https?://|mailto:)[^\s<>\"]+)", re.IGNORECASE)
"""An address, with the character that introduces it."""
_STOPS = ".,;:!?'"
_AROUND = f'()[]<>{_STOPS}"'
_MARKER = re.compile(
    r"^[ \t\u00a0>|]*(?:(?:[-*+•◦▪‣⁃·–—o]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])[ \t\u00a0]+)?", re.MULTILINE
)
_RULE = re.compile(r"^[ \t\u00a0\-=_*~—–+|]+$", re.MULTILINE)
_IGNORED = re.compile(
    "[\\s*_~^`|#\\[\\]\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufe0e\\ufe0f\\ufeff\\ufffc]+"
)
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("–—−‐‑", "-"),
        "…": "...",
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉₊₋", 2 * "0123456789+-", strict=True)),
    }
)


def says_the_same(text: str, blocks: Blocks) -> bool:
    """Whether ``text`` says what ``blocks`` say. Links may be written out in it or not, and so may pictures."""
    if len(text) > LONGEST_COMPARED:
        return False
    known = frozenset(urls.bare(target) for target in targets(blocks))
    forms = {_bare(text, known), _bare(_without_markers(text), known)}
    shapes = (_as_written, _with_targets, _without_pictures)
    spoken = (*("\n".join(_spoken_lines(blocks, shape)) for shape in shapes), as_plain_text(blocks))
    return any(_bare(said, known) in forms or _bare(_without_markers(said), known) in forms for said in spoken)


def has_all_addresses(text: str, blocks: Blocks) -> bool:
    """Whether nothing is lost without the links and pictures, as ``text`` has their addresses."""
    needed = {urls.bare(target) for target in targets(blocks)}
    if not needed:
        return True
    words = {urls.bare(word.strip(_AROUND)) for word in text.split()}
    words |= {urls.bare(urls.link(form) or "") for url in _URL.findall(text) for form in (url, url.rstrip(_AROUND))}
    return needed <= words


def targets(blocks: Blocks) -> Iterator[str]:
    """The targets of its links and the sources of its pictures."""
    for content in contents(blocks):
        for inline in content:
            if inline.look.target:
                yield inline.look.target
            if isinstance(inline, Image) and inline.url:
                yield inline.url


def _spoken_lines(blocks: Blocks, shape: Callable[[Inline], str]) -> Iterator[str]:
    for content in contents(blocks):
        yield "".join(map(shape, content))


def _as_written(inline: Inline) -> str:
    return inline.description if isinstance(inline, Image) else inline.text


def _with_targets(inline: Inline) -> str:
    """Links whose text is their target, but written differently, as the target."""
    target = inline.look.target
    is_target = target is not None and isinstance(inline, Run) and urls.same(inline.text, target)
    return target if target and is_target else _as_written(inline)


def _without_pictures(inline: Inline) -> str:
    return "" if isinstance(inline, Image) else _with_targets(inline)


def _without_markers(text: str) -> str:
    return _MARKER.sub("", _RULE.sub("", text))


def _bare(text: str, known: frozenset[str]) -> str:
    """The text without everything that clients write differently. URLs that are ``known`` are left out."""
    if known:
        text = _URL.sub(lambda found: _unless_known(found, known), text.replace("![", "["))
    text = unicodedata.normalize("NFC", text).translate(_ALIKE)
    return re.sub(r"\(\)|<>", "", _IGNORED.sub("", text))


def _unless_known(found: re.Match[str], known: frozenset[str]) -> str:
    """A known URL is removed, but not the characters after it."""
    url = found[1]
    for shorter in (url, url.rstrip(_STOPS), url.rstrip(_AROUND)):
        if urls.bare(urls.link(shorter) or shorter) in known:
            return url[len(shorter) :]
    return found[0]
