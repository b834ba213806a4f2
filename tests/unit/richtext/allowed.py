"""All that may leave, written by hand from XEP-0071 §7 and C10. A page is read by html5lib, which reads as browsers do
and which deskbridge itself does not use."""

import re
import warnings
from xml.etree.ElementTree import Element

import html5lib

from component.xml import XML_LANG, serialise
from tests.unit.richtext.shapes import XHTML, XHTML_IM

STYLES = {
    "background-color": r"#[0-9a-f]{6}",
    "color": r"#[0-9a-f]{6}",
    "font-family": r"[\w -]+(, [\w -]+){0,3}",
    "font-size": r"(xx?-)?(small|large)|medium|smaller|larger|\d{1,3}(\.\d+)?(px|pt|em|rem|%)",
    "margin-left": r"\d{1,3}(\.\d+)?(px|pt|em|rem|%)",
    "margin-right": r"\d{1,3}(\.\d+)?(px|pt|em|rem|%)",
    "text-align": r"left|right|center|justify",
    "text-decoration": r"underline|line-through|underline line-through",
}
LINK = re.compile(r"(?:https?://[^\s\"<>\\@/?#]+(?:[/?#][^\s\"<>\\]*)?|mailto:[^\s\"<>\\@?&,]+@[^\s\"<>\\@?&,]+)")
PIXELS = re.compile(r"[1-9]\d{0,2}")

INLINE = {"a", "br", "cite", "em", "img", "span", "strong"}
BLOCK = {"blockquote", "ol", "p", "ul"}
CONTENT = {
    "body": BLOCK,
    "blockquote": BLOCK,
    "p": INLINE,
    "li": INLINE | BLOCK,
    "ol": {"li"},
    "ul": {"li"},
    "a": INLINE - {"a"},
    "span": INLINE,
    "strong": INLINE,
    "em": INLINE,
    "cite": INLINE,
    "br": set(),
    "img": set(),
}
"""XEP-0071's elements, and which may be in which (XHTML 1.0 Strict)."""
WITHOUT_TEXT = {"body", "blockquote", "ol", "ul", "br", "img"}
ATTRIBUTES = {"a": {"href"}, "img": {"alt", "src", "width", "height"}, "span": {"style"}, "p": {"style"}}

_PAGE = {
    "h1 h2 h3 h4 h5 h6 li td th tbody tr pre hr br strong em code del cite": set[str](),
    "blockquote ul table": {"dir"},
    "div": {"dir", "lang"},
    "p span": {"style"},
    "ol": {"dir", "start"},
    "a": {"href", "rel"},
}
PAGE_ATTRIBUTES = {name: attributes for names, attributes in _PAGE.items() for name in names.split()}


def check_xhtml(html: Element) -> None:
    """The ``<html/>`` that clients get: XHTML-IM in the recommended profile, and valid."""
    assert (html.tag, html.attrib) == (f"{{{XHTML_IM}}}html", {})
    assert len(html) >= 1
    for body in html:
        assert body.tag == f"{{{XHTML}}}body"
        assert body.attrib.keys() <= {XML_LANG}
        _check_children(body, "body", ())
    assert serialise(html).count("<") < 200_000


def _check_children(parent: Element, name: str, around: tuple[str, ...]) -> None:
    if name in WITHOUT_TEXT:
        assert not parent.text and not any(child.tail for child in parent)
    assert len(parent) or name not in ("ol", "ul", "body", "blockquote")
    for child in parent:
        inner = child.tag.removeprefix(f"{{{XHTML}}}")
        assert inner in CONTENT[name], f"<{inner}> in <{name}>"
        assert inner != "a" or "a" not in around
        assert child.attrib.keys() <= ATTRIBUTES.get(inner, set())
        check_values(child)
        _check_children(child, inner, (*around, inner))


def check_page(fragment: str) -> Element:
    """The HTML of a page; returned as html5lib reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree: Element = html5lib.parseFragment(fragment, treebuilder="etree", namespaceHTMLElements=True)
    for element in tree.iter():
        if element is tree:
            continue
        assert isinstance(element.tag, str), "a comment"
        name = element.tag.removeprefix(f"{{{XHTML}}}")
        assert name in PAGE_ATTRIBUTES, element.tag
        assert element.attrib.keys() <= PAGE_ATTRIBUTES[name], (name, element.attrib)
        assert element.get("dir") in (None, "auto")
        assert name != "a" or element.get("rel") == "noopener noreferrer nofollow"
        check_values(element)
    return tree


def check_values(element: Element) -> None:
    for key in ("href", "src"):
        assert LINK.fullmatch(element.get(key, "https://acme.test/")), element.get(key)
    assert element.get("src", "https:").startswith("https:")
    assert len(element.get("alt", "")) <= 300
    for key in ("width", "height"):
        assert PIXELS.fullmatch(element.get(key, "1")), element.get(key)
    for declaration in element.get("style", "color: #ff0000").split("; "):
        name, _, value = declaration.partition(": ")
        assert re.fullmatch(STYLES[name], value), declaration
