"""HTML that is a tree already becomes blocks: XHTML of the standard library's elements, HTML of lxml's."""

from collections.abc import Callable, Collection
from dataclasses import replace
from urllib.parse import unquote

from . import urls
from .builder import Builder
from .document import Blocks, Run
from .flows import Flow, OpenCell, OpenHeading, OpenItem, OpenList, OpenPreformatted, OpenQuote, OpenRow, OpenTable
from .inline import collapsed, preserved, verbatim
from .looks import Context, Space, is_hidden, is_tight, within, without_margins
from .pictures import picture
from .tree import DEEPEST, Tree, name_in, number
from .vocabulary import HEADINGS, LINES, UNREAD

MOST_ELEMENTS = 2_500
LONGEST = 20_000
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
    """More text or elements than anybody writes in a message, or deeper inside of each other."""


def blocks(root: Tree, namespace: str = "", hosts: Collection[str] = ()) -> Blocks:
    """The content of an element whose name does not matter. Elements of other namespaces are not read.

    Links and pictures that name an account on one of ``hosts`` lead nowhere (AD2). Raises ``TooMuch``.
    """
    reader = _Reader(namespace, hosts)
    reader.inside(root, within(Context(), "body", root), DEEPEST)
    return reader.builder.finish()


class _Reader:
    def __init__(self, namespace: str, hosts: Collection[str]) -> None:
        self.builder = Builder()
        self._namespace = namespace
        self._accounts = tuple(f"@{host.lower()}" for host in hosts)
        self._elements_left = MOST_ELEMENTS
        self._text_left = LONGEST

    def inside(self, element: Tree, context: Context, depth: int) -> None:
        """What is in an element; ``depth`` is how much deeper it may go."""
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
        """An element that may begin something new. One that does not only has a look."""
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
        """AD2: an account may be hidden in a link, however it is written."""
        if not self._accounts:
            return True
        plain = unquote(url).lower()
        return not any(account in plain for account in self._accounts)


def _flow(name: str, element: Tree) -> Flow | None:
    """What holds the blocks in an element, if it does."""
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
    """Small digits as characters of their own: 10⁵ is not 105. None for what has no such characters."""
    text = (element.text or "").strip()
    is_number = text and set(text) <= _DIGITS and next(iter(element), None) is None
    return text.translate(_RAISED[name]) if is_number else None


def _nothing() -> None:
    """Inside of a line."""
