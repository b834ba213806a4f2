"""Whether formatted content and a text say the same, however clients write out lists, quotes, links and pictures."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from . import plain_text as plain
from . import urls
from .document import Blocks, Image, Inline, Run
from .walking import contents

LONGEST = 65_536
"""Characters of a body that is compared."""

_URL = re.compile(r"(?:[:=][ \t]*|[-–—→][ \t]+)?((?:https?://|mailto:)[^\s<>\"]+)", re.IGNORECASE)
"""An address, with what introduces it."""
_STOPS = ".,;:!?'"
_AROUND = f'()[]<>{_STOPS}"'
_MARKER = re.compile(
    r"^[ \t\u00a0>|]*(?:(?:[-*+•◦▪‣⁃·–—o]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])[ \t\u00a0]+)?", re.MULTILINE
)
_RULE = re.compile(r"^[ \t\u00a0\-=_*~—–+|]+$", re.MULTILINE)
_IGNORED = re.compile(
    "[\\s*_~^`|#\\[\\]\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufe0e\\ufe0f\\ufeff\\ufffc]+"
)
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("–—−‐‑", "-"),
        "…": "...",
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉₊₋", 2 * "0123456789+-", strict=True)),
    }
)


def agree(text: str, blocks: Blocks) -> bool:
    """Whether ``text`` says what ``blocks`` say. Links may be written out in it or not, and so may pictures."""
    if len(text) > LONGEST:
        return False
    known = frozenset(urls.bare(target) for target in targets(blocks))
    forms = {_bare(text, known), _bare(_without_markers(text), known)}
    shapes = (_as_written, _with_targets, _without_pictures)
    spoken = (*("\n".join(_lines(blocks, shape)) for shape in shapes), plain.text(blocks))
    return any(_bare(said, known) in forms or _bare(_without_markers(said), known) in forms for said in spoken)


def names_all(text: str, blocks: Blocks) -> bool:
    """Whether nothing is lost without the links and pictures, as ``text`` has their addresses."""
    needed = {urls.bare(target) for target in targets(blocks)}
    if not needed:
        return True
    words = {urls.bare(word.strip(_AROUND)) for word in text.split()}
    words |= {urls.bare(urls.link(form) or "") for url in _URL.findall(text) for form in (url, url.rstrip(_AROUND))}
    return needed <= words


def targets(blocks: Blocks) -> Iterator[str]:
    """Where its links lead to, and its pictures come from."""
    for content in contents(blocks):
        for inline in content:
            if inline.look.target:
                yield inline.look.target
            if isinstance(inline, Image) and inline.url:
                yield inline.url


def _lines(blocks: Blocks, shape: Callable[[Inline], str]) -> Iterator[str]:
    for content in contents(blocks):
        yield "".join(map(shape, content))


def _as_written(inline: Inline) -> str:
    return inline.description if isinstance(inline, Image) else inline.text


def _with_targets(inline: Inline) -> str:
    """Links whose text is their target, but written differently, as the target."""
    target = inline.look.target
    is_target = target is not None and isinstance(inline, Run) and urls.same(inline.text, target)
    return target if target and is_target else _as_written(inline)


def _without_pictures(inline: Inline) -> str:
    return "" if isinstance(inline, Image) else _with_targets(inline)


def _without_markers(text: str) -> str:
    return _MARKER.sub("", _RULE.sub("", text))


def _bare(text: str, known: frozenset[str]) -> str:
    """The letters, without what clients write differently. URLs that are ``known`` are left out."""
    if known:
        text = _URL.sub(lambda found: _unless_known(found, known), text.replace("![", "["))
    text = unicodedata.normalize("NFC", text).translate(_ALIKE)
    return re.sub(r"\(\)|<>", "", _IGNORED.sub("", text))


def _unless_known(found: re.Match[str], known: frozenset[str]) -> str:
    """Nothing in place of a known URL, but what stands behind it is left."""
    url = found[1]
    for shorter in (url, url.rstrip(_STOPS), url.rstrip(_AROUND)):
        if urls.bare(urls.link(shorter) or shorter) in known:
            return url[len(shorter) :]
    return found[0]
