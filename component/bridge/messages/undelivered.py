"""Messages that were archived and did not arrive: ejabberd's bounces, and what a crash left behind (A5)."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.jid import normalise
from component.model import Party, Side
from component.outgoing.archive_id import Role
from component.outgoing.message_stanzas import Envelope, stanza_ids
from component.policy.reasons import Reason
from component.store.api import ArchivedMessage, Store, StoreError, Withdraw
from component.xep.stanza_errors import condition_of

from ..clock import now_us
from ..state.state import State
from ..stream.backoff import Backoff
from ..supervision.copies import Copies
from .delivery import Delivery
from .endings import Endings
from .returns import Returns
from .work_archives import WorkArchives

log = logging.getLogger(__name__)

LATE_US = 10_000_000
"""A message that is delivered so much after it was sent says when that was."""

PAGE = 500
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
MOST_REMEMBERED = 10_000


class Undelivered:
    """Delivers again, or withdraws and tells the sender, in tasks of ``returning``. ``is_there`` finds out whether
    somebody can be reached; ``came_back`` is told of a Work user who took nothing, and of the agent who had sent it."""

    def __init__(
        self,
        state: State,
        store: Store,
        delivery: Delivery,
        endings: Endings,
        returns: Returns,
        copies: Copies,
        archives: WorkArchives,
        is_there: Callable[[Party], Awaitable[bool]],
        came_back: Callable[[Party, Party], None],
        returning: BackgroundTasks,
    ) -> None:
        self._state = state
        self._store = store
        self._delivery = delivery
        self._endings = endings
        self._returns = returns
        self.withdrawn = 0
        """Messages, since the start."""
        self._copies = copies
        self._archives = archives
        self._is_there = is_there
        self._came_back = came_back
        self._tried_again: OrderedDict[int, None] = OrderedDict()
        self._returning = returning

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
                self._handle(found[0], partial(self._bounced, account=sender[0], condition=condition_of(element)))
                return

    def too_large(self, id: int) -> None:
        """Handle a message that cannot be sent: escaped, it is many times as long as it was (R2)."""
        self._handle(id, partial(self._withdraw, reason=Reason.TOO_LARGE))

    def _handle(self, id: int, how: Callable[[ArchivedMessage], Awaitable[None]]) -> None:
        self._returning.start(self._handle_until_done(id, how), "dealing with a message that came back")

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
                log.error("message %d bounced, which cannot be stored; trying again in %.0f s: %s", id, pause, problem)
                await asyncio.sleep(pause)

    async def _bounced(self, message: ArchivedMessage, account: str, condition: str) -> None:
        if message.receiver_account == account:
            sender, receiver = map(self._state.world.account, (message.sender_account, account))
            if sender and receiver and receiver.side is Side.WORK and condition == "service-unavailable":
                self._came_back(receiver, sender)
            await self._try_again_or_withdraw(message)

    async def _try_again_or_withdraw(self, message: ArchivedMessage) -> None:
        """A session may have ended with the message in its hands; then the others get it, or the one in its place.

        Those that had it already know it by its id.
        """
        text = self._text(message)
        if text is None or message.id in self._tried_again or not await self._agent_is_there(message):
            await self._withdraw(message)
            return
        self._tried_again[message.id] = None
        if len(self._tried_again) > MOST_REMEMBERED:
            self._tried_again.popitem(last=False)
        self._delivery.resend(message.id, text)

    async def _agent_is_there(self, message: ArchivedMessage) -> bool:
        receiver = self._state.world.account(message.receiver_account)
        return bool(receiver and receiver.side is Side.AGENT and await self._is_there(receiver))

    # After a start, and after a lost stream

    async def recover(self) -> None:
        """Deliver what is on disk and may not have been, in order; then open the delivery.

        Of what ejabberd had routed, it loses some when it stops; to agents it does not matter, who find it in the
        archive that deskbridge keeps. It is known who is logged in, so all Work users' sessions have come to what they
        got before, and their archives tell what is there. Raises ``StoreError`` and ``LinkDown``.
        """
        routed = await self._delivery.catch_up()
        life = await self._archives.begin()
        restarted = life is None or life != await self._store.ejabberd_life()
        after = min(routed, await self._store.settled_up_to()) if restarted else routed
        again = 0
        while page := await self._store.undelivered(after, PAGE):
            await self._archives.look(self._work_accounts(page))
            for message in page:
                again += await self._recover(message, routed, restarted)
            await self._delivery.tick()
            after = page[-1].id
        if restarted:
            await self._store.note_ejabberd_life(life or "")
        self._delivery.open()
        if again:
            log.info("%d messages that may not have arrived were sent again", again)

    def _work_accounts(self, page: Iterable[ArchivedMessage]) -> dict[str, int]:
        """The Work accounts to which these messages and their copies went, and when the first of each was sent."""
        since: dict[str, int] = {}
        for message in page:
            accounts = self._copies.work_accounts(message)
            for account in (message.receiver_account, *accounts) if self._is_for_work_user(message) else accounts:
                since.setdefault(account, message.sent_at)
        return since

    async def _recover(self, message: ArchivedMessage, routed: int, restarted: bool) -> bool:
        """Whether it was sent again to its receiver. Copies to Work users get lost as messages to them do."""
        was_routed = message.id <= routed
        for_work = self._is_for_work_user(message)
        id = self._state.archive_ids.id(message.id, Role.RECEIVER)
        arrived = for_work and self._archives.has(message.receiver_account, id)
        again = not arrived and (for_work or not was_routed)
        delivered = again and await self._deliver_again(message, restarted)
        if arrived:
            self._delivery.skip(message.id)
        if arrived or delivered or was_routed:
            self._copies.delivered_again(message, to_work_only=was_routed, archived=self._archives.has)
        return delivered

    async def _deliver_again(self, message: ArchivedMessage, restarted: bool) -> bool:
        text = self._text(message)
        if message.withdrawn:
            # We may have ended before its sender was told.
            self._tell(message)
        elif text is not None and restarted and self._may_have_arrived(message):
            log.info("message %d may have arrived before ejabberd stopped, and stays in its archive", message.id)
        elif text is None or not self._reachable(message):
            await self._withdraw(message)
        else:
            self._delivery.resend(message.id, text)
            return True
        self._delivery.skip(message.id)
        return False

    def _may_have_arrived(self, message: ArchivedMessage) -> bool:
        """From a Work user to an agent who was logged out with all others when ejabberd stopped: it may have been shown
        before, and the agent finds it in the history (A1). Were it taken back, what was refused would have been
        delivered. A conversation of two agents has ended, so neither would find it there."""
        sender = self._state.world.account(message.sender_account)
        from_work = sender is not None and sender.side is Side.WORK
        return from_work and not self._reachable(message) and self._delivery.may_be_out(message.id)

    def _text(self, message: ArchivedMessage) -> str | None:
        """The message as its receiver gets it; None if one of the two is not in the directory any more."""
        sender = self._state.world.account(message.sender_account)
        receiver = self._state.world.account(message.receiver_account)
        if sender is None or receiver is None:
            return None
        late = message.sent_at if now_us() - message.sent_at > LATE_US else None
        archive_id = self._state.archive_ids.id(message.id, Role.RECEIVER)
        envelope = Envelope(sender, receiver)
        return envelope.around(message.payload, message.body, message.type, message.client_id, archive_id, late)

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
