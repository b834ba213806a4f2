"""All the text in blocks, however deep it is."""

from collections.abc import Callable, Iterator

from .document import Block, Blocks, Cell, Heading, Inlines, List, Paragraph, Preformatted, Quote, Table


def contents(blocks: Blocks) -> Iterator[Inlines]:
    """The text of each paragraph, heading and cell, in the order of reading."""
    for block in blocks:
        match block:
            case Paragraph(content) | Preformatted(content) | Heading(_, content):
                yield content
            case Quote(inner):
                yield from contents(inner)
            case List(items):
                for item in items:
                    yield from contents(item)
            case Table(rows):
                yield from (cell.content for row in rows for cell in row)


def changed(blocks: Blocks, change: Callable[[Inlines], Inlines]) -> Blocks:
    """The same blocks with other text."""
    return tuple(_changed(block, change) for block in blocks)


def _changed(block: Block, change: Callable[[Inlines], Inlines]) -> Block:
    match block:
        case Paragraph(content, style):
            return Paragraph(change(content), style)
        case Heading(level, content):
            return Heading(level, change(content))
        case Preformatted(content):
            return Preformatted(change(content))
        case Quote(inner):
            return Quote(changed(inner, change))
        case List(items, start):
            return List(tuple(changed(item, change) for item in items), start)
        case Table(rows):
            return Table(tuple(tuple(Cell(change(cell.content), cell.header) for cell in row) for row in rows))
    return block
