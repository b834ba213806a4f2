"""How a file is shown to agents (C5): ``NAME (SIZE): ADDRESS``, one line a file.

The name comes from the sender, or from the end of the upload's address, and may be made to deceive: to turn the line
round, to break it, to hide what kind of file it is.
"""

import re
import unicodedata

from component.policy.file_descriptions import File
from component.policy.web_addresses import last_segment

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 500
NAMELESS = "File"

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_SHOWN = frozenset("\u200c\u200d")  # invisible, but letters and emoji are joined with them
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_SEPARATORS = re.compile(r"[/\\]+")


def file_name(file: File) -> str:
    """The name of the file, safe to show."""
    return _clean_name(file.name) or _clean_name(last_segment(file.url)) or NAMELESS


def file_line(file: File, address: str) -> str:
    """The file's line with ``address``, which is told for its own."""
    size = "" if file.size is None else f" ({size_words(file.size)})"
    return f"{file_name(file)}{size}: {address}"


def size_words(size: int) -> str:
    """A number of bytes, for people: ``1 byte``, ``67 kB``, ``3.2 MB``."""
    if size == 1:
        return "1 byte"
    number, unit = float(size), 0
    while number >= (999.5 if unit else 1000) and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    digits = f"{number:.1f}".removesuffix(".0") if number < 10 else f"{number:.0f}"
    return f"{digits} {_UNITS[unit]}"


def description(file: File) -> str:
    """What the sender says about the file, as one line."""
    return _shortened(visible(file.description[: 4 * LONGEST_DESCRIPTION]), LONGEST_DESCRIPTION)


def visible(text: str) -> str:
    """A text in one line, without what cannot be seen or turns the direction of what follows."""
    kept = "".join(c for c in text.replace("\t", " ") if c in _SHOWN or c in "\r\n" or _is_seen(c))
    return " ".join(kept.split())


def _is_seen(character: str) -> bool:
    # Not assigned may only mean newer than our tables; U+xFFFE and U+xFFFF are no characters, and none of XML's.
    return unicodedata.category(character) not in _UNSEEN and ord(character) & 0xFFFE != 0xFFFE


def _clean_name(name: str) -> str:
    parts = [part for part in _SEPARATORS.split(visible(name[: 4 * LONGEST_NAME])) if part.strip(" .\u200c\u200d")]
    return _shortened(parts[-1].strip(), LONGEST_NAME) if parts else ""


def _shortened(text: str, most: int) -> str:
    """Cut in the middle, so that the end of a name still tells what it is."""
    if len(text) <= most:
        return text
    end = 20
    return f"{text[: most - end - 1]}…{text[-end:]}"
