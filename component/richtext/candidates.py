"""The ways in which a message can carry formatted content, each read to blocks, the best one first."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.policy.elements import language_of

from .document import Blocks
from .html_source import PARSERS
from .markup import MARKUP_NS, marked
from .reading import blocks
from .tree import XHTML_NS
from .xhtml import XHTML_IM_NS

HTML = f"{{{XHTML_IM_NS}}}html"
CONTENT = "{urn:xmpp:content}content"
MARKUP = f"{{{MARKUP_NS}}}markup"

Bodies = Mapping[str | None, str]
"""Texts by language, None for one that says no language."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """``source`` is the text that the blocks were made from, if they were; a body may repeat it."""

    language: str | None
    blocks: Blocks
    source: str = ""
    is_readable: bool = True


def candidates(parts: Sequence[Element], bodies: Bodies, hosts: Collection[str]) -> Iterator[Iterator[Candidate]]:
    """For each way, one candidate for each language, read only when asked for. They raise ``TooMuch``."""
    yield _xhtml(parts, hosts)
    yield _typed(parts, bodies, hosts)
    yield _marked(parts, bodies)


def _xhtml(parts: Sequence[Element], hosts: Collection[str]) -> Iterator[Candidate]:
    """XEP-0071"""
    for html in parts:
        if html.tag == HTML:
            for body in html.iterfind(f"{{{XHTML_NS}}}body"):
                yield Candidate(language_of(body), blocks(body, XHTML_NS, hosts))


def _typed(parts: Sequence[Element], bodies: Bodies, hosts: Collection[str]) -> Iterator[Candidate]:
    """XEP-0481. An element without text says of what type the body is (§2.1)."""
    contents = [(_type(part), part) for part in parts if part.tag == CONTENT]
    if not contents:
        return
    for wanted, parse in PARSERS.items():
        for content in (part for type, part in contents if type == wanted):
            language = language_of(content)
            own = content.text or ""
            source = own if own.strip() else bodies.get(language) or next(iter(bodies.values()), "")
            yield Candidate(language, blocks(parse(source), "", hosts), source, wanted in _READABLE)


def _marked(parts: Sequence[Element], bodies: Bodies) -> Iterator[Candidate]:
    """XEP-0394"""
    for markup in parts:
        if markup.tag == MARKUP:
            language = language_of(markup)
            body = bodies.get(language, "") if language or len(bodies) != 1 else next(iter(bodies.values()))
            if body:
                yield Candidate(language, marked(body, markup), body)


def _type(content: Element) -> str:
    """Without parameters."""
    return content.get("type", "").partition(";")[0].strip().lower()


_READABLE = frozenset({"text/markdown", "text/plain"})
"""Types that a person can read as they are."""
