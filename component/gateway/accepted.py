"""A message that was found to be in order: what of it is kept and goes on."""

from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element

from component.element import serialise
from component.model import Party, Side
from component.policy.decide import Deliver
from component.policy.features import Feature
from component.stanza.message import cut, origin_id, reply
from component.store.changes import NewMessage

from .intake import Incoming
from .recent import Key


@dataclass(frozen=True)
class Accepted:
    """A message that will be delivered. ``reply_to`` is as in ``Found``."""

    incoming: Incoming
    sender: Party
    receiver: Party
    verdict: Deliver
    reply_to: str | None

    @cached_property
    def payload(self) -> str:
        """The text of the children as they are delivered."""
        return "".join(serialise(self._cut(feature, part)) for feature, part in self.verdict.parts)

    @property
    def key(self) -> Key:
        element = self.incoming.element
        id = origin_id(element) or element.get("id") or ""
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
            payload=self.payload,
            body=next((part.text for feature, part in self.verdict.parts if feature is Feature.BODY), None),
            client_id=element.get("id"),
            origin_id=origin_id(element),
            type=self.incoming.facts.type,
        )

    @property
    def _owner(self) -> str | None:
        """The agent in a chat with a Work user; there is none between two agents."""
        if self.sender.side is self.receiver.side:
            return None
        return (self.sender if self.sender.side is Side.AGENT else self.receiver).account

    def _cut(self, feature: Feature, part: Element) -> Element:
        return reply(part, self.reply_to or "") if feature is Feature.REPLY else cut(part)
