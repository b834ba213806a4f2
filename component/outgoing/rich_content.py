"""What a message carries as formatted content (C10), in any of the ways to send it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from component.policy.classify import Part
from component.policy.elements import BODY, REPLY_NS
from component.policy.fallback import ranges, within
from component.policy.features import RICH, Feature
from component.richtext.formatted import Rich, read
from component.xml import XML_LANG

from .bodies import new_body


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
