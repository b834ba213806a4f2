"""What HTML's elements mean. Of an element that is not listed here only the text is read."""

from collections.abc import Mapping
from types import MappingProxyType

from .document import Mark

MARKS: Mapping[str, Mark] = MappingProxyType(
    {
        **dict.fromkeys(("strong", "b"), Mark.STRONG),
        **dict.fromkeys(("em", "i", "dfn", "var"), Mark.EMPHASIS),
        **dict.fromkeys(("code", "tt", "kbd", "samp"), Mark.CODE),
        **dict.fromkeys(("del", "s", "strike"), Mark.DELETED),
        "cite": Mark.CITED,
    }
)

STYLES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("u", "ins"), "text-decoration: underline"),
        "small": "font-size: smaller",
        "big": "font-size: larger",
        "mark": "background-color: yellow",
        "center": "text-align: center",
    }
)
"""Elements that only say how their text looks."""

HEADINGS: Mapping[str, int] = MappingProxyType({f"h{level}": level for level in range(1, 7)})

LINES = frozenset(
    {
        *(
            "div",
            "center",
            "address",
            "article",
            "aside",
            "body",
            "dd",
            "details",
            "dl",
            "dt",
            "fieldset",
            "figcaption",
        ),
        *("figure", "footer", "form", "header", "html", "legend", "main", "nav", "section", "summary", "caption"),
    }
)
"""Elements that begin a new line and end in one."""

OTHERS = frozenset(
    {
        *("a", "abbr", "acronym", "blockquote", "br", "font", "hr", "img", "li", "ol", "p", "pre", "q", "span"),
        *("sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    }
)

KNOWN = frozenset({*MARKS, *STYLES, *HEADINGS, *LINES, *OTHERS})

UNREAD = frozenset(
    {
        *("applet", "audio", "canvas", "datalist", "embed", "frame", "frameset", "head", "iframe", "math", "meta"),
        *("noembed", "noframes", "noscript", "object", "option", "plaintext", "script", "select", "style", "svg"),
        *("template", "textarea", "title", "video", "xmp", "link", "base", "basefont", "param", "source", "track"),
    }
)
"""Elements whose text is not for people, or that browsers read in different ways."""

ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "*": frozenset({"style"}),
        "a": frozenset({"href"}),
        "font": frozenset({"color", "face", "size"}),
        "img": frozenset({"src", "alt", "title", "width", "height"}),
        "ol": frozenset({"start"}),
        "p": frozenset({"class"}),
        "td": frozenset({"colspan"}),
        "th": frozenset({"colspan"}),
    }
)
"""The attributes that are read."""

FONT_SIZES: Mapping[str, str] = MappingProxyType(
    {
        **{"1": "x-small", "2": "small", "3": "medium", "4": "large", "5": "x-large", "6": "xx-large", "7": "xx-large"},
        **{"-2": "x-small", "-1": "smaller", "+1": "larger", "+2": "x-large"},
    }
)
"""``<font size>`` as a ``font-size``."""
