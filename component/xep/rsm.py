"""Result set management (XEP-0059): the requested page of a result, and the returned one."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.xml import child

RSM_NS = "http://jabber.org/protocol/rsm"
SET = f"{{{RSM_NS}}}set"

MOST = 10**9
"""No page has more items. A larger ``max`` is cut to this: clients send the largest number they know."""


class BadQuery(ValueError):
    """An invalid query. The text is for the client's developer.

    ``type`` and ``condition`` are those of the stanza error (RFC 6120 §8.3).
    """

    type = "modify"
    condition = "bad-request"


class NotOffered(BadQuery):
    """The query is valid, but asks for something that is not supported."""

    type = "cancel"
    condition = "feature-not-implemented"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``max`` is None where the server decides. ``before`` is ``""`` for the last page of all (XEP-0059 §2.5).

    With both ``after`` and ``before``, which XEP-0059 leaves open, the page is the last one between the two.
    """

    max: int | None = None
    after: str | None = None
    before: str | None = None

    @property
    def backwards(self) -> bool:
        return self.before is not None


def read(parent: Element) -> PageRequest:
    """The page asked for in ``parent``. Raises ``BadQuery``, and ``NotOffered`` for one by its index."""
    element = parent.find(SET)
    if element is None:
        return PageRequest()
    if element.find(f"{{{RSM_NS}}}index") is not None:
        raise NotOffered("Pages by index are not offered here; use after or before.")
    after, before = element.find(f"{{{RSM_NS}}}after"), element.find(f"{{{RSM_NS}}}before")
    return PageRequest(
        _number(element.findtext(f"{{{RSM_NS}}}max")),
        None if after is None else (after.text or "").strip() or None,
        None if before is None else (before.text or "").strip(),
    )


def page(first: str | None, last: str | None, count: int | None) -> Element:
    """The page that was returned: ids of its first and last item if it has any, and the number of items in all."""
    element = Element(SET)
    if first is not None and last is not None:
        child(element, "first", RSM_NS, first)
        child(element, "last", RSM_NS, last)
    if count is not None:
        child(element, "count", RSM_NS, str(count))
    return element


def _number(text: str | None) -> int | None:
    """A ``max``. A huge one is cut to ``MOST``, an empty one counts as not given."""
    text = (text or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal():
        raise BadQuery("The max of a page has to be a whole number.")
    digits = text.lstrip("0")
    return min(int(digits or "0"), MOST) if len(digits) <= len(str(MOST)) else MOST
