"""Which addresses links and pictures may have."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

LONGEST = 2_000
"""Characters of a URL; browsers and clients take no longer ones everywhere."""

_AUTHORITY = re.compile(r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_MAILBOX = re.compile(r"[^\s@,;?&<>\"'\\()]+@[\w-]+(?:\.[\w-]+)+")
_IN_TEXT = re.compile(r"(?<!\w)https?://[^\s<>\"\u00a0]+", re.IGNORECASE)
_BEHIND = ".,;:!?'*_"
_REMOVED_BY_BROWSERS = re.compile(r"[\t\n\r]")
_UNSAFE = re.compile(
    '[\\x00-\\x20\\x7f-\\xa0\\xad\\u061c\\u200b-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff"<>\\\\^`{|}]'
)


def link(value: str) -> str | None:
    """A link's target, escaped for any context; None if nobody should follow it.

    Only ``http``, ``https`` and ``mailto`` are known. ``xmpp:`` is not among them, as it would name real accounts
    (AD2), nor is anything relative, as there is no page that it could be relative to.
    """
    scheme, value = _split(value)
    if scheme in ("http", "https"):
        return _web(scheme, value)
    return _mail(value) if scheme == "mailto" else None


def same(text: str, target: str) -> bool:
    """Whether a text names a link's target, so that there is no need to write it twice."""
    return bare(text) == bare(target)


def found(text: str) -> Iterator[tuple[int, int, str]]:
    """``(start, end, target)`` of each web address in a text."""
    for match in _IN_TEXT.finditer(text):
        shown = match[0].rstrip(_BEHIND)
        if shown.count("(") < shown.count(")"):
            shown = shown.removesuffix(")").rstrip(_BEHIND)
        target = link(shown)
        if target:
            yield match.start(), match.start() + len(shown), target


def bare(url: str) -> str:
    return re.sub(r"^(?:https?://|mailto:)", "", url.strip(), flags=re.IGNORECASE).removesuffix("/")


def _split(value: str) -> tuple[str, str]:
    """``(scheme in lower case, the rest)``, read as browsers do."""
    if len(value) > LONGEST:
        return "", ""
    value = _REMOVED_BY_BROWSERS.sub("", value.strip("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f \t\r\n"))
    scheme, _, rest = value.partition(":")
    return scheme.lower(), rest


def _web(scheme: str, rest: str) -> str | None:
    """Without a user name, which can disguise the host, and with a valid host."""
    if not rest.startswith("//"):
        return None
    try:
        authority = urlsplit(f"{scheme}:{rest}").netloc
    except ValueError:
        return None
    after = rest[2 + len(authority) :]
    if not _AUTHORITY.fullmatch(authority) or (after and after[0] not in "/?#"):
        return None
    return f"{scheme}://{authority}{_escaped(after)}"


def _mail(rest: str) -> str | None:
    """One receiver, without subject, text or further receivers."""
    mailbox = rest.partition("?")[0]
    return f"mailto:{mailbox}" if _MAILBOX.fullmatch(mailbox) and not _UNSAFE.search(mailbox) else None


def _escaped(path: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0]), path)
