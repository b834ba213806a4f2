"""Messages as they leave: built anew from what may pass, so that nothing else can be in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.etree.ElementTree import Element

from component.element import STREAM_NS, XML_LANG, attribute, child, stanza

HINTS_NS = "urn:xmpp:hints"
SID_NS = "urn:xmpp:sid:0"
DELAY_NS = "urn:xmpp:delay"
REPLY = "{urn:xmpp:reply:0}reply"


@dataclass(frozen=True, slots=True)
class Shape:
    """The attributes, text and children that an element keeps."""

    attributes: tuple[str, ...] = ()
    has_text: bool = False
    children: Mapping[str, "Shape"] = field(default_factory=dict)


_FALLBACK_NS = "urn:xmpp:fallback:0"
_RANGE = Shape(("start", "end"))

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        f"{{{STREAM_NS}}}body": Shape((XML_LANG,), has_text=True),
        f"{{{STREAM_NS}}}thread": Shape(("parent",), has_text=True),
        f"{{{SID_NS}}}origin-id": Shape(("id",)),
        "{urn:xmpp:styling:0}unstyled": Shape(),
        "{urn:xmpp:message-correct:0}replace": Shape(("id",)),
        "{urn:xmpp:message-retract:1}retract": Shape(("id",)),
        REPLY: Shape(("to", "id")),
        f"{{{_FALLBACK_NS}}}fallback": Shape(("for",), children={f"{{{_FALLBACK_NS}}}body": _RANGE}),
    }
)
"""Every element that can reach the other side. What has no shape here cannot be built."""


def cut(element: Element) -> Element:
    """A copy of ``element`` in its shape. Raises ``KeyError`` for one that has none."""
    return _cut(element, SHAPES[element.tag])


def _cut(element: Element, shape: Shape) -> Element:
    kept = Element(element.tag, {key: element.attrib[key] for key in shape.attributes if key in element.attrib})
    if shape.has_text:
        kept.text = element.text
    for part in element:
        inner = shape.children.get(part.tag)
        if inner:
            kept.append(_cut(part, inner))
    return kept


def envelope(sender: str, receiver: str, type: str, id: str | None, *content: str) -> str:
    """The text of a message whose children are texts already."""
    named = f' id="{attribute(id)}"' if id is not None else ""
    head = f'<message from="{attribute(sender)}" to="{attribute(receiver)}" type="{attribute(type)}"{named}>'
    return f"{head}{''.join(content)}</message>"


def stanza_id(by: str, id: str) -> str:
    """Says under which id ``by`` archived the message (XEP-0359 §3)."""
    return f'<stanza-id xmlns="{SID_NS}" by="{attribute(by)}" id="{attribute(id)}"/>'


def stanza_ids(element: Element) -> list[tuple[str, str]]:
    """Every ``(by, id)`` of a message's ``<stanza-id/>`` elements. Only to be believed from who is ``by``."""
    found = element.iterfind(f"{{{SID_NS}}}stanza-id")
    return [(part.get("by", ""), part.get("id", "")) for part in found]


def delay(by: str, stamp: str) -> str:
    """Says that the message was sent at ``stamp`` (XEP-0203; a date and time of XEP-0082)."""
    return f'<delay xmlns="{DELAY_NS}" from="{attribute(by)}" stamp="{stamp}"/>'


def notice(sender: str, receiver: str, text: str, id: str) -> Element:
    """A line from the bridge itself, which no archive keeps (XEP-0334 §4.2)."""
    element = stanza("message", sender, receiver, type="chat", id=id)
    child(element, "body", text=text)
    child(element, "no-store", HINTS_NS)
    return element


def origin_id(message: Element) -> str | None:
    """The id that the sending client gave the message (XEP-0359 §4)."""
    element = message.find(f"{{{SID_NS}}}origin-id")
    return None if element is None else element.get("id")


def decline(room: str, face: str, inviter: str | None, reason: str) -> Element:
    """The answer to a room that invited a face (XEP-0045 §7.8.2)."""
    element = stanza("message", face, room)
    user = child(element, "x", "http://jabber.org/protocol/muc#user")
    declined = child(user, "decline", "http://jabber.org/protocol/muc#user")
    if inviter:
        declined.set("to", inviter)
    child(declined, "reason", "http://jabber.org/protocol/muc#user", reason)
    return element
