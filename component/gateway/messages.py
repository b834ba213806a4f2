"""The line that a message travels: look up, decide, archive, deliver."""

import logging
import time
from asyncio import Future
from collections.abc import Callable
from functools import partial
from xml.etree.ElementTree import Element

from component.element import STREAM_NS, serialise
from component.model import Party, Side
from component.policy.classify import invitation
from component.policy.decide import Deliver, Drop, Refuse, View, decide
from component.policy.features import Feature
from component.policy.reasons import Reason
from component.stanza import message as messages
from component.stanza.errors import refusal
from component.store.changes import Change, NewMessage
from component.store.store import Store

from .clock import now_us
from .conversations import Conversation
from .delivery import Delivery, outgoing
from .endings import Endings
from .intake import Found, Incoming, Intake, read
from .lookups import LookUps
from .rate import Buckets
from .state import State

log = logging.getLogger(__name__)

NO_ROOMS = "Agents chat with one person at a time and cannot join rooms."


class Messages:
    """Every message to a face goes through here, once. ``send`` takes stanza text, for answers."""

    def __init__(
        self,
        state: State,
        store: Store,
        delivery: Delivery,
        endings: Endings,
        look_ups: LookUps,
        send: Callable[[str], None],
    ) -> None:
        self._state = state
        self.limits_changed()
        self._store = store
        self._delivery = delivery
        self._endings = endings
        self._intake = Intake(look_ups, self._judge, partial(self._answer, Reason.TOO_FAST))
        self._send = send

    def limits_changed(self) -> None:
        """Go by the rate in ``state`` from now on."""
        self._buckets = Buckets(self._state.limits.messages_per_second, self._state.limits.burst, time.monotonic)

    def receive(self, element: Element) -> None:
        """Handle one message stanza that is not an error."""
        message = read(element, lambda account: not self._buckets.take(account))
        if message is None:
            return
        if message.parties(self._state.world)[0] is None and self._declined(message):
            return
        self._intake.receive(message)

    def _declined(self, message: Incoming) -> bool:
        """C4: a room of the tenant's Work host that invites a face is told that nobody will come."""
        invite = invitation(message.element)
        host = message.account.rpartition("@")[2]
        tenant = self._state.world.tenant_of_component_host(message.address.rpartition("@")[2])
        if invite is None or tenant is None or not host.endswith("." + tenant.work_host):
            return False
        if not message.over_rate and not message.to_service:
            room, face = message.account, message.address
            self._send(serialise(messages.decline(room, face, invite.get("from"), NO_ROOMS)))
        return True

    def _judge(self, message: Incoming, found: Found) -> None:
        # Asked again, as a reload may have come while the message waited.
        sender, receiver = message.parties(self._state.world)
        match decide(message.facts, self._view(message, found, sender, receiver)):
            case Refuse(reason):
                self._answer(reason, message)
            case Drop(rule, ends):
                log.debug("dropped a message from %s by rule %s", message.account, rule)
                self._end_if(ends, sender, receiver)
            case Deliver() as verdict:
                assert sender and receiver, "nothing is delivered from or to strangers"
                self._archive(message, verdict, found, sender, receiver)
                self._end_if(verdict.ends, sender, receiver)

    def _view(self, message: Incoming, found: Found, sender: Party | None, receiver: Party | None) -> View:
        conversations, sessions = self._state.conversations, self._state.sessions
        return View(
            sender=sender,
            receiver=receiver,
            sender_online=found.sender_online,
            receiver_online=bool(receiver and sessions.logged_in(receiver.account)),
            conversation_open=bool(sender and receiver and conversations.between(sender, receiver)),
            reply_visible=found.reply_to is not None,
            over_rate=message.over_rate,
            to_service=message.to_service,
            limits=self._state.limits,
        )

    def _answer(self, reason: Reason, message: Incoming) -> None:
        log.info("refused a message from %s to %s by rule %s", message.account, message.address, reason.spec)
        self._send(serialise(refusal(message.element, reason)))

    def _end_if(self, ends: bool, sender: Party | None, receiver: Party | None) -> None:
        if ends and sender and receiver:
            conversation = self._state.conversations.between(sender, receiver)
            if conversation:
                self._endings.by(sender, conversation)

    def _archive(self, message: Incoming, verdict: Deliver, found: Found, sender: Party, receiver: Party) -> None:
        """On disk first; what happens then is ``_archived`` (A5)."""
        payload = "".join(serialise(part) for part in _children(verdict, found.reply_to))
        client_id = message.element.get("id")
        key = (sender.account, receiver.account, messages.origin_id(message.element) or client_id or "")
        if key[2] and self._state.recent.has(key, payload, now_us()):
            log.info("a message from %s was sent twice and is delivered once", message.account)
            return
        self._state.recent.add(key, payload, now_us())
        conversation = self._state.conversations.between(sender, receiver)
        opening: tuple[Change, ...] = ()
        if conversation is None:
            conversation, change = self._state.conversations.open(sender, receiver, now_us())
            opening = (change,)
        row = _row(self._store.next_message_id(), conversation, message, sender, receiver, payload)
        conversation.length += 1
        text = outgoing(row, sender, receiver, self._store.instance)
        self._store.submit(*opening, row).add_done_callback(
            partial(self._archived, message, row.id, text, key, conversation if opening else None)
        )

    def _archived(
        self,
        message: Incoming,
        id: int,
        text: str,
        key: tuple[str, str, str],
        opened: Conversation | None,
        done: Future[None],
    ) -> None:
        problem = done.exception()
        if problem is None:
            self._delivery.send(id, text)
            return
        log.error("a message could not be archived and was refused: %s", problem)
        self._state.recent.forget(key)
        if opened:
            self._state.conversations.forget(opened)
        self._answer(Reason.OVERLOADED, message)


def _children(verdict: Deliver, reply_to: str | None) -> list[Element]:
    children = []
    for feature, part in verdict.parts:
        kept = messages.cut(part)
        if feature is Feature.REPLY:
            kept.set("to", reply_to or "")
        children.append(kept)
    return children


def _row(
    id: int, conversation: Conversation, message: Incoming, sender: Party, receiver: Party, payload: str
) -> NewMessage:
    agent = next((party for party in (sender, receiver) if party.side is Side.AGENT), sender)
    return NewMessage(
        id=id,
        conversation_id=conversation.id,
        sent_at=now_us(),
        sender=message.sender_address,
        receiver=message.element.get("to", ""),
        sender_account=sender.account,
        receiver_account=receiver.account,
        owner=agent.account if sender.side is not receiver.side else None,
        payload=payload,
        body=message.element.findtext(f"{{{STREAM_NS}}}body"),
        client_id=message.element.get("id"),
        origin_id=messages.origin_id(message.element),
        type=message.facts.type,
    )
