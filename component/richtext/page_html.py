"""Blocks as HTML for a page that loads nothing from elsewhere and runs nothing."""

from xml.etree.ElementTree import Element, tostring

from .document import (
    Block,
    Blocks,
    Cell,
    Heading,
    HorizontalRule,
    List,
    Look,
    Mark,
    Paragraph,
    Preformatted,
    Quote,
    Table,
)
from .legible import legible
from .writing import BlockWriter, Level

_REL = "noopener noreferrer nofollow"
_ANY_DIRECTION = {"dir": "auto"}
"""Text shows from which side it is read: where list markers stand, quotes are marked, and columns begin. Nobody looks
into an element that has this for those around it, so text itself has none; the page's style sees to paragraphs."""


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


WRITER = BlockWriter("", ((lambda look: look.target, _link), (lambda look: look.style, _span), *map(_mark, Mark)))
