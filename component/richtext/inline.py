"""Text between two block boundaries: white space, line breaks, and its division into paragraphs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from .document import PLAIN, Image, Inline, Inlines, Look, Run

_SPACE = re.compile(r"[ \t\n\r\f]+")
_SPACES = re.compile(r" {2,}|\t")
_WORD_LIST = re.compile(r"^(?:[·•§o]|(\d{1,3}[.)]))\u00a0{2,}[\u00a0 ]*", re.MULTILINE)
_BLANK = " \u00a0\u200b\ufeff"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def collapsed(text: str) -> str:
    """Text of HTML, where any white space is one space."""
    return _SPACE.sub(" ", _FORBIDDEN.sub("", text))


def preserved(text: str) -> str:
    """Text with significant white space, for where it would be collapsed: with no-break spaces (XEP-0071 §8)."""
    text = verbatim(text).replace("\f", "")
    return _SPACES.sub(lambda found: "\u00a0" * (4 if found[0] == "\t" else len(found[0])), text)


def verbatim(text: str) -> str:
    """Text whose white space is kept."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def paragraphs(content: Iterable[Inline]) -> Iterator[Inlines]:
    """Each part between blank lines, trimmed. Blank ones are left out."""
    part: list[list[Inline]] = []
    for line in _lines(content):
        if any(_is_visible(inline) for inline in line):
            part.append(line)
        elif part:
            yield _joined(part)
            part = []
    if part:
        yield _joined(part)


def merged(content: Iterable[Inline]) -> Inlines:
    """Neighbours with the same look become one run."""
    result: list[Inline] = []
    for look, group in groupby(content, lambda inline: inline.look if isinstance(inline, Run) else None):
        if look is None:
            result.extend(group)
        else:
            text = "".join(inline.text for inline in group if isinstance(inline, Run))
            result.append(Run(text, look))
    return tuple(result)


def rejoined(content: Iterable[Inline]) -> Inlines:
    """The same, with line breaks that have the look of the text around them."""
    return merged(_with_breaks(_split(content)))


def _lines(content: Iterable[Inline]) -> Iterator[list[Inline]]:
    return map(_single_spaced, _split(content))


def _split(content: Iterable[Inline]) -> Iterator[list[Inline]]:
    line: list[Inline] = []
    for inline in content:
        if isinstance(inline, Image):
            line.append(inline)
            continue
        first, *others = inline.text.split("\n")
        line.append(replace(inline, text=first))
        for text in others:
            yield [part for part in line if isinstance(part, Image) or part.text]
            line = [replace(inline, text=text)]
    yield [part for part in line if isinstance(part, Image) or part.text]


def _single_spaced(line: list[Inline]) -> list[Inline]:
    """One space between words, also across runs, and none at either end."""
    result: list[Inline] = []
    after_space = True
    for inline in line:
        if isinstance(inline, Run):
            text = _SPACE.sub(" ", inline.text)
            text = text[1:] if after_space and text.startswith(" ") else text
            if text:
                result.append(replace(inline, text=text))
                after_space = text.endswith(" ")
        else:
            result.append(inline)
            after_space = False
    return _without_end(result)


def _without_end(line: list[Inline]) -> list[Inline]:
    last = line[-1] if line else None
    if isinstance(last, Run) and last.text.endswith(" "):
        text = last.text[:-1]
        return [*line[:-1], replace(last, text=text)] if text else line[:-1]
    return line


def _joined(lines: list[list[Inline]]) -> Inlines:
    return tuple(map(_with_marker, merged(_with_breaks(lines))))


def _with_breaks(lines: Iterable[list[Inline]]) -> list[Inline]:
    content: list[Inline] = []
    for number, line in enumerate(lines):
        if number:
            content.append(Run("\n", _common(content[-1:], line[:1])))
        content.extend(line)
    return content


def _common(before: list[Inline], after: list[Inline]) -> Look:
    """The look on both sides of a line break, if it is the same. The link target does not count, as a picture may be
    written as a link."""
    looks = {replace(inline.look, target=None) for inline in (*before, *after)}
    return looks.pop() if len(looks) == 1 and before and after else PLAIN


def _with_marker(inline: Inline) -> Inline:
    """Word writes lists as lines that begin with a bullet and a gap."""
    if isinstance(inline, Run) and "\u00a0" in inline.text:
        return replace(inline, text=_WORD_LIST.sub(lambda found: f"{found[1] or '•'} ", inline.text))
    return inline


def _is_visible(inline: Inline) -> bool:
    return isinstance(inline, Image) or bool(inline.text.strip(_BLANK))
