"""What makes a page easier to read than the message is written: its own font and colours, and addresses as links."""

from collections.abc import Iterator
from dataclasses import replace

from . import urls
from .document import Blocks, Inline, Inlines, Run
from .inline import merged
from .walking import changed
from .weight import without_font

_LIGHTEST = 0.85


def legible(blocks: Blocks) -> Blocks:
    return changed(without_font(blocks), _legible)


def _legible(content: Inlines) -> Inlines:
    parts = (part for inline in map(_readable, content) for part in _with_links(inline))
    return merged(part for part in parts if not isinstance(part, Run) or part.text)


def _readable(inline: Inline) -> Inline:
    """Light text is only for a dark background that it brings along."""
    style = dict(inline.look.style)
    if "color" not in style or "background-color" in style or _lightness(style["color"]) < _LIGHTEST:
        return inline
    return replace(inline, look=replace(inline.look, style=tuple(pair for pair in style.items() if pair[0] != "color")))


def _lightness(colour: str) -> float:
    """From 0 for black to 1 for white."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue


def _with_links(inline: Inline) -> Iterator[Inline]:
    if not isinstance(inline, Run) or inline.look.target:
        yield inline
        return
    place = 0
    for start, end, target in urls.found(inline.text):
        yield Run(inline.text[place:start], inline.look)
        yield Run(inline.text[start:end], replace(inline.look, target=target))
        place = end
    yield Run(inline.text[place:], inline.look)
