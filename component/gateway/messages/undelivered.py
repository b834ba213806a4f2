"""Messages that were archived and did not arrive: ejabberd's bounces, and what a crash left behind (A5)."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.model import Side
from component.policy.reasons import Reason
from component.stanza.message import stanza_ids
from component.store.archive import ArchivedMessage
from component.store.changes import Withdraw
from component.store.errors import StoreError
from component.store.store import Store

from ..clock import now_us
from ..state import State
from ..stream.backoff import Backoff
from ..supervision.copies import Copies
from .delivery import Delivery, outgoing
from .endings import Endings
from .returns import Returns

log = logging.getLogger(__name__)

LATE_US = 10_000_000
"""A message that is delivered so much after it was sent says when that was."""

PAGE = 500
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
MOST_REMEMBERED = 10_000


class Undelivered:
    """Delivers again, or withdraws and tells the sender."""

    def __init__(
        self, state: State, store: Store, delivery: Delivery, endings: Endings, returns: Returns, copies: Copies
    ) -> None:
        self._state = state
        self._store = store
        self._delivery = delivery
        self._endings = endings
        self._returns = returns
        self.withdrawn = 0
        """Messages, since the start."""
        self._copies = copies
        self._tried_again: OrderedDict[int, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    # Bounces

    def bounced(self, element: Element) -> None:
        """Handle a message of type error.

        Only what the receiver's server says is believed: its errors come from the bare account we wrote to,
        while those of a client, which may say anything, come from a full address (R1).
        """
        sender = normalise(element.get("from", ""))
        if sender is None or sender[1]:
            return
        for _, id in stanza_ids(element):
            found = self._state.archive_ids.parse(id)
            if found:
                self._handle(found[0], partial(self._bounced, account=sender[0]))
                return

    def too_large(self, id: int) -> None:
        """Handle a message that cannot be sent: escaped, it is many times as long as it was (R2)."""
        self._handle(id, partial(self._withdraw, reason=Reason.TOO_LARGE))

    async def handled(self) -> bool:
        """Wait until all messages that came back are dealt with; whether there were any."""
        tasks = set(self._tasks)
        if tasks:
            await asyncio.wait(tasks)
        return bool(tasks)

    def _handle(self, id: int, how: Callable[[ArchivedMessage], Awaitable[None]]) -> None:
        task = asyncio.create_task(self._handle_until_done(id, how))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle_until_done(self, id: int, how: Callable[[ArchivedMessage], Awaitable[None]]) -> None:
        pauses = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while True:
            try:
                message = await self._store.message(id)
                if message is not None and not message.withdrawn:
                    await how(message)
                return
            except StoreError as problem:
                pause = pauses.next()
                log.error("message %d came back, which cannot be noted; trying again in %.0f s: %s", id, pause, problem)
                await asyncio.sleep(pause)

    async def _bounced(self, message: ArchivedMessage, account: str) -> None:
        if message.receiver_account == account:
            await self._try_again_or_withdraw(message)

    async def _try_again_or_withdraw(self, message: ArchivedMessage) -> None:
        """One of several sessions may have ended with the message in its hands; then the others get it.

        Those that had it already know it by its id.
        """
        text = self._text(message)
        if text is None or message.id in self._tried_again or not self._agent_is_there(message):
            await self._withdraw(message)
            return
        self._tried_again[message.id] = None
        if len(self._tried_again) > MOST_REMEMBERED:
            self._tried_again.popitem(last=False)
        self._delivery.resend(message.id, text)

    def _agent_is_there(self, message: ArchivedMessage) -> bool:
        receiver = self._state.world.account(message.receiver_account)
        return bool(receiver and receiver.side is Side.AGENT and self._state.sessions.logged_in(receiver.account))

    # After a start, and after a lost stream

    async def recover(self, ejabberd_restarted: bool) -> None:
        """Deliver what is on disk and may not have been, in order; then open the delivery.

        Of what ejabberd had routed, it loses some when it stops; to agents it does not matter, who find it in the
        archive that deskbridge keeps. Raises ``StoreError`` and ``LinkDown``.
        """
        routed, lately = await self._delivery.catch_up()
        after = lately if ejabberd_restarted else routed
        again = 0
        while page := await self._store.undelivered(after, PAGE):
            for message in page:
                again += await self._recover(message, routed)
            await self._delivery.tick()
            after = page[-1].id
        self._delivery.open()
        if again:
            log.info("%d messages that may not have arrived were sent again", again)

    async def _recover(self, message: ArchivedMessage, routed: int) -> bool:
        """Whether it was sent again to its receiver. Copies to Work users get lost as messages to them do."""
        was_routed = message.id <= routed
        again = not was_routed or self._is_for_work_user(message)
        delivered = again and await self._deliver_again(message)
        if delivered or was_routed:
            self._copies.delivered_again(message, to_work_only=was_routed)
        return delivered

    async def _deliver_again(self, message: ArchivedMessage) -> bool:
        text = self._text(message)
        if message.withdrawn:
            # We may have ended before its sender was told.
            self._tell(message)
        elif text is None or not self._reachable(message):
            await self._withdraw(message)
        else:
            self._delivery.resend(message.id, text)
            return True
        self._delivery.skip(message.id)
        return False

    def _text(self, message: ArchivedMessage) -> str | None:
        """The message as its receiver gets it; None if one of the two is not in the directory any more."""
        sender = self._state.world.account(message.sender_account)
        receiver = self._state.world.account(message.receiver_account)
        if sender is None or receiver is None:
            return None
        late = now_us() - message.sent_at > LATE_US
        return outgoing(message, sender, receiver, self._state.archive_ids, late)

    def _is_for_work_user(self, message: ArchivedMessage) -> bool:
        receiver = self._state.world.account(message.receiver_account)
        return bool(receiver and receiver.side is Side.WORK and not message.withdrawn)

    def _reachable(self, message: ArchivedMessage) -> bool:
        """ejabberd keeps messages for Work users who are logged out."""
        receiver = self._state.world.account(message.receiver_account)
        return bool(receiver and (receiver.side is Side.WORK or self._state.sessions.logged_in(receiver.account)))

    # Withdrawing

    async def _withdraw(self, message: ArchivedMessage, reason: Reason | None = None) -> None:
        """Take it out of every view, then tell the sender, who may send it again."""
        await self._store.submit(Withdraw(message.id, now_us()))
        self.withdrawn += 1
        id = message.origin_id or message.client_id or ""
        self._state.recent.forget((message.sender_account, message.receiver_account, id))
        self._end_if_empty(message)
        self._copies.withdrawn(message)
        log.info("message %d from %s was not delivered and is withdrawn", message.id, message.sender_account)
        self._tell(message, reason)

    def _tell(self, message: ArchivedMessage, reason: Reason | None = None) -> None:
        receiver = self._state.world.account(message.receiver_account)
        to_agent = receiver is not None and receiver.side is Side.AGENT
        self._returns.tell(message, reason or (Reason.RECEIVER_OFFLINE if to_agent else Reason.UNDELIVERABLE))

    def _end_if_empty(self, message: ArchivedMessage) -> None:
        """V1: a conversation begins with the first *delivered* message."""
        for conversation in self._state.conversations.desk_of(message.sender_account):
            if conversation.id == message.conversation_id and conversation.length == 1:
                self._endings.undelivered(conversation)
