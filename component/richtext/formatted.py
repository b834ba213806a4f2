"""The formatted content of messages (C10): read from all the ways to send it, written to agents and to pages.

``read`` never raises and never takes long, whatever it is given; what it cannot make sense of is left out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from xml.etree.ElementTree import Element

from component.policy.classify import Part
from component.policy.elements import BODY, REPLY_NS, language_of
from component.policy.fallback import ranges, within
from component.policy.features import RICH, Feature
from component.policy.marks import plain_text as without_marks
from component.xml import serialise

from . import page_html as page
from . import xhtml
from .document import Blocks, Inline, Inlines, Run, changed, contents
from .html_reader import PARSERS, TooMuch, read_blocks
from .message_markup import MARKUP_NS, marked
from .page_html import is_formatted
from .plain_text import as_plain_text, has_all_addresses, says_the_same
from .rendered import Rendered
from .tree import XHTML_NS
from .xhtml import XHTML_IM_NS

HTML = f"{{{XHTML_IM_NS}}}html"
CONTENT = "{urn:xmpp:content}content"
MARKUP = f"{{{MARKUP_NS}}}markup"

_READABLE = frozenset({"text/markdown", "text/plain"})
"""Types whose source a person can read."""

MOST_VERSIONS = 6
"""Languages of one message."""

LONGEST_BODIES = 65_536
"""Characters of all bodies."""

MOST_WRITTEN = 262_144
"""Characters, about, of all that is written from a message, in all its versions."""

Bodies = Mapping[str | None, str]
"""Texts by language; None is the text without a language."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of a message. ``source`` is the text that was read, if there is one; a body may repeat it."""

    language: str | None
    blocks: Blocks
    source: str = ""
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Version:
    """The message in one language, None if it names none. ``plain`` is what its body should be."""

    language: str | None
    plain: str
    blocks: Blocks


@dataclass(frozen=True)
class Rich:
    """Formatted content, sanitised. A message has one version for each language, usually one in all."""

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
        """Whether ``plain`` lacks something, so that a link to the page is needed.

        Text, links, pictures (which are links on a page, too), lists and quotes can all be written as plain text.
        """
        return any(is_formatted(version.blocks) for version in self.versions)

    def xhtml(self) -> Element:
        """``<html/>`` of XEP-0071, in the recommended profile."""
        element = Element(HTML)
        element.extend(xhtml.body(version.blocks, version.language) for version in self.versions)
        return element

    def fragment(self) -> str:
        """HTML for a page's ``<body>``. Nothing in it loads, runs or submits anything.

        It has ``style`` attributes, for which a Content-Security-Policy needs ``style-src-attr 'unsafe-inline'``.
        """
        return "".join(page.html(version.blocks, version.language) for version in self.versions)

    def rendered(self) -> Rendered:
        """Everything that is written from it."""
        return Rendered(self.bodies, self.fragment() if self.formatted else "", serialise(self.xhtml()))


def rich_content(parts: Iterable[Part], hosts: Collection[str]) -> Rich | None:
    """The formatted content of a message with these children. Accounts are on ``hosts``."""
    parts = tuple(parts)
    content = [part for feature, part in parts if feature in RICH or feature is Feature.BODY]
    return read(content, hosts) or _of_answer(content, parts, hosts)


def _of_answer(content: Sequence[Element], parts: Sequence[Part], hosts: Collection[str]) -> Rich | None:
    """Some clients quote what they reply to in the body, for old clients, and format only the answer (C14)."""
    bodies = [part for part in content if part.tag == BODY]
    marks = [part for feature, part in parts if feature is Feature.FALLBACK and part.get("for") == REPLY_NS]
    if len(bodies) != 1 or not marks:
        return None
    text = bodies[0].text or ""
    quoted = within(ranges(marks), len(text))
    if len(quoted) != 1 or quoted[0][0] != 0:
        return None
    end = quoted[0][1]
    answer = Element(BODY, bodies[0].attrib)
    answer.text = without_marks(text[end:])
    rich = read([answer if part.tag == BODY else part for part in content], hosts)
    return rich and Rich(tuple(replace(version, plain=text[:end] + version.plain) for version in rich.versions))


def read(parts: Sequence[Element], hosts: Collection[str] = ()) -> Rich | None:
    """The formatted content of a message; ``parts`` are its children.

    None if there is none, it cannot be used, it is too large, or it does not say the same as the body: then the body is
    used. Links that name an account on one of ``hosts`` lose their target (AD2).
    """
    try:
        versions = _versions(parts, hosts)
    except TooMuch:
        return None
    return Rich(versions) if versions else None


def _versions(parts: Sequence[Element], hosts: Collection[str]) -> tuple[Version, ...]:
    """Versions from the first format that has any. Raises ``TooMuch``, also if all parts together are too much."""
    said = (part for part in parts if part.tag == BODY and (part.text or "").strip())
    bodies = {language_of(part): part.text or "" for part in islice(said, MOST_VERSIONS)}
    if sum(map(len, bodies.values())) > LONGEST_BODIES:
        raise TooMuch
    left = MOST_WRITTEN
    for way in candidates(parts, bodies, hosts):
        versions: dict[str | None, Version] = {}
        for candidate in islice(way, MOST_VERSIONS):
            blocks = without_styles_if_large(candidate.blocks)
            left -= written_size(blocks)
            if left < 0:
                raise TooMuch
            version = _version(candidate, blocks, bodies) if blocks else None
            if version:
                versions.setdefault(version.language, version)
        if versions:
            return tuple(versions.values())
    return ()


def _version(candidate: Candidate, blocks: Blocks, bodies: Bodies) -> Version | None:
    """The candidate as a version of the message, if a body says the same, or if there is no body at all."""
    language = candidate.language
    if not bodies:
        return Version(language, as_plain_text(blocks), blocks)
    for place, body in [(language, bodies[language])] if language in bodies else list(bodies.items()):
        if candidate.source and body.strip() == candidate.source.strip():
            return Version(place, body if candidate.is_readable else as_plain_text(blocks), blocks)
        if says_the_same(body, blocks):
            return Version(place, body if has_all_addresses(body, blocks) else as_plain_text(blocks), blocks)
    return None


# The formats in which a message can carry formatted content, the best one first.


def candidates(parts: Sequence[Element], bodies: Bodies, hosts: Collection[str]) -> Iterator[Iterator[Candidate]]:
    """For each format, one candidate for each language, read lazily. Raises ``TooMuch``."""
    yield _xhtml(parts, hosts)
    yield _typed(parts, bodies, hosts)
    yield _marked(parts, bodies)


def _xhtml(parts: Sequence[Element], hosts: Collection[str]) -> Iterator[Candidate]:
    """XEP-0071"""
    for html in parts:
        if html.tag == HTML:
            for body in html.iterfind(f"{{{XHTML_NS}}}body"):
                yield Candidate(language_of(body), read_blocks(body, XHTML_NS, hosts))


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
            yield Candidate(language, read_blocks(parse(source), "", hosts), source, wanted in _READABLE)


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


# How much is written


def without_styles_if_large(blocks: Blocks) -> Blocks:
    """The blocks; without styles if too much would be written with them."""
    return blocks if written_size(blocks) <= MOST_WRITTEN else changed(blocks, _without_styles)


def written_size(blocks: Blocks) -> int:
    """Characters, about, of what is written from the blocks. Links and styles are repeated for each piece of text, and
    empty cells are written as well."""
    return sum(20 + sum(100 + _inline_size(inline) for inline in content) for content in contents(blocks))


def _inline_size(inline: Inline) -> int:
    style = sum(len(name) + len(value) + 4 for name, value in inline.look.style)
    text = inline.text if isinstance(inline, Run) else inline.description + (inline.url or "")
    return len(text) + len(inline.look.target or "") + style


def _without_styles(content: Inlines) -> Inlines:
    return tuple(replace(inline, look=replace(inline.look, style=())) for inline in content)
