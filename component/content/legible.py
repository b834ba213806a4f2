"""What makes a page easier to read than the message is written: its own font and colours, and addresses as links.

A picture is its description, which leads to it: to show it would tell its owner who reads.
"""

from collections.abc import Iterator
from dataclasses import replace

from . import urls
from .document import Blocks, Image, Inline, Inlines, Run, described
from .inline import merged
from .walking import changed
from .weight import LOOKS_OF_LINKS, without_font

_LIGHTEST = 0.85


def legible(blocks: Blocks) -> Blocks:
    """The same blocks as they are shown on a page."""
    return changed(without_font(changed(blocks, _linked)), _readable)


def _linked(content: Inlines) -> Inlines:
    parts = (part for inline in content for part in _with_links(inline))
    return merged(part for part in parts if not isinstance(part, Run) or part.text)


def _readable(content: Inlines) -> Inlines:
    return merged(map(_without_unreadable, content))


def _without_unreadable(inline: Inline) -> Inline:
    """Links look as all links on the page. Light text is only for a dark background that it brings along."""
    style = dict(inline.look.style)
    if not style or "background-color" in style:
        return inline
    if inline.look.target:
        unreadable = LOOKS_OF_LINKS
    else:
        unreadable = frozenset({"color"} if _lightness(style.get("color", "#000000")) > _LIGHTEST else ())
    kept = tuple(pair for pair in inline.look.style if pair[0] not in unreadable)
    return replace(inline, look=replace(inline.look, style=kept))


def _lightness(colour: str) -> float:
    """From 0 for black to 1 for white."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue


def _with_links(inline: Inline) -> Iterator[Inline]:
    if isinstance(inline, Image):
        yield described(inline)
    elif inline.look.target:
        yield _honest(inline, inline.look.target)
    else:
        place = 0
        for start, end, target in urls.found(inline.text):
            yield Run(inline.text[place:start], inline.look)
            yield Run(inline.text[start:end], replace(inline.look, target=target))
            place = end
        yield Run(inline.text[place:], inline.look)


def _honest(run: Run, target: str) -> Run:
    """A link that names another address than the one it leads to says where it leads to (XEP-0071 §11.2)."""
    named = [found for _, _, found in urls.found(run.text)]
    if not named or any(urls.same(found, target) for found in named):
        return run
    return Run(f"{run.text} ({target})", run.look)
