"""The formatted content of messages (C10): read from all the ways to send it, written to agents and to pages.

``read`` never raises and never takes long, whatever it is given; what it cannot make sense of is not there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from xml.etree.ElementTree import Element

from component.policy.elements import BODY, language_of
from component.xml import serialise

from . import page_html as page
from . import plain_text as plain
from . import xhtml
from .agreement import agree, names_all
from .candidates import HTML, Bodies, Candidate, candidates
from .document import Blocks
from .reading import TooMuch
from .rendered import Rendered
from .weight import HEAVIEST, is_formatted, lightened, weight

MOST_VERSIONS = 6
"""Languages of one message."""
LONGEST = 65_536
"""Characters of all bodies."""


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

    def rendered(self) -> Rendered:
        """All that anybody needs of it."""
        return Rendered(self.bodies, self.fragment() if self.formatted else "", serialise(self.xhtml()))


def read(parts: Sequence[Element], hosts: Collection[str] = ()) -> Rich | None:
    """The formatted content of a message; ``parts`` are its children.

    None if there is none, it is not usable, it is too much, or it disagrees with the body: then the body wins. Links
    that name an account on one of ``hosts`` lead nowhere (AD2).
    """
    try:
        versions = _versions(parts, hosts)
    except TooMuch:
        return None
    return Rich(versions) if versions else None


def _versions(parts: Sequence[Element], hosts: Collection[str]) -> tuple[Version, ...]:
    """Of the first way that has any. Raises ``TooMuch``, also for many parts that would take long together."""
    said = (part for part in parts if part.tag == BODY and (part.text or "").strip())
    bodies = {language_of(part): part.text or "" for part in islice(said, MOST_VERSIONS)}
    if sum(map(len, bodies.values())) > LONGEST:
        raise TooMuch
    left = HEAVIEST
    for way in candidates(parts, bodies, hosts):
        versions: dict[str | None, Version] = {}
        for candidate in islice(way, MOST_VERSIONS):
            blocks = lightened(candidate.blocks)
            left -= weight(blocks)
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
        return Version(language, plain.text(blocks), blocks)
    for place, body in [(language, bodies[language])] if language in bodies else list(bodies.items()):
        if candidate.source and body.strip() == candidate.source.strip():
            return Version(place, body if candidate.is_readable else plain.text(blocks), blocks)
        if agree(body, blocks):
            return Version(place, body if names_all(body, blocks) else plain.text(blocks), blocks)
    return None
