"""Whether formatted content and a text say the same, however clients write out lists, quotes, links and pictures."""

import re
import unicodedata
from collections.abc import Iterator

from . import plain, urls
from .document import Blocks, Heading, Image, Inline, Inlines, List, Paragraph, Preformatted, Quote, Table

LONGEST = 65_536
"""Characters of a body that is compared."""

_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)
_STOPS = ".,;:!?'"
_AROUND = f'()[]<>{_STOPS}"'
_MARKER = re.compile(
    r"^[ \t\u00a0>|]*(?:(?:[-*+•◦▪‣⁃·–—o]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])[ \t\u00a0]+)?", re.MULTILINE
)
_RULE = re.compile(r"^[ \t\u00a0\-=_*~—–+|]+$", re.MULTILINE)
_IGNORED = re.compile("[\\s*_~`|#\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufe0e\\ufe0f\\ufeff]+")
_ALIKE = str.maketrans({**dict.fromkeys("‘’‚‛′´", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("–—−‐‑", "-")})


def agree(text: str, blocks: Blocks) -> bool:
    """Whether ``text`` says what ``blocks`` say. Links may be written out in it or not, and so may pictures."""
    if len(text) > LONGEST:
        return False
    known = frozenset(urls.bare(target) for target in targets(blocks))
    forms = {_bare(text, known), _bare(_without_markers(text), known)}
    spoken = ("\n".join(_lines(blocks, True)), "\n".join(_lines(blocks, False)), plain.text(blocks))
    return any(_bare(said, known) in forms or _bare(_without_markers(said), known) in forms for said in spoken)


def names_all(text: str, blocks: Blocks) -> bool:
    """Whether nothing is lost without the links and pictures, as ``text`` has their addresses."""
    needed = {urls.bare(target) for target in targets(blocks)}
    if not needed:
        return True
    words = {urls.bare(word.strip(_AROUND)) for word in text.split()}
    words |= {urls.bare(urls.link(found) or "") for url in _URL.findall(text) for found in (url, url.rstrip(_AROUND))}
    return needed <= words


def targets(blocks: Blocks) -> Iterator[str]:
    """Where its links lead to, and its pictures come from."""
    for content in contents(blocks):
        for inline in content:
            if inline.look.target:
                yield inline.look.target
            if isinstance(inline, Image) and inline.url:
                yield inline.url


def contents(blocks: Blocks) -> Iterator[Inlines]:
    """All text, in the order of reading."""
    for block in blocks:
        match block:
            case Paragraph(content) | Preformatted(content) | Heading(_, content):
                yield content
            case Quote(inner):
                yield from contents(inner)
            case List(items):
                for item in items:
                    yield from contents(item)
            case Table(rows):
                yield from (cell.content for row in rows for cell in row)


def _lines(blocks: Blocks, described: bool) -> Iterator[str]:
    for content in contents(blocks):
        yield "".join(_spoken(inline, described) for inline in content)


def _spoken(inline: Inline, described: bool) -> str:
    if isinstance(inline, Image):
        return inline.description if described else ""
    return "" if inline.look.target and urls.same(inline.text, inline.look.target) else inline.text


def _without_markers(text: str) -> str:
    return _MARKER.sub("", _RULE.sub("", text))


def _bare(text: str, known: frozenset[str]) -> str:
    """The letters, without what clients write differently. URLs that are ``known`` are left out."""
    if known:
        text = _URL.sub(lambda found: _unless_known(found[0], known), text)
    text = unicodedata.normalize("NFC", text).translate(_ALIKE)
    return re.sub(r"\(\)|<>|\[\]", "", _IGNORED.sub("", text))


def _unless_known(url: str, known: frozenset[str]) -> str:
    """Nothing in place of a known URL, but what stands behind it is left."""
    for shorter in (url, url.rstrip(_STOPS), url.rstrip(_AROUND)):
        if urls.bare(urls.link(shorter) or shorter) in known:
            return url[len(shorter) :]
    return url
