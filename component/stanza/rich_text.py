"""Formatted content as a message carries it when it leaves (C10)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from component.content.rich import Rich, read
from component.element import XML_LANG
from component.policy.classify import Part
from component.policy.elements import BODY, REPLY_NS
from component.policy.fallback import Range, ranges, within
from component.policy.features import RICH, Feature
from component.policy.matrix import Act

from .bodies import Places, new_body, rewritten
from .links import PAGE, LinkMaker

LINE = "Formatted message: {}"
"""The address last, and after words: then clients show it as a link."""


def rich_content(parts: Iterable[Part], hosts: Collection[str]) -> Rich | None:
    """The formatted content of a message with these children. Accounts are on ``hosts``."""
    parts = tuple(parts)
    content = [part for feature, part in parts if feature in RICH or feature is Feature.BODY]
    return read(content, hosts) or _of_answer(content, parts, hosts)


def _of_answer(content: Sequence[Element], parts: Sequence[Part], hosts: Collection[str]) -> Rich | None:
    """Some clients put into a reply's body what they reply to, for old clients, and format the answer alone (C14)."""
    bodies = [part for part in content if part.tag == BODY]
    marks = [part for feature, part in parts if feature is Feature.FALLBACK and part.get("for") == REPLY_NS]
    if len(bodies) != 1 or not marks:
        return None
    text = bodies[0].text or ""
    quoted = within(ranges(marks), len(text))
    if len(quoted) != 1 or quoted[0][0] != 0:
        return None
    end = quoted[0][1]
    answer = new_body(bodies[0].get(XML_LANG), text[end:])
    rich = read([answer if part.tag == BODY else part for part in content], hosts)
    return rich and Rich(tuple(replace(version, plain=text[:end] + version.plain) for version in rich.versions))


def with_rich_text(children: list[Element], act: Act, rich: Rich, links: LinkMaker) -> list[Element]:
    """The children of a message with what the policy makes of its formatted content."""
    if act is Act.TEXT:
        return _with_bodies(children, rich)
    line = LINE.format(links(PAGE, "", rich.fragment())) if act is Act.PAGE and rich.formatted else ""
    children = _with_texts(_with_bodies(children, rich), rich.bodies, line)
    return [*children, rich.xhtml()] if act is Act.REBUILD else children


def _with_bodies(children: list[Element], rich: Rich) -> list[Element]:
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
