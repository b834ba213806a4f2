"""Elements as they are read, of the standard library or of lxml."""

from collections.abc import Iterable, Iterator
from typing import Protocol
from xml.etree.ElementTree import Element

from component.xml import split

XHTML_NS = "http://www.w3.org/1999/xhtml"

DEEPEST = 150
"""Levels of nested elements that are read."""


class Tree(Protocol):
    """What the elements of both libraries have in common. A comment's ``tag`` is not a string."""

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
    """A small number in an attribute; None if there is none."""
    value = element.get(key, "").strip().removesuffix("px")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else None


def is_deeper(elements: Iterable[Element], depth: int) -> bool:
    """Whether elements are nested more than ``depth`` levels deep."""
    level = list(elements)
    for _ in range(depth):
        level = [child for element in level for child in element]
        if not level:
            return False
    return bool(level)
