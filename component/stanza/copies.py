"""Copies of messages for those who see a chat without taking part in it: supervisors, and an agent's own Work account.

A copy is built anew from the text of the message, so that nothing else can be in it.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from component.element import attribute, parse_children, serialise, text
from component.model import Party, Side
from component.policy.elements import CORRECT_NS, REPLY_NS, RETRACT_NS
from component.stanza.bodies import whole_text
from component.stanza.message import HINTS_NS, REPLY, STORE, envelope

OFFLINE_NS = "http://jabber.org/protocol/offline"
NICK_NS = "http://jabber.org/protocol/nick"

NOT_KEPT = f'<no-store xmlns="{HINTS_NS}"/><no-copy xmlns="{HINTS_NS}"/>'
"""XEP-0334 §4"""

_REPLACE = f"{{{CORRECT_NS}}}replace"
_RETRACT = f"{{{RETRACT_NS}}}retract"


def reference(payload: str) -> tuple[str | None, str | None]:
    """The ids of the messages that this one corrects and retracts (XEP-0308, XEP-0424)."""
    if CORRECT_NS not in payload and RETRACT_NS not in payload:
        return None, None
    found = {part.tag: part.get("id") for part in parse_children(payload)}
    return found.get(_REPLACE), found.get(_RETRACT)


def spoken(payload: str, prefix: str = "") -> str:
    """What a message says, in all its languages, as one text behind ``prefix``: a copy has one reader, whose client
    would show one of several. Empty if it says nothing."""
    words = whole_text(parse_children(payload))
    return "" if words is None else line(prefix + words)


def line(words: str) -> str:
    return f"<body>{text(words)}</body>"


def corrects(id: str) -> str:
    """The message takes the place of the one with that id (XEP-0308 §3)."""
    return f'<replace xmlns="{CORRECT_NS}" id="{attribute(id)}"/>'


def retracts(id: str) -> str:
    """The message with that id is taken back (XEP-0424 §4.1). An archive keeps that, although it may have no text."""
    return f'<retract xmlns="{RETRACT_NS}" id="{attribute(id)}"/>{STORE}'


def named(nick: str) -> str:
    """What clients may call the sender (XEP-0172 §4.3)."""
    return f'<nick xmlns="{NICK_NS}">{text(nick)}</nick>'


def addressed(viewer: Party, name: str) -> str:
    """What goes with every copy: what clients may call the sender, and for Work accounts that ejabberd shall not keep
    it for a log-in, as mod_offline does not with this element (XEP-0013). The archive has it, and the few messages that
    ejabberd keeps of each account shall be those of others."""
    return named(name) + (f'<offline xmlns="{OFFLINE_NS}"/>' if viewer.side is Side.WORK else "")


def original(
    sender: str, receiver: str, type: str, client_id: str | None, payload: str, faces: Mapping[str, str]
) -> str:
    """The message as its receiver got it, between the faces of the two. ``faces`` are those of their accounts."""
    if REPLY_NS in payload:
        payload = "".join(serialise(_with_faces(part, faces)) for part in parse_children(payload))
    return envelope(sender, receiver, type, client_id, payload)


def _with_faces(part: Element, faces: Mapping[str, str]) -> Element:
    """AD2: a reply names the author of what it answers, to its receiver by their own account."""
    if part.tag == REPLY:
        author = part.get("to", "")
        part.set("to", faces.get(author, author))
    return part
