"""What an ``<img>`` says."""

import re
from collections.abc import Callable

from . import urls
from .document import Image, Inline, Look, Run
from .inline import collapsed
from .tree import Tree, number

LARGEST = (640, 480)
"""Pixels, width and height: what is larger, of unknown size, or not by https, is a link in a client (C10)."""

_LONGEST_DESCRIPTION = 300
_EMOTICON_LENGTH = 12
_SPACER = 3
"""A picture of fewer pixels shows nothing; it keeps a distance, or counts its readers."""

_EMOJI = re.compile("[\u203c-\u3299\U0001f000-\U0001faff]")


def picture(element: Tree, look: Look, allowed: Callable[[str], bool]) -> Inline | None:
    """The picture, or the text that it stands for. None if it shows nothing.

    ``allowed`` decides on its URL.
    """
    width, height = number(element, "width"), number(element, "height")
    if any(pixels is not None and pixels < _SPACER for pixels in (width, height)):
        return None
    description = collapsed(element.get("alt", "") or element.get("title", "")).strip()[:_LONGEST_DESCRIPTION]
    url = urls.link(element.get("src", ""))
    url = url if url and not url.startswith("mailto:") and allowed(url) else None
    if _is_emoticon(description, url):
        return Run(description, look)
    if not url and not description:
        return None
    size = (width, height) if width and height and width <= LARGEST[0] and height <= LARGEST[1] else None
    return Image(description, url, size if url and url.startswith("https:") else None, look)


def _is_emoticon(description: str, url: str | None) -> bool:
    """Whether it is a character that a client, or a web mailer, shows as a picture."""
    if not description or len(description) > _EMOTICON_LENGTH or " " in description:
        return False
    return bool(_EMOJI.match(description)) or (url is None and not description[0].isalnum())
