"""Blocks as plain text that says the same."""

from collections.abc import Iterator
from itertools import groupby

from . import urls
from .columns import columns
from .document import (
    Block,
    Blocks,
    Heading,
    Image,
    Inline,
    Inlines,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Rule,
    Table,
)

BULLET = "•"


def text(blocks: Blocks) -> str:
    return "\n".join(_lines(blocks))


def inline_text(content: Inlines) -> str:
    """Text with the targets of its links and the descriptions of its pictures written out."""
    parts = []
    for target, group in groupby(content, lambda inline: inline.look.target):
        same = list(group)
        parts.append("".join(map(_piece, same)) if target is None else _link(same, target))
    return "".join(parts)


def _link(content: list[Inline], target: str) -> str:
    """``text (target)``, or the target alone if the text says the same."""
    text = "".join(_described(inline) if isinstance(inline, Image) else inline.text for inline in content)
    stripped = text.strip()
    named = target.removeprefix("mailto:")
    shown = named if not stripped or urls.same(stripped, target) else f"{stripped} ({named})"
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{shown}{after}" if stripped else shown


def _piece(inline: Inline) -> str:
    if not isinstance(inline, Image):
        return inline.text
    return f"{_described(inline)} {inline.url}" if inline.url else _described(inline)


def _described(image: Image) -> str:
    return f"[{image.description or 'image'}]"


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
        case Rule():
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
