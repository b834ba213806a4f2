"""Elements to be read: the standard library's, or lxml's."""

from collections.abc import Iterator
from typing import Protocol

from component.element import split

XHTML_NS = "http://www.w3.org/1999/xhtml"


class Tree(Protocol):
    """What the elements of both libraries have. A comment's ``tag`` is no text."""

    @property
    def tag(self) -> object: ...
    @property
    def text(self) -> str | None: ...
    @property
    def tail(self) -> str | None: ...
    def get(self, key: str, default: str) -> str: ...
    def __iter__(self) -> Iterator["Tree"]: ...


def name_in(namespace: str, element: Tree) -> str:
    """An element's name in lower case. Empty if it is of another namespace, or not an element."""
    if not isinstance(element.tag, str):
        return ""
    found, name = split(element.tag)
    return name.lower() if found == namespace else ""


def number(element: Tree, key: str) -> int | None:
    """A small number that an attribute gives; None if it gives none."""
    value = element.get(key, "").strip().removesuffix("px")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else None
