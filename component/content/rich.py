"""The formatted content of messages (C10): read from all the ways to send it, written to agents and to pages.

``read`` never raises and never takes long, whatever it is given; what it cannot make sense of is not there.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from types import MappingProxyType
from xml.etree.ElementTree import Element

from component.element import XML_LANG
from component.policy.elements import BODY

from . import page, plain, xhtml
from .agreement import agree, names_all
from .document import Blocks
from .html import from_html, from_markdown, from_text
from .markup import MARKUP_NS, marked
from .reading import TooMuch, blocks
from .tree import XHTML_NS, Tree
from .weight import is_formatted, lightened
from .xhtml import XHTML_IM_NS

CONTENT_NS = "urn:xmpp:content"

HTML = f"{{{XHTML_IM_NS}}}html"
CONTENT = f"{{{CONTENT_NS}}}content"
MARKUP = f"{{{MARKUP_NS}}}markup"

_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")

MOST_VERSIONS = 8
"""Languages of one message; more are left out."""


@dataclass(frozen=True, slots=True)
class Version:
    """The message in one language, None if it says no language. ``plain`` is what its body should be."""

    language: str | None
    plain: str
    blocks: Blocks


@dataclass(frozen=True)
class Rich:
    """Formatted content, sanitised. A message has one version for each language, mostly one altogether."""

    versions: tuple[Version, ...]

    @property
    def plain(self) -> str:
        """Good plain text that says the same: the message's own body if that lacks nothing."""
        return self.versions[0].plain

    @property
    def bodies(self) -> Mapping[str | None, str]:
        """``plain`` for each language that has formatted content; bodies in other languages stay as they are."""
        return {version.language: version.plain for version in self.versions}

    @cached_property
    def formatted(self) -> bool:
        """Whether somebody who sees only ``plain`` misses something, so that a link to the page is worth it.

        Text, links, pictures (which a page shows as links as well), lists and quotes are all there in plain text.
        """
        return any(is_formatted(version.blocks) for version in self.versions)

    def xhtml(self) -> Element:
        """``<html/>`` of XEP-0071, in the recommended profile."""
        element = Element(HTML)
        element.extend(xhtml.body(version.blocks, version.language) for version in self.versions)
        return element

    def fragment(self) -> str:
        """HTML for a page's ``<body>``: nothing in it loads, runs or submits anything.

        Looks are ``style`` attributes, for which a Content-Security-Policy needs ``style-src-attr 'unsafe-inline'``.
        """
        return "".join(page.html(version.blocks, version.language) for version in self.versions)


def read(parts: Sequence[Element], hosts: Collection[str] = ()) -> Rich | None:
    """The formatted content of a message; ``parts`` are its children.

    None if there is none, it is not usable, or it disagrees with the body: then the body wins. Links that name an
    account on one of ``hosts`` lead nowhere (AD2).
    """
    bodies = {_language(part): part.text or "" for part in parts if part.tag == BODY and (part.text or "").strip()}
    for candidates in (_xhtml(parts, hosts), _typed(parts, bodies, hosts), _marked(parts, bodies)):
        versions: dict[str | None, Version] = {}
        for candidate in candidates:
            version = _version(candidate, bodies)
            if version:
                versions.setdefault(version.language, version)
        if versions:
            return Rich(tuple(versions.values()))
    return None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """``source`` is the text that the blocks were made from, if they were; a body may repeat it."""

    language: str | None
    blocks: Blocks
    source: str = ""
    is_readable: bool = True


Bodies = Mapping[str | None, str]


def _version(candidate: _Candidate, bodies: Bodies) -> Version | None:
    """The candidate as a version of the message, if a body says the same, or if there is no body at all."""
    blocks = lightened(candidate.blocks)
    if not blocks:
        return None
    language = candidate.language
    if not bodies:
        return Version(language, plain.text(blocks), blocks)
    for place, body in [(language, bodies[language])] if language in bodies else list(bodies.items()):
        if candidate.source and body.strip() == candidate.source.strip():
            return Version(place, body if candidate.is_readable else plain.text(blocks), blocks)
        if agree(body, blocks):
            return Version(place, body if names_all(body, blocks) else plain.text(blocks), blocks)
    return None


def _xhtml(parts: Sequence[Element], hosts: Collection[str]) -> Iterator[_Candidate]:
    for html in parts:
        if html.tag != HTML:
            continue
        for body in islice(html.iterfind(f"{{{XHTML_NS}}}body"), MOST_VERSIONS):
            yield from _made(_language(body), partial(blocks, body, XHTML_NS, hosts))


def _typed(parts: Sequence[Element], bodies: Bodies, hosts: Collection[str]) -> Iterator[_Candidate]:
    """XEP-0481. An element without text says of what type the body is (§2.1)."""
    for type, parse in _PARSERS.items():
        for content in islice((part for part in parts if part.tag == CONTENT), MOST_VERSIONS):
            if content.get("type", "").partition(";")[0].strip().lower() != type:
                continue
            language = _language(content)
            own = content.text or ""
            hinted = bodies.get(language) or next(iter(bodies.values()), "")
            source = own if own.strip() else hinted
            is_readable = type in _READABLE
            yield from _made(language, partial(_parsed, parse, source, hosts), source, is_readable)


def _parsed(parse: Callable[[str], Tree], source: str, hosts: Collection[str]) -> Blocks:
    return blocks(parse(source), "", hosts)


def _marked(parts: Sequence[Element], bodies: Bodies) -> Iterator[_Candidate]:
    for markup in islice((part for part in parts if part.tag == MARKUP), MOST_VERSIONS):
        language = _language(markup)
        body = bodies.get(language, "") if language or len(bodies) != 1 else next(iter(bodies.values()))
        if body:
            yield from _made(language, partial(marked, body, markup), body)


def _language(element: Element) -> str | None:
    """What is no language tag says nothing (RFC 5646 §2.1)."""
    language = element.get(XML_LANG, "")
    return language if _LANGUAGE.fullmatch(language) else None


def _made(
    language: str | None, make: Callable[[], Blocks], source: str = "", is_readable: bool = True
) -> Iterator[_Candidate]:
    with suppress(TooMuch):
        yield _Candidate(language, make(), source, is_readable)


_READABLE = frozenset({"text/markdown", "text/plain"})
"""Types that a person can read as they are."""

_PARSERS: Mapping[str, Callable[[str], Tree]] = MappingProxyType(
    {
        "text/html": from_html,
        "application/xhtml+xml": from_html,
        "text/markdown": from_markdown,
        "text/plain": from_text,
    }
)
