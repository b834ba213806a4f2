"""How much of a long text, or of a long list, goes into one answer (R5). Pure."""

from collections.abc import Iterable

from component.xml import attribute

AROUND_BYTES = 100
"""Bytes of the elements around one text."""


def size(text: str) -> int:
    """Bytes that a text takes in a stanza, escaped, with the elements around it."""
    return len(attribute(text).encode()) + AROUND_BYTES


def fitting(texts: Iterable[str], room: int) -> int:
    """How many of the first texts fit into ``room`` bytes."""
    count = 0
    for text in texts:
        room -= size(text)
        if room < 0:
            break
        count += 1
    return count


def beginning(text: str, room: int) -> str:
    """As much of the beginning of a text as fits into ``room`` bytes, or a little less."""
    while text and size(text) > room:
        text = text[: len(text) * 3 // 4]
    return text
