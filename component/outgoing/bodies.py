"""The bodies of a message: all of them as one text, and replaced by others, with their fallback marks (XEP-0428).

A wrong mark would make clients cut off what somebody wrote, so a mark whose text is gone is removed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element

from component.policy.elements import BODY, FALLBACK, FALLBACK_NS, language_of
from component.policy.fallback import MOST_RANGES, Range, range_of
from component.policy.marks import plain_text
from component.policy.matrix import Act
from component.richtext.rendered import Rendered
from component.xml import XML_LANG

from .message_links import PAGE, LinkMaker

Places = Callable[[int, int], Range]
"""Where a range of a text is in the text instead; an empty range if nowhere."""

Rewrite = Callable[[str | None, str], tuple[str, Places]]
"""For a body's language and text: its new text, and where things are in it."""

_MARKED = f"{{{FALLBACK_NS}}}body"

LINE = "Formatted message: {}"
"""The address last, and after words: then clients show it as a link."""


def new_body(language: str | None, text: str) -> Element:
    body = Element(BODY, {XML_LANG: language} if language else {})
    body.text = plain_text(text)
    return body


def whole_text(children: Iterable[Element]) -> str | None:
    """Everything that a message says, for whoever does not choose a language: its texts in their order, those in a
    language behind its tag if there are several. None if it says nothing."""
    return all_said([part for part in children if part.tag == BODY])


def all_said(bodies: Sequence[Element]) -> str | None:
    """The same of the bodies alone."""
    if not bodies:
        return None
    text = bodies[0].text if len(bodies) == 1 else "\n".join(map(_marked_by_language, bodies))
    return text and plain_text(text)


def _marked_by_language(body: Element) -> str:
    language = language_of(body)
    return f"[{language}] {body.text}" if language else body.text or ""


def rewritten(children: list[Element], rewrite: Rewrite) -> list[Element]:
    """The children of a message with other bodies. They are changed in place."""
    bodies = [part for part in children if part.tag == BODY]
    before = [body.text or "" for body in bodies]
    places: list[Places] = []
    for body, text in zip(bodies, before, strict=True):
        after, each = rewrite(body.get(XML_LANG), text)
        body.text = plain_text(after)
        places.append(each)
    if all(body.text == text for body, text in zip(bodies, before, strict=True)):
        return children
    # Marks do not say which language they are about.
    only = places[0] if len(places) == 1 else None
    moved = (_moved(part, only, len(before[0])) if part.tag == FALLBACK else part for part in children)
    return [part for part in moved if part is not None]


def _moved(mark: Element, places: Places | None, length: int) -> Element | None:
    """The mark where its text is now; ``length`` is that of the body before."""
    bodies = mark.findall(_MARKED)[:MOST_RANGES] if len(mark) else [Element(_MARKED)]  # empty, it means all (§3)
    moved = (_placed(body, places, length) for body in bodies) if places else ()
    others = (part for part in mark if part.tag != _MARKED)
    mark[:] = [part for part in (*moved, *others) if part is not None]
    return mark if len(mark) else None


def _placed(body: Element, places: Places, length: int) -> Element | None:
    start, end = range_of(body)
    start, end = places(start, min(end, length))
    return Element(_MARKED, {"start": str(start), "end": str(end)}) if start < end else None


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
