"""How much formatting there is: whether it is worth a page, and whether it is more than anybody needs."""

from dataclasses import replace

from .document import Block, Blocks, Heading, Inline, Inlines, List, Preformatted, Quote, Run, Style, Table
from .walking import changed, contents

HEAVIEST = 262_144
"""Of all versions of a message."""

_FONTS = frozenset({"font-family", "font-size", "color", "background-color"})
LOOKS_OF_LINKS = frozenset({"color", "text-decoration"})


def lightened(blocks: Blocks) -> Blocks:
    """The blocks, without styles if they are too heavy."""
    return blocks if weight(blocks) <= HEAVIEST else changed(blocks, _without_styles)


def weight(blocks: Blocks) -> int:
    """Characters, about, of what is written from the blocks. Links and styles are repeated for each piece of text, and
    empty cells are written as well."""
    return sum(20 + sum(100 + _inline_weight(inline) for inline in content) for content in contents(blocks))


def is_formatted(blocks: Blocks) -> bool:
    """Whether plain text lacks something."""
    if any(_has_form(block) for block in blocks):
        return True
    runs = [inline for content in contents(without_font(blocks)) for inline in content if _is_text(inline)]
    return any(inline.look.marks or _own_style(inline) for inline in runs)


def without_font(blocks: Blocks) -> Blocks:
    """Without what all of the text has in common: that is how the writer's client looks, and means nothing."""
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
    return tuple(pair for pair in style if pair[0] not in LOOKS_OF_LINKS) if inline.look.target else style


def _inline_weight(inline: Inline) -> int:
    style = sum(len(name) + len(value) + 4 for name, value in inline.look.style)
    text = inline.text if isinstance(inline, Run) else inline.description + (inline.url or "")
    return len(text) + len(inline.look.target or "") + style


def _without_styles(content: Inlines) -> Inlines:
    return tuple(replace(inline, look=replace(inline.look, style=())) for inline in content)
