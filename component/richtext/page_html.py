"""Blocks as HTML for a page that loads nothing from elsewhere and runs nothing.

A page is easier to read than the message as it was written: it has its own font and colours, and addresses are links. A
picture is replaced by its description, which links to it: showing it would tell its owner who reads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from xml.etree.ElementTree import Element, tostring

from . import urls
from .document import (
    Block,
    Blocks,
    Cell,
    Heading,
    HorizontalRule,
    Inline,
    Inlines,
    List,
    Look,
    Mark,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Style,
    Table,
    changed,
    contents,
    described,
)
from .element_writer import ElementWriter, Level
from .inline import merged, rejoined

_FONTS = frozenset({"font-family", "font-size", "color", "background-color"})
_LOOKS_OF_LINKS = frozenset({"color", "text-decoration"})


def is_formatted(blocks: Blocks) -> bool:
    """Whether plain text lacks something."""
    if any(_has_form(block) for block in blocks):
        return True
    runs = [inline for content in contents(without_font(blocks)) for inline in content if _is_text(inline)]
    return any(inline.look.marks or _own_style(inline) for inline in runs)


def without_font(blocks: Blocks) -> Blocks:
    """Without styles that all of the text has in common: they come from the writer's client and mean nothing."""
    styles = [
        frozenset(inline.look.style)
        for content in contents(blocks)
        for inline in content
        if _is_text(inline) and not inline.look.target
    ]
    common = {pair for pair in frozenset.intersection(*styles) if pair[0] in _FONTS} if styles else set()
    return changed(blocks, lambda content: _without(content, common)) if common else blocks


def _without(content: Inlines, common: set[tuple[str, str]]) -> Inlines:
    return tuple(
        replace(inline, look=replace(inline.look, style=tuple(p for p in inline.look.style if p not in common)))
        for inline in content
    )


def _has_form(block: Block) -> bool:
    match block:
        case Heading() | Preformatted() | Table():
            return True
        case Quote(inner):
            return any(map(_has_form, inner))
        case List(items):
            return any(_has_form(inner) for item in items for inner in item)
    return False


def _is_text(inline: Inline) -> bool:
    return isinstance(inline, Run) and bool(inline.text.strip())


def _own_style(inline: Inline) -> Style:
    """Links look like links in any case."""
    style = inline.look.style
    return tuple(pair for pair in style if pair[0] not in _LOOKS_OF_LINKS) if inline.look.target else style


_LIGHTEST = 0.85


def legible(blocks: Blocks) -> Blocks:
    """The same blocks as they are shown on a page."""
    return changed(without_font(changed(blocks, _linked)), _readable)


def _linked(content: Inlines) -> Inlines:
    runs = (inline if isinstance(inline, Run) else described(inline) for inline in content)
    linked = (part for run in runs for part in _with_links(run) if part.text)
    by_target = groupby(linked, lambda run: run.look.target)
    return merged(part for target, group in by_target for part in (_honest(tuple(group), target) if target else group))


def _readable(content: Inlines) -> Inlines:
    return rejoined(map(_without_unreadable, content))


def _without_unreadable(inline: Inline) -> Inline:
    """Links look like all links on the page. Light text is kept only with a dark background of its own."""
    style = dict(inline.look.style)
    if not style or "background-color" in style:
        return inline
    if inline.look.target:
        unreadable = _LOOKS_OF_LINKS
    else:
        unreadable = frozenset({"color"} if _lightness(style.get("color", "#000000")) > _LIGHTEST else ())
    kept = tuple(pair for pair in inline.look.style if pair[0] not in unreadable)
    return replace(inline, look=replace(inline.look, style=kept))


def _lightness(colour: str) -> float:
    """From 0 for black to 1 for white."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue


def _with_links(run: Run) -> Iterator[Run]:
    if run.look.target:
        yield run
        return
    place = 0
    for start, end, target in urls.found(run.text):
        yield Run(run.text[place:start], run.look)
        yield Run(run.text[start:end], replace(run.look, target=target))
        place = end
    yield Run(run.text[place:], run.look)


def _honest(runs: Sequence[Run], target: str) -> Iterator[Run]:
    """A link whose text names another address gets its real target appended (XEP-0071 §11.2)."""
    whole = "".join(run.text for run in runs)
    read = [found for _, _, found in urls.found(whole)]
    names_none = not (read or any(list(urls.found(run.text)) for run in runs))
    if names_none or any(urls.same(found, target) for found in read) or whole.rstrip(" ").endswith(f"({target})"):
        yield from runs
        return
    *others, last = runs
    text = last.text.rstrip(" ")
    yield from others
    yield Run(f"{text} ({target}){last.text[len(text) :]}", last.look)


# Elements

_REL = "noopener noreferrer nofollow"
_ANY_DIRECTION = {"dir": "auto"}
"""The direction of the text decides where list markers, quote marks and the first column are. An element with this
attribute does not count for the direction of its parents, so text itself has none; the page's style handles paragraphs.
"""


def html(blocks: Blocks, language: str | None) -> str:
    """Text that can be put into a ``<body>`` or any other block."""
    root = Element("div", {"dir": "auto", **({"lang": language} if language else {})})
    _write(root, legible(blocks))
    return tostring(root, encoding="unicode", method="html")


def _write(parent: Element, blocks: Blocks) -> None:
    for block in blocks:
        _write_block(parent, block)


def _write_block(parent: Element, block: Block) -> None:
    match block:
        case Paragraph(content, style):
            WRITER.inlines(WRITER.element(parent, "p", style), content)
        case Heading(level, content):
            WRITER.inlines(WRITER.element(parent, f"h{level}"), content)
        case Preformatted(content):
            WRITER.inlines(WRITER.element(parent, "pre"), content)
        case Quote(inner):
            _write(WRITER.element(parent, "blockquote", attributes=_ANY_DIRECTION), inner)
        case List(items, start):
            attributes = _ANY_DIRECTION | ({"start": str(start)} if start not in (None, 1) else {})
            made = WRITER.element(parent, "ul" if start is None else "ol", attributes=attributes)
            for item in items:
                _write_item(WRITER.element(made, "li"), item)
        case Table(rows):
            made = WRITER.element(WRITER.element(parent, "table", attributes=_ANY_DIRECTION), "tbody")
            for row in rows:
                _write_row(WRITER.element(made, "tr"), row)
        case HorizontalRule():
            WRITER.element(parent, "hr")


def _write_item(item: Element, blocks: Blocks) -> None:
    first, *others = blocks
    if isinstance(first, Paragraph) and not first.style and not any(isinstance(block, Paragraph) for block in others):
        WRITER.inlines(item, first.content)
        _write(item, tuple(others))
    else:
        _write(item, blocks)


def _write_row(parent: Element, row: tuple[Cell, ...]) -> None:
    for cell in row:
        WRITER.inlines(WRITER.element(parent, "th" if cell.header else "td"), cell.content)


def _link(parent: Element, look: Look) -> Element:
    return WRITER.element(parent, "a", attributes={"href": look.target, "rel": _REL}) if look.target else parent


def _span(parent: Element, look: Look) -> Element:
    return WRITER.element(parent, "span", look.style) if look.style else parent


def _mark(mark: Mark) -> Level:
    return (
        lambda look: mark in look.marks,
        lambda parent, look: WRITER.element(parent, mark.value) if mark in look.marks else parent,
    )


WRITER = ElementWriter("", ((lambda look: look.target, _link), (lambda look: look.style, _span), *map(_mark, Mark)))
