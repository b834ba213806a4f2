"""Presence stanzas as text: one change may go to a thousand watchers, so only the receiver varies."""

from xml.etree.ElementTree import Element

from component.policy.shown_presence import Seen, Session
from component.xml import STREAM_NS, attribute, text

RESOURCE = "deskbridge"
"""Every face has this one resource, whatever the real ones are."""


class PresenceText:
    """Presence of one face, ready to be addressed: ``PresenceText(face, seen).to(watcher)``.

    ``more`` is further XML for an available face: capabilities, picture.
    """

    __slots__ = ("_head", "_tail")

    def __init__(self, face: str, seen: Seen, more: str = "") -> None:
        self._head = f'<presence from="{attribute(face)}/{RESOURCE}" to="'
        if not seen.available:
            self._tail = '" type="unavailable"/>'
            return
        show = f"<show>{seen.show}</show>" if seen.show else ""
        status = f"<status>{text(seen.status)}</status>" if seen.status else ""
        self._tail = f'">{show}{status}{more}</presence>' if show or status or more else '"/>'

    def to(self, watcher: str) -> str:
        return f"{self._head}{attribute(watcher)}{self._tail}"


def plain(type: str, sender: str, receiver: str) -> str:
    """A presence stanza without content: ``subscribed``, ``unsubscribed``, ``probe``."""
    return f'<presence type="{type}" from="{attribute(sender)}" to="{attribute(receiver)}"/>'


def answers_probe(presence: Element) -> bool:
    """Whether it is an answer to a probe: ejabberd adds a time stamp (XEP-0203 §3)."""
    return presence.find("{urn:xmpp:delay}delay") is not None


def by_client(presence: Element) -> bool:
    """Whether a client sent this: ejabberd then adds its language. ejabberd's own notice of a lost session has none."""
    return "{http://www.w3.org/XML/1998/namespace}lang" in presence.attrib


SHOWS = frozenset({"", "chat", "away", "dnd", "xa"})
STATUS_CHARS = 500


def session(presence: Element) -> Session:
    """What an available presence says of its session. Invalid values are ignored (RFC 6121 §4.7.2)."""
    show = (presence.findtext(f"{{{STREAM_NS}}}show") or "").strip()
    status = presence.findtext(f"{{{STREAM_NS}}}status") or ""
    return Session(
        show if show in SHOWS else "",
        status[:STATUS_CHARS],
        _priority(presence.findtext(f"{{{STREAM_NS}}}priority")),
    )


def _priority(value: str | None) -> int:
    try:
        return max(-128, min(127, int(value or 0)))
    except ValueError:
        return 0
