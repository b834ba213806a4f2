"""Links of deskbridge's own web address, in the texts of messages (C5, C10)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from component.xml import text

FILE = "file"
PAGE = "page"
_PATHS = {FILE: "f", PAGE: "m"}
_TOKEN = r"[A-Za-z0-9_-]+"


@dataclass(frozen=True, slots=True)
class MessageLink:
    """``kind`` is FILE, then ``content`` is the address of an upload, or PAGE, then it is sanitised HTML.

    ``title`` is empty for a page, which has its sender's name.
    """

    kind: str
    token: str = field(repr=False)
    title: str
    content: str = field(repr=False)


class LinkMaker:
    """Makes the links of one message: ``made``, in order. Nobody may be able to guess the ``tokens``."""

    def __init__(self, public_url: str, tokens: Iterator[str]) -> None:
        self._public_url = public_url
        self._tokens = tokens
        self.made: list[MessageLink] = []

    def __call__(self, kind: str, title: str, content: str) -> str:
        """The address that opens ``content``. It ends in no suffix, so that no client takes it for a picture."""
        link = MessageLink(kind, next(self._tokens), title, content)
        self.made.append(link)
        return address(self._public_url, kind, link.token)


def address(public_url: str, kind: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/{_PATHS[kind]}/{token}"


def tokens(payload: str, public_url: str) -> list[str]:
    """Of everything in the text of a message that looks like one of our links."""
    ours = text(public_url.rstrip("/"))
    if ours not in payload:
        return []
    return re.findall(f"{re.escape(ours)}/(?:{'|'.join(_PATHS.values())})/({_TOKEN})", payload)
