"""What an element's name and attributes say about the look of the text in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from . import css
from .document import PLAIN, Look, Mark, Style
from .tree import Tree
from .vocabulary import FONT_SIZES, MARKS, STYLES


class Space(Enum):
    """What becomes of white space."""

    COLLAPSED = auto()
    PRESERVED = auto()
    VERBATIM = auto()


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for text at some place. ``style`` is that of its paragraph."""

    look: Look = PLAIN
    style: Style = ()
    space: Space = Space.COLLAPSED


_SPACES = {
    **dict.fromkeys(("pre", "pre-wrap", "pre-line", "break-spaces"), Space.PRESERVED),
    **dict.fromkeys(("normal", "nowrap"), Space.COLLAPSED),
}
_HIDDEN = {("display", "none"), ("visibility", "hidden"), ("mso-hide", "all")}
_ZERO = ("0", "0px", "0pt", "0cm", "0in", "0em")
_MARKING = {
    ("font-weight", "bold"): (Mark.STRONG, True),
    ("font-weight", "normal"): (Mark.STRONG, False),
    ("font-style", "italic"): (Mark.EMPHASIS, True),
    ("font-style", "normal"): (Mark.EMPHASIS, False),
    ("font-family", "monospace"): (Mark.CODE, True),
}
"""Declarations that mean the same as an element."""


_LOOKS = frozenset({*MARKS, *STYLES, "font", "pre"})
"""Elements that change it without a style of their own."""


def is_hidden(element: Tree) -> bool:
    """Whether its author does not see it either."""
    return any(declaration in _HIDDEN for declaration in css.declarations(element.get("style", "")))


def is_tight(element: Tree) -> bool:
    """Whether there is no space around a paragraph, so that several together look like lines of one."""
    if element.get("class", "").startswith("Mso"):
        return True
    zero = {name for name, value in css.declarations(element.get("style", "")) if value.split(" ")[0] in _ZERO}
    return "margin" in zero or {"margin-top", "margin-bottom"} <= zero


def within(context: Context, name: str, element: Tree) -> Context:
    """The context inside of an element called ``name``."""
    if name not in _LOOKS and not element.get("style", ""):
        return context
    marks = context.look.marks | {MARKS[name]} if name in MARKS else context.look.marks
    look, style = dict(context.look.style), dict(context.style)
    space = Space.VERBATIM if name == "pre" else context.space
    for property, value in _declared(name, element):
        if property == "white-space" and space is not Space.VERBATIM:
            space = _SPACES.get(value, space)
        made = css.clean(property, value)
        if made is None:
            continue
        if (property, made) in _MARKING:
            mark, present = _MARKING[property, made]
            marks = marks | {mark} if present else marks - {mark}
        elif property == "text-decoration":
            marks = marks | {Mark.DELETED} if "line-through" in made else marks
            if "underline" in made:
                look[property] = "underline"
        else:
            (style if property in css.OF_BLOCKS else look)[property] = made
    changed = replace(context.look, marks=marks, style=tuple(sorted(look.items())))
    return Context(changed, tuple(sorted(style.items())), space)


def without_margins(context: Context) -> Context:
    """For elements that indent by themselves."""
    return replace(context, style=tuple(pair for pair in context.style if pair[0] == "text-align"))


def _declared(name: str, element: Tree) -> Iterator[tuple[str, str]]:
    if name in STYLES:
        yield from css.declarations(STYLES[name])
    if name == "font":
        yield "color", element.get("color", "").lower()
        yield "font-family", element.get("face", "").lower()
        yield "font-size", FONT_SIZES.get(element.get("size", ""), "")
    yield from css.declarations(element.get("style", ""))
