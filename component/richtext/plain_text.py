"""Blocks as plain text that says the same."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from . import urls
from .columns import columns
from .document import (
    Block,
    Blocks,
    Heading,
    HorizontalRule,
    Inlines,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Table,
    described,
)

BULLET = "•"


def text(blocks: Blocks) -> str:
    return "\n".join(_lines(blocks))


def inline_text(content: Inlines) -> str:
    """Text with the targets of its links and the descriptions of its pictures written out."""
    runs = [inline if isinstance(inline, Run) else described(inline) for inline in content]
    parts = []
    for target, group in groupby(_across_lines(runs), lambda run: run.look.target):
        text = "".join(run.text for run in group)
        parts.append(text if target is None else _link(text, target))
    return "".join(parts)


def _across_lines(runs: list[Run]) -> Iterator[Run]:
    """A line break inside of a link is part of it."""
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
