"""An archived message as its sender or its receiver saw it (A6): their own account, the other's face (AD2).

Both see what was delivered. A formatted message of an agent to a Work user is plain text with a link in the sender's
archive too: it says what the other side got, and the link shows how it looks.
"""

from dataclasses import replace

from component.element import attribute, parse_children, serialise
from component.model import Party
from component.policy.elements import REPLY_NS
from component.stanza.archive_id import Role
from component.stanza.message import REPLY, envelope, opaque, own_envelope
from component.store.archive import ArchivedMessage
from component.world import World


def role(viewer: Party, message: ArchivedMessage) -> Role:
    """Which copy of the message is the viewer's."""
    return Role.SENDER if message.sender_account == viewer.account else Role.RECEIVER


TOO_LARGE = "<body>This message is too large to be shown here.</body>"


def too_large(message: ArchivedMessage) -> ArchivedMessage:
    """What stands in a page of history for a message that cannot be sent: clients would take a page without it for
    faulty, and ask again and again (R5)."""
    return replace(message, payload=TOO_LARGE)


def as_seen_by(viewer: Party, message: ArchivedMessage, world: World) -> str:
    """The text of the stanza."""
    if role(viewer, message) is Role.RECEIVER:
        sender = _face(message.sender_account, viewer, world)
        return envelope(sender, viewer.account, message.type, message.client_id, message.payload)
    receiver = _face(message.receiver_account, viewer, world)
    payload = _as_sent(message, viewer, receiver)
    return own_envelope(message.sender, receiver, message.type, message.client_id, payload)


def _face(account: str, viewer: Party, world: World) -> str:
    """The other side's face. The service stands in for somebody on a host that is not configured any more."""
    return world.face_of_account(account) or viewer.tenant.service


def _as_sent(message: ArchivedMessage, sender: Party, receiver: str) -> str:
    """The content with what was put in for the receiver turned back. ``receiver`` is their face."""
    payload = message.payload
    if message.origin_id is not None:
        payload = payload.replace(attribute(opaque(message.origin_id)), attribute(message.origin_id))
    if REPLY_NS not in payload:
        return payload
    authors = {message.receiver_account: receiver, sender.face: sender.account}
    parts = parse_children(payload)
    for part in parts:
        if part.tag == REPLY:
            part.set("to", authors.get(part.get("to", ""), receiver))
    return "".join(map(serialise, parts))
