"""HTML, Markdown and other content that comes as text."""

from collections.abc import Callable, Mapping
from textwrap import dedent
from types import MappingProxyType

import nh3
from lxml import html
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from .inline import verbatim
from .reading import MOST_ELEMENTS, TooMuch
from .tree import Tree
from .vocabulary import ATTRIBUTES, KNOWN, UNREAD

LONGEST_MARKDOWN = 8_192
"""Characters. markdown-it takes up to 6 ms for each thousand if they are chosen to take long."""

MOST_TOKENS = 3 * MOST_ELEMENTS
"""Of markdown-it, which makes three of most elements. A table of few characters has many cells, as its rows are filled
up to the width of the first."""

LONGEST_HTML = 131_072
"""Characters; nh3 takes up to 0.3 ms for each thousand."""

_SCHEMES = {"http", "https", "mailto"}
_ATTRIBUTES = {element: set(names) for element, names in ATTRIBUTES.items()}


class _Tokens(list[Token]):
    """No more of them than anybody needs. Raises ``TooMuch``."""

    def append(self, token: Token) -> None:
        if len(self) >= MOST_TOKENS:
            raise TooMuch
        super().append(token)


def _count(state: StateCore) -> None:
    state.tokens = _Tokens(state.tokens)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_MARKDOWN.core.ruler.before("block", "count", _count)


def from_html(source: str) -> Tree:
    """The tree that a browser would see, but only with elements that are known. Raises ``TooMuch``.

    nh3 reads HTML as browsers do and drops what is not listed; lxml's plain parser then makes the tree. nh3's time
    grows with the square of the depth, so tags are counted before.
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

    HTML in it is text, and lines end where they were ended: people write messages, not pages.
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
