"""Formatted text as elements: the part that XHTML-IM and the page have in common."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from .document import Image, Inline, Inlines, Look, Run, Style, described
from .inline import merged

Attributes = Mapping[str, str]
Level = tuple[Callable[[Look], Hashable], Callable[[Element, Look], Element]]
"""A key that neighbours in one element have in common, and a function that makes the element, or returns the parent if
none is needed."""


class ElementWriter:
    """``levels`` are the inline elements, from the outermost to the innermost. Without ``image``, which writes pictures
    that have a size, they are links."""

    def __init__(
        self, namespace: str, levels: Sequence[Level], image: Callable[[Element, Image], None] | None = None
    ) -> None:
        self._prefix = f"{{{namespace}}}" if namespace else ""
        self._levels = levels
        self._image = image

    def element(self, parent: Element, name: str, style: Style = (), attributes: Attributes | None = None) -> Element:
        made = SubElement(parent, f"{self._prefix}{name}", dict(attributes or {}))
        if style:
            made.set("style", "; ".join(f"{property}: {value}" for property, value in style))
        return made

    def inlines(self, parent: Element, content: Inlines) -> None:
        """Elements are nested in one order only, so the same look is always the same markup."""
        self._nested(parent, merged(map(self._shown, content)), 0)

    def _nested(self, parent: Element, content: Inlines, level: int) -> None:
        if level == len(self._levels):
            for inline in content:
                self._leaf(parent, inline)
            return
        key, make = self._levels[level]
        for _, group in groupby(content, lambda inline: key(inline.look)):
            same = tuple(group)
            self._nested(make(parent, same[0].look), same, level + 1)

    def _shown(self, inline: Inline) -> Inline:
        if isinstance(inline, Image) and (self._image is None or inline.size is None):
            return described(inline)
        return inline

    def _leaf(self, parent: Element, inline: Inline) -> None:
        if isinstance(inline, Run):
            self._text(parent, inline.text)
        elif self._image:
            self._image(parent, inline)

    def _text(self, parent: Element, text: str) -> None:
        """Text at the end of ``parent``, with a ``<br/>`` for each line break."""
        first, *lines = text.split("\n")
        _append(parent, first)
        for line in lines:
            self.element(parent, "br").tail = line


def _append(parent: Element, text: str) -> None:
    """Text at the end of ``parent``."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def merged_style(*parts: Mapping[str, str]) -> Style:
    merged: dict[str, str] = {}
    for part in parts:
        merged.update(part)
    return tuple(sorted(merged.items()))
