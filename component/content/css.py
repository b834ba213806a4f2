"""Style attributes: read, and made anew from the properties and values that are known to be harmless (XEP-0071 §7.5).

A declaration that is cut in the wrong place, because its value holds a semicolon, is no danger: each piece has to be
good for itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

LONGEST = 2_000
"""Characters of a style attribute; a longer one is ignored."""

_NUMBER = re.compile(r"(\d{1,4}(?:\.\d{1,3})?|\.\d{1,3})(px|pt|em|rem|ex|%)")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*(?:1|1\.0+|0?\.[5-9]\d*)\s*)?\)")
_FAMILY = re.compile(r"[^\W\d_](?:[\w-]|[ ](?=[\w-])){0,39}")
_MOST_FAMILIES = 4

_FONT_SIZES = {"px": (8.0, 32.0), "pt": (6.0, 24.0), "em": (0.6, 2.0), "rem": (0.6, 2.0), "%": (60.0, 200.0)}
_MARGINS = {"px": (1.0, 120.0), "pt": (1.0, 90.0), "em": (0.1, 8.0), "rem": (0.1, 8.0), "%": (1.0, 25.0)}
_SIZE_WORDS = frozenset(("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "smaller", "larger"))

_COLOUR_WORDS = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
    cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray
    darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue
    firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew
    hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue
    mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred
    midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid
    palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple
    rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white
    whitesmoke yellow yellowgreen
"""
COLOURS = frozenset(_COLOUR_WORDS.split())


def declarations(style: str) -> Iterator[tuple[str, str]]:
    """``(property, value)`` in lower case, as they stand there; nothing is known of the values."""
    if len(style) > LONGEST:
        return
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            yield name.strip().lower(), value.lower().removesuffix("!important").strip()


def clean(name: str, value: str) -> str | None:
    """A property's value, made anew. None if the property is not one of the list, or the value is no good."""
    make = PROPERTIES.get(name)
    return make(value) if make else None


def colour(value: str) -> str | None:
    value = value.strip().lower()
    if value in COLOURS or _HEX.fullmatch(value):
        return value
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
    """A number with a unit, if it is in the unit's range: what is outside hides text or covers other things."""
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
"""The properties that XEP-0071 §7.5.1 recommends, with what makes their values."""

OF_BLOCKS = frozenset({"margin-left", "margin-right", "text-align"})
