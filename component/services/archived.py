"""An archived message as its sender or its receiver saw it (A6): their own account, the other's face (AD2).

Each sees their own side's version: the sender what they wrote, formatted as it was and under the ids of their own
client, the receiver what was delivered.
"""

from dataclasses import replace

from component.directory.world import World
from component.model import Party
from component.outgoing.archive_id import Role
from component.outgoing.message_stanzas import envelope, own_envelope
from component.store.archived_messages import ArchivedMessage


def role(viewer: Party, message: ArchivedMessage) -> Role:
    """Which copy of the message is the viewer's."""
    return Role.SENDER if message.sender_account == viewer.account else Role.RECEIVER


TOO_LARGE = "<body>This message is too large to be shown here.</body>"


def too_large(message: ArchivedMessage) -> ArchivedMessage:
    """What stands in a page of history for a message that cannot be sent: clients would take a page without it for
    faulty, and ask again and again (R5)."""
    return replace(message, payload=TOO_LARGE, sent_payload=None)


def as_seen_by(viewer: Party, message: ArchivedMessage, world: World) -> str:
    """The text of the stanza."""
    if role(viewer, message) is Role.RECEIVER:
        sender = _face(message.sender_account, viewer, world)
        return envelope(sender, viewer.account, message.type, message.client_id, message.payload)
    receiver = _face(message.receiver_account, viewer, world)
    return own_envelope(message.sender, receiver, message.type, message.client_id, message.as_written)


def _face(account: str, viewer: Party, world: World) -> str:
    """The other side's face. The service stands in for somebody on a host that is not configured any more."""
    return world.face_of_account(account) or viewer.tenant.service
