"""Copies of messages for those who see a chat without taking part in it: supervisors, and an agent's own Work account.

A copy is built anew from the text of the message, so that nothing else can be in it.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from component.model import Party
from component.policy.elements import CORRECT_NS, REPLY_NS, RETRACT_NS
from component.xml import attribute, parse_children, serialise, text

from .bodies import whole_text
from .message_stanzas import HINTS_NS, REPLY, STORE, delay, envelope, opaque

OFFLINE_NS = "http://jabber.org/protocol/offline"
NICK_NS = "http://jabber.org/protocol/nick"

NOT_KEPT = f'<no-store xmlns="{HINTS_NS}"/>'
"""In no archive, and not until a log-in (XEP-0334 §4.2)."""

NOT_COPIED = f'{NOT_KEPT}<no-copy xmlns="{HINTS_NS}"/>'
"""Not to the account's other clients either (XEP-0334 §4.3)."""

_REPLACE = f"{{{CORRECT_NS}}}replace"
_RETRACT = f"{{{RETRACT_NS}}}retract"


def reference(payload: str) -> tuple[str | None, str | None]:
    """The ids of the messages that this one corrects and retracts (XEP-0308, XEP-0424)."""
    if CORRECT_NS not in payload and RETRACT_NS not in payload:
        return None, None
    found = {part.tag: part.get("id") for part in parse_children(payload)}
    return found.get(_REPLACE), found.get(_RETRACT)


def words(payload: str) -> str | None:
    """What a message says, in all its languages, as one text: a copy has one reader, whose client would show one of
    several. None if it says nothing."""
    return whole_text(parse_children(payload))


def body(words: str) -> str:
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


def to_supervisor(name: str) -> str:
    """What goes with everything about a chat that somebody watches, which is called ``name``. Only deskbridge keeps
    it: in an archive of ejabberd's it would outlive the right to watch, and be read without a line in the audit log."""
    return named(name) + NOT_KEPT


def to_own_account(name: str) -> str:
    """The same for a chat in its agent's Work account. ejabberd shall not keep it for a log-in, as mod_offline does not
    with this element (XEP-0013). The archive has it, and the few messages that ejabberd keeps of each account shall be
    those of others."""
    return f'{named(name)}<offline xmlns="{OFFLINE_NS}"/>'


def said_at(viewer: Party, face: str, at: int) -> str:
    """When it was said, which is some time ago: in the name of the viewer's server, as Gajim believes nobody else, and
    in that of the chat, as Conversations believes anybody but the server."""
    return delay(viewer.account.rpartition("@")[2], at) + delay(face, at)


def original(
    sender: str, receiver: str, type: str, client_id: str | None, payload: str, faces: Mapping[str, str]
) -> str:
    """The message as its receiver got it, between the faces of the two. ``faces`` are those of their accounts."""
    if REPLY_NS in payload:
        payload = "".join(serialise(_with_faces(part, faces)) for part in parse_children(payload))
    return envelope(sender, receiver, type, client_id, payload)


def _with_faces(part: Element, faces: Mapping[str, str]) -> Element:
    """AD2: a reply names what it answers, to its receiver by their own account, and by the id that they gave it."""
    if part.tag == REPLY:
        author = part.get("to", "")
        part.set("to", faces.get(author, author))
        part.set("id", opaque(part.get("id", "")))
    return part
