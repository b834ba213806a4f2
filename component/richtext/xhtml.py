"""Blocks as XHTML-IM in the profile that XEP-0071 §7 recommends, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from component.policy.marks import plain_text
from component.xml import XML_LANG

from .document import (
    Block,
    Blocks,
    Heading,
    HorizontalRule,
    Image,
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
)
from .element_writer import ElementWriter, Level, merged_style
from .inline import merged, paragraphs, preserved
from .tree import XHTML_NS

XHTML_IM_NS = "http://jabber.org/protocol/xhtml-im"

_HEADING_SIZES = {1: "x-large", 2: "large"}


def body(blocks: Blocks, language: str | None) -> Element:
    """The ``<body/>`` of ``<html/>``."""
    element = Element(f"{{{XHTML_NS}}}body", {XML_LANG: language} if language else {})
    _write(element, tuple(_simple(blocks)))
    for part in element.iter():
        part.text, part.tail = part.text and plain_text(part.text), part.tail and plain_text(part.tail)
    return element


# Blocks without an element in the profile are written with others.


def _simple(blocks: Blocks) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Heading(level, content):
                yield Paragraph(tuple(_as_heading(inline, level) for inline in content))
            case Preformatted(content):
                yield from map(Paragraph, paragraphs(map(_as_code, content)))
            case Table():
                yield from map(Paragraph, paragraphs(_rows(rows_of(block))))
            case HorizontalRule():
                yield Paragraph((Run("———"),))
            case List(items, start) if start not in (None, 1):
                yield from _numbered(items, start or 0)
            case _:
                yield block


def rows_of(table: Table) -> Iterator[Inlines]:
    """Each row as one line, header cells in bold."""
    for row in table.rows:
        line: list[Inline] = []
        for position, cell in enumerate(row):
            if position:
                line.append(Run(" | "))
            line.extend(_strong(inline) if cell.header else inline for inline in cell.content)
        yield tuple(line)


def _rows(lines: Iterator[Inlines]) -> Inlines:
    content: list[Inline] = []
    for line in lines:
        if content:
            content.append(Run("\n"))
        content.extend(line)
    return merged(content)


def _numbered(items: tuple[Blocks, ...], start: int) -> Iterator[Block]:
    """There is no attribute for a list's first number."""
    for number, (first, *others) in enumerate(items, start):
        marker = Run(f"{number}. ")
        if isinstance(first, Paragraph):
            yield Paragraph(merged((marker, *first.content)), first.style)
        else:
            yield Paragraph((Run(marker.text.strip()),))
            yield from _simple((first,))
        yield from _simple(tuple(others))


def _as_heading(inline: Inline, level: int) -> Inline:
    size = {"font-size": _HEADING_SIZES[level]} if level in _HEADING_SIZES else {}
    look = replace(inline.look, style=merged_style(dict(inline.look.style), size))
    return _strong(replace(inline, look=look))


def _strong(inline: Inline) -> Inline:
    return replace(inline, look=replace(inline.look, marks=inline.look.marks | {Mark.STRONG}))


def _as_code(inline: Inline) -> Inline:
    look = replace(inline.look, marks=inline.look.marks | {Mark.CODE})
    return Run(preserved(inline.text), look) if isinstance(inline, Run) else replace(inline, look=look)


# Elements


def _write(parent: Element, blocks: Blocks) -> None:
    for block in blocks:
        match block:
            case Paragraph(content, style):
                WRITER.inlines(WRITER.element(parent, "p", style), content)
            case Quote(inner):
                _write(WRITER.element(parent, "blockquote"), tuple(_simple(inner)))
            case List(items, start):
                made = WRITER.element(parent, "ul" if start is None else "ol")
                for item in items:
                    _write_item(WRITER.element(made, "li"), tuple(_simple(item)))


def _write_item(item: Element, blocks: Blocks) -> None:
    """Without ``<p/>`` where there is only one, as clients leave space around it."""
    first, *others = blocks
    if isinstance(first, Paragraph) and not first.style and not any(isinstance(block, Paragraph) for block in others):
        WRITER.inlines(item, first.content)
        _write(item, tuple(others))
    else:
        _write(item, blocks)


def _style(look: Look) -> Style:
    code = {"font-family": "monospace"} if Mark.CODE in look.marks else {}
    lines = [line for line, present in (("line-through", Mark.DELETED in look.marks),) if present]
    underline = dict(look.style).get("text-decoration")
    decoration = {"text-decoration": " ".join([*([underline] if underline else []), *lines])} if lines else {}
    return merged_style(dict(look.style), code, decoration)


def _link(parent: Element, look: Look) -> Element:
    return WRITER.element(parent, "a", attributes={"href": look.target}) if look.target else parent


def _span(parent: Element, look: Look) -> Element:
    style = _style(look)
    return WRITER.element(parent, "span", style) if style else parent


def _mark(mark: Mark) -> Level:
    return (
        lambda look: mark in look.marks,
        lambda parent, look: WRITER.element(parent, mark.value) if mark in look.marks else parent,
    )


def _image(parent: Element, image: Image) -> None:
    if image.url and image.size:
        width, height = map(str, image.size)
        attributes = {"alt": plain_text(image.description), "src": image.url, "width": width, "height": height}
        WRITER.element(parent, "img", attributes=attributes)


WRITER = ElementWriter(
    XHTML_NS,
    (
        (lambda look: look.target, _link),
        (_style, _span),
        _mark(Mark.STRONG),
        _mark(Mark.EMPHASIS),
        _mark(Mark.CITED),
    ),
    _image,
)
