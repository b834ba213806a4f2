"""A message that was found to be in order: what of it is kept and goes on."""

from collections.abc import Iterator
from typing import final

from component.model import Party, Side
from component.outgoing.compose import Composed
from component.outgoing.message_stanzas import opaque
from component.policy.decide import Deliver
from component.policy.features import Feature
from component.store.api import Change, NewLink, NewMessage, Supersede

from ..incoming import Incoming
from ..state.recent_ids import Key

_REFERRING = frozenset({Feature.CORRECTION, Feature.RETRACTION})


@final
class Accepted:
    """A message that will be delivered with this ``content``, by this ``verdict``. ``origin_id`` is as it came."""

    def __init__(
        self,
        incoming: Incoming,
        sender: Party,
        receiver: Party,
        verdict: Deliver,
        content: Composed,
        origin_id: str | None,
    ) -> None:
        self.incoming = incoming
        self.sender = sender
        self.receiver = receiver
        self.verdict = verdict
        self.content = content
        self.origin_id = origin_id

    @property
    def key(self) -> Key:
        id = self.origin_id or self.incoming.element.get("id") or ""
        return self.sender.account, self.receiver.account, id

    def row(self, id: int, conversation_id: int, now: int) -> NewMessage:
        element = self.incoming.element
        return NewMessage(
            id=id,
            conversation_id=conversation_id,
            sent_at=now,
            sender=self.incoming.sender_address,
            receiver=element.get("to", ""),
            sender_account=self.sender.account,
            receiver_account=self.receiver.account,
            owner=self._owner,
            payload=self.content.payload,
            body=self.content.body,
            client_id=element.get("id"),
            origin_id=self.origin_id,
            type=self.incoming.facts.type,
            sent_payload=self.content.sent,
            seen_id=_seen(element.get("id")),
            seen_origin_id=_seen(self.origin_id),
        )

    def changes(self, row: NewMessage, link_us: int) -> Iterator[Change]:
        """What is written with the message: its links, which live for ``link_us``, and what it corrects or retracts
        (C12, C13)."""
        if not self.content.links and _REFERRING.isdisjoint(self.incoming.facts.features):
            return
        for link in self.content.links:
            yield NewLink(
                token=link.token,
                tenant=self.sender.tenant.id,
                kind=link.kind,
                made_at=row.sent_at,
                expires_at=row.sent_at + link_us,
                title=link.title or f"Message from {self.sender.name}",
                content=link.content,
                message_id=row.id,
                sender=self.sender.name,
            )
        for feature, part in self.verdict.parts:
            reference = part.get("id")
            if feature in _REFERRING and reference:
                is_version = feature is Feature.CORRECTION
                yield Supersede(row.conversation_id, self.sender.account, reference, row.id, row.sent_at, is_version)

    @property
    def _owner(self) -> str | None:
        """The agent in a chat with a Work user; there is none between two agents."""
        if self.sender.side is self.receiver.side:
            return None
        return (self.sender if self.sender.side is Side.AGENT else self.receiver).account


def _seen(id: str | None) -> str | None:
    """The id as others see it, if that is another one."""
    seen = None if id is None else opaque(id)
    return None if seen == id else seen
