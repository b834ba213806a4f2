"""Messages that were archived and did not arrive: ejabberd's bounces, and what a crash left behind (A5)."""

import asyncio
import logging
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.element import serialise, stanza
from component.model import Party, Side
from component.policy.reasons import Reason
from component.stanza.errors import refusal
from component.stanza.message import stanza_ids
from component.store.archive import ArchivedMessage
from component.store.changes import Withdraw
from component.store.errors import StoreError
from component.store.store import Store

from .clock import now_us
from .delivery import Delivery, outgoing
from .endings import Endings
from .state import State

log = logging.getLogger(__name__)

LATE_US = 10_000_000
PAGE = 500


class Undelivered:
    """Withdraws what cannot be delivered and tells the sender. ``send`` takes stanza text."""

    def __init__(
        self, state: State, store: Store, delivery: Delivery, endings: Endings, send: Callable[[str], None]
    ) -> None:
        self._state = state
        self._store = store
        self._delivery = delivery
        self._endings = endings
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()

    def bounced(self, element: Element) -> None:
        """Handle a message of type error.

        Only what the receiver's server says is believed: its errors come from the bare account we wrote to,
        while those of a client, which may say anything, come from a full address (R1).
        """
        sender = normalise(element.get("from", ""))
        if sender is None or sender[1]:
            return
        account = sender[0]
        for _, id in stanza_ids(element):
            found = self._state.archive_ids.parse(id)
            if found:
                task = asyncio.create_task(self._bounced(found[0], account))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                return

    async def _bounced(self, id: int, account: str) -> None:
        try:
            message = await self._store.message(id)
            if message is not None and message.receiver_account == account and not message.withdrawn:
                await self._withdraw(message)
        except StoreError as problem:
            log.error("message %d bounced, which could not be noted: %s", id, problem)

    async def recover(self) -> None:
        """Deliver what is on disk and may not have been: after a start, and after a lost stream.

        Raises ``StoreError``.
        """
        await self._store.submit()
        after = self._store.delivered_up_to
        while page := await self._store.undelivered(after, PAGE):
            for message in page:
                await self._deliver_again(message)
            after = page[-1].id

    async def _deliver_again(self, message: ArchivedMessage) -> None:
        sender = self._state.world.account(message.sender_account)
        receiver = self._state.world.account(message.receiver_account)
        if message.withdrawn:
            pass
        elif sender is None or receiver is None or not self._reachable(receiver):
            await self._withdraw(message)
        else:
            late = now_us() - message.sent_at > LATE_US
            text = outgoing(message, sender, receiver, self._state.archive_ids, late)
            self._delivery.resend(message.id, text)
            return
        self._delivery.skip(message.id)

    async def _withdraw(self, message: ArchivedMessage) -> None:
        """Take it out of every view, then tell the sender, who may send it again."""
        await self._store.submit(Withdraw(message.id, now_us()))
        key = (message.sender_account, message.receiver_account, message.origin_id or message.client_id or "")
        self._state.recent.forget(key)
        self._end_if_empty(message)
        receiver = self._state.world.account(message.receiver_account)
        to_agent = receiver is not None and receiver.side is Side.AGENT
        reason = Reason.RECEIVER_OFFLINE if to_agent else Reason.UNDELIVERABLE
        log.info("message %d from %s was not delivered and is withdrawn", message.id, message.sender_account)
        returned = stanza("message", message.sender, message.receiver, id=message.client_id)
        self._send(serialise(refusal(returned, reason)))

    def _end_if_empty(self, message: ArchivedMessage) -> None:
        """V1: a conversation begins with the first *delivered* message."""
        for conversation in self._state.conversations.desk_of(message.sender_account):
            if conversation.id == message.conversation_id and conversation.length == 1:
                self._endings.undelivered(conversation)

    def _reachable(self, receiver: Party) -> bool:
        return receiver.side is Side.WORK or self._state.sessions.logged_in(receiver.account)
