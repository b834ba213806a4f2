"""Addresses on the web: which ones may be passed on, and when two of them are the same."""

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

import idna

LONGEST = 2_000
"""Characters. Browsers and servers take no more for granted."""

LONGEST_HOST = 255
"""Characters (RFC 1035 §2.3.4). To encode a host takes the square of its length."""

ADDRESS = re.compile(rf"https?://[^\s<>\"]{{1,{LONGEST}}}", re.IGNORECASE)
"""An address in a text, perhaps with a punctuation mark behind it that is the text's."""

_PORTS = {"http": 80, "https": 443}
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|[0-9a-f:.]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_SAFE = "%/:=&?~#+!$,;'@()*[]"
_TRAILING = ".,;:!?'\"»”’*_~`"
_CLOSING = {")": "(", "]": "[", "}": "{"}


def usable(address: str) -> str | None:
    """An http(s) address as it can be passed on, in ASCII; None for everything else.

    One with a name or password in it is none: it would give away what only the sender should know. Nor is one that
    browsers could read in another way than we do.
    """
    address = address.strip()
    if len(address) > LONGEST or _CONTROL.search(address):
        return None
    try:
        parts = urlsplit(address)
        return _ascii(parts) if _is_of_the_web(parts) else None
    except ValueError:
        return None


def _is_of_the_web(parts: SplitResult) -> bool:
    """Raises ``ValueError`` for a port that is none."""
    is_host = 0 < len(parts.hostname or "") <= LONGEST_HOST
    return parts.scheme in _PORTS and is_host and "@" not in parts.netloc and parts.port != 0


def _ascii(parts: SplitResult) -> str | None:
    """Raises ``ValueError`` for a host that is none."""
    host = parts.hostname or ""
    if not host.isascii():
        # As browsers do (UTS #46, non-transitional): straße.example is not strasse.example, and may be another owner's.
        # Python's own codec is of 2003, and takes them for one. Raises UnicodeError, a ValueError.
        host = idna.encode(host, uts46=True, std3_rules=True).decode()
    if not _HOST.fullmatch(host):
        return None
    where = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        where = f"{where}:{parts.port}"
    rest = parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    url = f"{parts.scheme}://{where}{quote(rest, safe=_SAFE)}"
    return url if len(url) <= LONGEST else None


def key(url: str) -> str:
    """The same for two ways of writing one address: escapes and the usual port do not count, nor does the fragment.

    Only for an address that is ``usable``.
    """
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    query = f"?{unquote(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{parts.hostname}:{port}{unquote(parts.path) or '/'}{query}"


def last_segment(url: str) -> str:
    """What the path of an address ends with, unescaped: mostly a file's name. It may be empty, and anything."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])


def without_punctuation(found: str) -> str:
    """What was found in a text by ``ADDRESS``, without what belongs to the sentence around it."""
    unopened = {closing: found.count(closing) - found.count(opening) for closing, opening in _CLOSING.items()}
    end = len(found)
    while end and (found[end - 1] in _TRAILING or unopened.get(found[end - 1], 0) > 0):
        end -= 1
        if found[end] in unopened:
            unopened[found[end]] -= 1
    return found[:end]
