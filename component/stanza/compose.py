"""What a message carries when it leaves: the children that may pass, and what is made of files (C5)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.element import serialise
from component.policy.classify import Part
from component.policy.decide import Deliver
from component.policy.elements import BODY, FALLBACK, FALLBACK_NS
from component.policy.fallback import Range, range_of, ranges
from component.policy.features import Feature
from component.policy.files import File

from .captions import Captioned, Shown
from .file_line import description, file_line, file_name
from .links import FILE, Link, LinkMaker
from .message import cut, reply

_MARKED = f"{{{FALLBACK_NS}}}body"

Places = Callable[[int, int], Range]
"""Where a range of the body is now."""


@dataclass(frozen=True, slots=True)
class Composed:
    """``payload`` is the text of the message's children, ``body`` its first text, and ``links`` are those in it."""

    payload: str
    body: str | None
    links: tuple[Link, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Alike for two tries of one message, whose links differ."""
        return fingerprint(self.payload, ((link.token, link.content) for link in self.links))


def fingerprint(payload: str, links: Iterable[tuple[str, str]]) -> str:
    """A payload with what its links open instead of their tokens."""
    for token, content in links:
        payload = payload.replace(token, content)
    return payload


def compose(verdict: Deliver, author: str | None, links: LinkMaker) -> Composed:
    """The message that a verdict lets go on.

    ``author`` is who wrote the message replied to, by the address that the receiver knows (C14).
    """
    children = list(_children(verdict.parts, author))
    if verdict.files:
        children = _with_files(children, verdict, links)
    body = next((part.text for part in children if part.tag == BODY), None)
    return Composed("".join(map(serialise, children)), body, tuple(links.made))


def _children(parts: Sequence[Part], author: str | None) -> Iterator[Element]:
    for feature, part in parts:
        yield reply(part, author or "") if feature is Feature.REPLY else cut(part)


# Files


def _with_files(children: list[Element], verdict: Deliver, links: LinkMaker) -> list[Element]:
    """Every body with the lines of the files, of which each has one link, whatever the languages."""
    shown = [_shown(file, links) for file in verdict.files]
    bodies = [part for part in children if part.tag == BODY]
    if not bodies:
        body = Element(BODY)
        body.text = Captioned("", (), shown).text
        return [body, *children]
    for body in bodies:
        before = body.text or ""
        captioned = Captioned(before, ranges(verdict.file_texts, len(before)), shown)
        body.text = captioned.text
    # Marks do not say which language they are about.
    places = captioned.now if len(bodies) == 1 else None
    return _marked_anew(children, places, len(before))


def _shown(file: File, links: LinkMaker) -> Shown:
    name = file_name(file)
    return Shown(file.keys, name, file_line(file, links(FILE, name, file.url)), description(file))


# Fallback marks (XEP-0428), which must not cut off what they do not mean


def _marked_anew(children: list[Element], places: Places | None, length: int) -> list[Element]:
    """With the marks where their texts are now; ``length`` was that of the body. Marks that fit nowhere go."""
    kept = [_moved(part, places, length) if part.tag == FALLBACK else part for part in children]
    return [part for part in kept if part is not None]


def _moved(mark: Element, places: Places | None, length: int) -> Element | None:
    bodies = mark.findall(_MARKED) or ([] if len(mark) else [Element(_MARKED)])  # without parts it means all (§3)
    moved = (_place(body, places, length) for body in bodies) if places else ()
    others = (part for part in mark if part.tag != _MARKED)
    mark[:] = [part for part in (*moved, *others) if part is not None]
    return mark if len(mark) else None


def _place(body: Element, places: Places, length: int) -> Element | None:
    start, end = places(*range_of(body, length))
    return Element(_MARKED, {"start": str(start), "end": str(end)}) if start < end else None
