"""How text looks: what style attributes and elements say about it.

Declarations are made anew from the properties and values that are known to be harmless (XEP-0071 §7.5). One that is cut
in the wrong place, because its value holds a semicolon, is no danger: each piece is checked by itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from types import MappingProxyType

from .document import PLAIN, Look, Mark, Style
from .tree import Tree
from .vocabulary import FONT_SIZES, MARKS, STYLES

LONGEST_STYLE = 2_000
"""Characters of a style attribute; a longer one is ignored."""

_NUMBER = re.compile(r"(\d{1,4}(?:\.\d{1,3})?|\.\d{1,3})(px|pt|em|rem|ex|%)")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*(?:1|1\.0+|0?\.[5-9]\d*)\s*)?\)")
_FAMILY = re.compile(r"[^\W\d_](?:[\w-]|[ ](?=[\w-])){0,39}")
_MOST_FAMILIES = 4

_FONT_SIZES = {"px": (8.0, 32.0), "pt": (6.0, 24.0), "em": (0.6, 2.0), "rem": (0.6, 2.0), "%": (60.0, 200.0)}
_MARGINS = {"px": (1.0, 120.0), "pt": (1.0, 90.0), "em": (0.1, 8.0), "rem": (0.1, 8.0), "%": (1.0, 25.0)}
_SIZE_WORDS = frozenset(("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "smaller", "larger"))

_COLOURS = """
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black
000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0
chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff
darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki
bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon
e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1
darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick
b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700
goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred
cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon
fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen
90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa
lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32
linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3
mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc
mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead
navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6
palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9
peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 red ff0000 rosybrown bc8f8f royalblue 4169e1
saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0
skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4
tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff
whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32 rebeccapurple 663399
"""
COLOURS: Mapping[str, str] = MappingProxyType(dict(zip(_COLOURS.split()[::2], _COLOURS.split()[1::2], strict=True)))
"""The names of CSS, with their red, green and blue."""


def declarations(style: str) -> Iterator[tuple[str, str]]:
    """``(property, value)`` in lower case, as written; values are not checked.

    Clients that know no ``background-color`` write ``background``, which can be the same.
    """
    if len(style) > LONGEST_STYLE:
        return
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip().lower()
        if colon:
            yield "background-color" if name == "background" else name, value.lower().removesuffix("!important").strip()


def clean(name: str, value: str) -> str | None:
    """A property's value, written anew. None if the property or the value is not allowed."""
    make = PROPERTIES.get(name)
    return make(value.strip()) if make else None


def colour(value: str) -> str | None:
    """``#rrggbb``, from any notation."""
    if value in COLOURS:
        return f"#{COLOURS[value]}"
    if _HEX.fullmatch(value):
        return value if len(value) == 7 else "#" + "".join(2 * digit for digit in value[1:])
    parts = _RGB.fullmatch(value)
    numbers = [int(part) for part in parts.groups()] if parts else [256]
    return "#" + "".join(f"{number:02x}" for number in numbers) if max(numbers) < 256 else None


def font_family(value: str) -> str | None:
    families = [family.strip().strip("\"'").strip() for family in value.split(",")][:_MOST_FAMILIES]
    return ", ".join(family for family in families if _FAMILY.fullmatch(family)) or None


def _font_size(value: str) -> str | None:
    return value if value in _SIZE_WORDS else _length(value, _FONT_SIZES)


def _margin(value: str) -> str | None:
    return _length(value, _MARGINS)


def _length(value: str, ranges: Mapping[str, tuple[float, float]]) -> str | None:
    """A number with a unit, if it is in the unit's range: values outside of it hide text or cover other content."""
    parts = _NUMBER.fullmatch(value)
    if not parts or parts[2] not in ranges:
        return None
    number, (least, most) = float(parts[1]), ranges[parts[2]]
    return f"{number:g}{parts[2]}" if least <= number <= most else None


def _one_of(*words: str) -> Callable[[str], str | None]:
    return lambda value: value if value in words else None


def _font_weight(value: str) -> str | None:
    if value.isascii() and value.isdecimal() and len(value) <= 4:
        return "bold" if int(value) >= 600 else "normal"
    return {"bold": "bold", "bolder": "bold", "normal": "normal", "lighter": "normal"}.get(value)


def _font_style(value: str) -> str | None:
    return {"italic": "italic", "oblique": "italic", "normal": "normal"}.get(value)


def _text_decoration(value: str) -> str | None:
    """The lines of the shorthand, which may name a colour and a shape as well."""
    words = value.split()
    lines = [line for line in ("underline", "overline", "line-through") if line in words]
    return " ".join(lines) or ("none" if "none" in words else None)


PROPERTIES: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "background-color": colour,
        "color": colour,
        "font-family": font_family,
        "font-size": _font_size,
        "font-style": _font_style,
        "font-weight": _font_weight,
        "margin-left": _margin,
        "margin-right": _margin,
        "text-align": _one_of("left", "right", "center", "justify"),
        "text-decoration": _text_decoration,
    }
)
"""The properties that XEP-0071 §7.5.1 recommends, with the functions that make their values."""

OF_BLOCKS = frozenset({"margin-left", "margin-right", "text-align"})


# Elements


class Space(Enum):
    """How white space is handled."""

    COLLAPSED = auto()
    PRESERVED = auto()
    VERBATIM = auto()


@dataclass(frozen=True, slots=True)
class Context:
    """The style that applies to text at some place. ``style`` is that of its paragraph."""

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
"""Elements that change the look without a style attribute."""


def is_hidden(element: Tree) -> bool:
    """Whether it is invisible to its author, too."""
    return any(declaration in _HIDDEN for declaration in declarations(element.get("style", "")))


def is_tight(element: Tree) -> bool:
    """Whether there is no space around a paragraph, so that several together look like lines of one."""
    if element.get("class", "").startswith("Mso"):
        return True
    zero = {name for name, value in declarations(element.get("style", "")) if value.split(" ")[0] in _ZERO}
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
        made = clean(property, value)
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
            (style if property in OF_BLOCKS else look)[property] = made
    changed = replace(context.look, marks=marks, style=tuple(sorted(look.items())))
    return Context(changed, tuple(sorted(style.items())), space)


def without_margins(context: Context) -> Context:
    """For elements that indent by themselves."""
    return replace(context, style=tuple(pair for pair in context.style if pair[0] == "text-align"))


def _declared(name: str, element: Tree) -> Iterator[tuple[str, str]]:
    if name in STYLES:
        yield from declarations(STYLES[name])
    if name == "font":
        yield "color", element.get("color", "").lower()
        yield "font-family", element.get("face", "").lower()
        yield "font-size", FONT_SIZES.get(element.get("size", ""), "")
    yield from declarations(element.get("style", ""))
