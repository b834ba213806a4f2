"""HTML, XHTML and Markdown become blocks.

HTML is first parsed to a tree, Markdown by way of HTML; XHTML is one already. Then elements are read in order: those of
``vocabulary`` have a meaning, of all others only the text is used.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from textwrap import dedent
from types import MappingProxyType
from urllib.parse import unquote

import nh3
from lxml import html
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from . import urls
from .block_builder import (
    BlockBuilder,
    Flow,
    OpenCell,
    OpenHeading,
    OpenItem,
    OpenList,
    OpenPreformatted,
    OpenQuote,
    OpenRow,
    OpenTable,
)
from .document import Blocks, Image, Inline, Look, Run
from .inline import collapsed, preserved, verbatim
from .styles import Context, Space, is_hidden, is_tight, within, without_margins
from .tree import DEEPEST, Tree, name_in, number
from .vocabulary import ATTRIBUTES, HEADINGS, KNOWN, LINES, UNREAD

# Pictures

LARGEST_PICTURE = (640, 480)
"""Width and height in pixels. A larger picture, one of unknown size, or one without https is a link in a client (C10).
"""

_LONGEST_DESCRIPTION = 300
_EMOTICON_LENGTH = 12
_SPACER = 3
"""A picture of fewer pixels is a spacer or a tracking pixel."""

_EMOJI = re.compile("[\u203c-\u3299\U0001f000-\U0001faff]")


def picture(element: Tree, look: Look, allowed: Callable[[str], bool]) -> Inline | None:
    """The picture, or the text that it stands for. None if it shows nothing.

    ``allowed`` decides on its URL.
    """
    width, height = number(element, "width"), number(element, "height")
    if any(pixels is not None and pixels < _SPACER for pixels in (width, height)):
        return None
    description = collapsed(element.get("alt", "") or element.get("title", "")).strip()[:_LONGEST_DESCRIPTION]
    url = urls.link(element.get("src", ""))
    url = url if url and not url.startswith("mailto:") and allowed(url) else None
    if _is_emoticon(description, url):
        return Run(description, look)
    if not url and not description:
        return None
    size = (
        (width, height) if width and height and width <= LARGEST_PICTURE[0] and height <= LARGEST_PICTURE[1] else None
    )
    return Image(description, url, size if url and url.startswith("https:") else None, look)


def _is_emoticon(description: str, url: str | None) -> bool:
    """Whether it is a character (an emoticon) that a client or webmail shows as a picture."""
    if not description or len(description) > _EMOTICON_LENGTH or " " in description:
        return False
    return bool(_EMOJI.match(description)) or (url is None and not description[0].isalnum())


# From a tree to blocks

MOST_ELEMENTS = 2_500
LONGEST_TEXT = 20_000
"""Characters of text."""

_DIGITS = frozenset("0123456789+-")
_RAISED = {
    "sup": str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"),
    "sub": str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋"),
}

_TEXTS: dict[Space, Callable[[str], str]] = {
    Space.COLLAPSED: collapsed,
    Space.PRESERVED: preserved,
    Space.VERBATIM: verbatim,
}


class TooMuch(ValueError):
    """More text or elements than anybody writes in a message, or more deeply nested."""


def read_blocks(root: Tree, namespace: str = "", hosts: Collection[str] = ()) -> Blocks:
    """The content of an element whose name does not matter. Elements of other namespaces are not read.

    Links and pictures that name an account on one of ``hosts`` lose their target (AD2). Raises ``TooMuch``.
    """
    reader = _Reader(namespace, hosts)
    reader.inside(root, within(Context(), "body", root), DEEPEST)
    return reader.builder.finish()


class _Reader:
    def __init__(self, namespace: str, hosts: Collection[str]) -> None:
        self.builder = BlockBuilder()
        self._namespace = namespace
        self._accounts = tuple(f"@{host.lower()}" for host in hosts)
        self._elements_left = MOST_ELEMENTS
        self._text_left = LONGEST_TEXT

    def inside(self, element: Tree, context: Context, depth: int) -> None:
        """The content of an element; ``depth`` is how many more levels are allowed."""
        self._text(element.text, context)
        for child in element:
            self._elements_left -= 1
            if self._elements_left < 0 or depth <= 0:
                raise TooMuch
            name = name_in(self._namespace, child)
            if name and name not in UNREAD and not is_hidden(child):
                self._element(name, child, context, depth - 1)
            self._text(child.tail, context)

    def _element(self, name: str, element: Tree, context: Context, depth: int) -> None:
        context = within(context, name, element)
        match name:
            case "br":
                self.builder.add(Run("\n", context.look), context.style)
            case "hr":
                self.builder.rule()
            case "img":
                found = picture(element, context.look, self._is_allowed)
                if found:
                    self.builder.add(found, context.style)
            case "a":
                target = urls.link(element.get("href", ""))
                target = target if target and self._is_allowed(target) else None
                self.inside(element, replace(context, look=replace(context.look, target=target)), depth)
            case "sup" | "sub" if (raised := _raised(name, element)) is not None:
                self._text(raised, context)
            case "q":
                self._text("“", context)
                self.inside(element, context, depth)
                self._text("”", context)
            case _:
                self._block(name, element, context, depth)

    def _block(self, name: str, element: Tree, context: Context, depth: int) -> None:
        """An element that may begin a block. One that does not only changes the style."""
        flow = _flow(name, element)
        if flow is not None:
            self.builder.open(flow)
            self.inside(element, without_margins(context), depth)
            self.builder.close()
            return
        end = self._end(name, element)
        end()
        self.inside(element, context, depth)
        end()

    def _end(self, name: str, element: Tree) -> Callable[[], None]:
        if name == "p":
            return self.builder.end_line if is_tight(element) else self.builder.end_block
        return self.builder.end_line if name in LINES else _nothing

    def _text(self, text: str | None, context: Context) -> None:
        if text:
            text = _TEXTS[context.space](text)
            self._text_left -= len(text)
            if self._text_left < 0:
                raise TooMuch
            self.builder.add(Run(text, context.look), context.style)

    def _is_allowed(self, url: str) -> bool:
        """AD2: an account may be in a link, in any encoding."""
        if not self._accounts:
            return True
        plain = unquote(url).lower()
        return not any(account in plain for account in self._accounts)


def _flow(name: str, element: Tree) -> Flow | None:
    """The container for the blocks in an element, if it is one."""
    if name in HEADINGS:
        return OpenHeading(HEADINGS[name])
    match name:
        case "blockquote":
            return OpenQuote()
        case "ul":
            return OpenList()
        case "ol":
            start = number(element, "start")
            return OpenList(1 if start is None else start)
        case "li":
            return OpenItem()
        case "pre":
            return OpenPreformatted()
        case "table":
            return OpenTable()
        case "tr":
            return OpenRow()
        case "td" | "th":
            return OpenCell(name == "th", number(element, "colspan") or 1)
    return None


def _raised(name: str, element: Tree) -> str | None:
    """Raised and lowered digits as Unicode characters: 10⁵ is not 105. None if there are no such characters."""
    text = (element.text or "").strip()
    is_number = text and set(text) <= _DIGITS and next(iter(element), None) is None
    return text.translate(_RAISED[name]) if is_number else None


def _nothing() -> None:
    """Inside of a line."""


# From HTML and Markdown to a tree

LONGEST_MARKDOWN = 8_192
"""Characters. markdown-it takes up to 6 ms for each thousand in the worst case."""

MOST_TOKENS = 3 * MOST_ELEMENTS
"""Of markdown-it, which makes three for most elements. A short table can have many cells, as its rows are filled up to
the width of the first."""

LONGEST_HTML = 131_072
"""Characters; nh3 takes up to 0.3 ms for each thousand."""

_SCHEMES = {"http", "https", "mailto"}
_ATTRIBUTES = {element: set(names) for element, names in ATTRIBUTES.items()}


class _Tokens(list[Token]):
    """A list of limited length. Raises ``TooMuch``."""

    def append(self, token: Token) -> None:
        if len(self) >= MOST_TOKENS:
            raise TooMuch
        super().append(token)


def _count(state: StateCore) -> None:
    state.tokens = _Tokens(state.tokens)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_MARKDOWN.core.ruler.before("block", "count", _count)


def from_html(source: str) -> Tree:
    """The tree that a browser would make, with known elements only. Raises ``TooMuch``.

    nh3 reads HTML as browsers do and drops elements that are not listed; lxml's plain parser then makes the tree. nh3's
    time grows with the square of the depth, so tags are counted before.
    """
    if len(source) > LONGEST_HTML or source.count("<") > 2 * MOST_ELEMENTS:
        raise TooMuch
    known = nh3.clean(
        source,
        tags=set(KNOWN),
        clean_content_tags=set(UNREAD),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    tree: Tree = html.fragment_fromstring(verbatim(known), create_parent="div")
    return tree


def from_markdown(source: str) -> Tree:
    """The tree of a text in CommonMark, with tables and struck text. Raises ``TooMuch``.

    HTML in it is text, and each line break is kept: people write messages, not pages.
    """
    if len(source) > LONGEST_MARKDOWN:
        raise TooMuch
    return from_html(_MARKDOWN.render(dedent(source.strip("\n"))))


def from_text(source: str) -> Tree:
    """The tree of a text without markup."""
    element = html.Element("div", style="white-space: pre-wrap")
    element.text = verbatim(source)
    tree: Tree = element
    return tree


PARSERS: Mapping[str, Callable[[str], Tree]] = MappingProxyType(
    {
        "text/html": from_html,
        "application/xhtml+xml": from_html,
        "text/markdown": from_markdown,
        "text/plain": from_text,
    }
)
"""By media type, the best one first."""
