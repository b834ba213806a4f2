"""Formatted content as a message carries it when it leaves (C10)."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from component.policy.elements import BODY
from component.policy.fallback import Range
from component.policy.matrix import Act
from component.richtext.rendered import Rendered

from .bodies import Places, new_body, rewritten
from .message_links import PAGE, LinkMaker

LINE = "Formatted message: {}"
"""The address last, and after words: then clients show it as a link."""


def with_rich_text(children: list[Element], act: Act, rich: Rendered, links: LinkMaker) -> list[Element]:
    """The children of a message with the texts that the policy makes of its formatted content.

    Agents get the line too, although they also get the formatted content: a client that shows that shows no text
    (XEP-0071 §8), and nobody can know of the others, which read an archive for years.
    """
    if act is Act.TEXT:
        return with_bodies(children, rich)
    line = LINE.format(links(PAGE, "", rich.page)) if rich.page else ""
    return _with_texts(with_bodies(children, rich), rich.bodies, line)


def with_bodies(children: list[Element], rich: Rendered) -> list[Element]:
    """A message that has no text gets one, in each language."""
    if any(part.tag == BODY for part in children):
        return children
    return [*(new_body(language, text) for language, text in rich.bodies.items()), *children]


def _with_texts(children: list[Element], texts: Mapping[str | None, str], line: str) -> list[Element]:
    """With the plain text that says what the formatted content says. Texts in other languages stay as they are."""

    def rewrite(language: str | None, before: str) -> tuple[str, Places]:
        after = texts.get(language, before)
        return "\n".join(filter(None, (after, line))), _unchanged(before, after)

    return rewritten(children, rewrite)


def _unchanged(before: str, after: str) -> Places:
    """A range stays where it is if the same stands there."""

    def places(start: int, end: int) -> Range:
        return (start, end) if before[start:end] == after[start:end] else (0, 0)

    return places
