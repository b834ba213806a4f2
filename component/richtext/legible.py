"""What makes a page easier to read than the message is written: its own font and colours, and addresses as links.

A picture is its description, which leads to it: to show it would tell its owner who reads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from . import urls
from .document import Blocks, Inline, Inlines, Run, described
from .inline import merged, rejoined
from .walking import changed
from .weight import LOOKS_OF_LINKS, without_font

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
    """A link that names another address than the one it leads to says at its end where it leads to (XEP-0071 §11.2)."""
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
