"""How much formatting there is: whether it is worth a page, and whether it is more than anybody needs."""

from dataclasses import replace

from .agreement import contents
from .document import (
    Block,
    Blocks,
    Cell,
    Heading,
    Inline,
    Inlines,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Style,
    Table,
)

HEAVIEST = 262_144
"""Characters, about, of what is written from the blocks. Links and styles are repeated for each piece of text."""

_LOOKS_OF_LINKS = frozenset({"color", "text-decoration"})
_FONTS = frozenset({"font-family", "font-size", "color", "background-color"})


def lightened(blocks: Blocks) -> Blocks | None:
    """The blocks, without styles if they are too heavy; None if they still are."""
    if _weight(blocks) <= HEAVIEST:
        return blocks
    bare = tuple(_without_styles(block) for block in blocks)
    return bare if _weight(bare) <= HEAVIEST else None


def is_formatted(blocks: Blocks) -> bool:
    """Whether plain text lacks something. One font for the whole message is the writer's client's choice of font."""
    if any(_has_form(block) for block in blocks):
        return True
    runs = [inline for content in contents(blocks) for inline in content if _is_text(inline)]
    if any(inline.look.marks for inline in runs):
        return True
    styles = {inline.look.style for inline in runs if not inline.look.target}
    fonts = {_font(inline.look.style) for inline in runs}
    return len(styles) > 1 or len(fonts) > 1 or any(name not in _FONTS for style in styles for name, _ in style)


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


def _font(style: Style) -> Style:
    """Without what makes links look like links in any case."""
    return tuple(pair for pair in style if pair[0] not in _LOOKS_OF_LINKS)


def _weight(blocks: Blocks) -> int:
    return sum(100 + _inline_weight(inline) for content in contents(blocks) for inline in content)


def _inline_weight(inline: Inline) -> int:
    style = sum(len(name) + len(value) + 4 for name, value in inline.look.style)
    text = inline.text if isinstance(inline, Run) else inline.description + (inline.url or "")
    return len(text) + len(inline.look.target or "") + style


def _without_styles(block: Block) -> Block:
    match block:
        case Paragraph(content):
            return Paragraph(_bare(content))
        case Heading(level, content):
            return Heading(level, _bare(content))
        case Preformatted(content):
            return Preformatted(_bare(content))
        case Quote(inner):
            return Quote(tuple(map(_without_styles, inner)))
        case List(items, start):
            return List(tuple(tuple(map(_without_styles, item)) for item in items), start)
        case Table(rows):
            return Table(tuple(tuple(Cell(_bare(cell.content), cell.header) for cell in row) for row in rows))
    return block


def _bare(content: Inlines) -> Inlines:
    return tuple(replace(inline, look=replace(inline.look, style=())) for inline in content)
