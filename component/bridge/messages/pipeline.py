"""The line that a message travels: look up, decide, archive, deliver."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial
from xml.etree.ElementTree import Element

from component.metrics import Metrics
from component.model import Party
from component.outgoing import message_stanzas as messages
from component.outgoing.compose import compose
from component.outgoing.message_links import LinkMaker
from component.policy.classify import invitation
from component.policy.decide import Deliver, Drop, Refuse, View, decide, refuse
from component.policy.reasons import Reason
from component.store.api import Change, NewMessage, Store, StoreError
from component.token_bucket import Buckets
from component.xml import serialise

from ..clock import DAY_US, now_us
from ..incoming import Incoming, read
from ..state.conversations import Conversation
from ..state.message_routes import Routes
from ..state.state import State
from ..supervision.chat_contacts import ChatAnswers
from ..supervision.copies import Copies
from ..throttled_log import ThrottledLog
from .accepted import Accepted
from .announced_files import Announced
from .delivery import Delivery, outgoing
from .endings import Endings
from .intake import Intake, LookedUp
from .lookups import LookUps
from .returns import Returns

log = logging.getLogger(__name__)

NO_ROOMS = "Agents chat with one person at a time and cannot join rooms"
"""Without a full stop: mcabber makes a sentence with this at its end, and others show it in brackets."""


TOKEN_BYTES = 16
"""Of chance in a link: nobody guesses one. Written in digits and letters only, as some clients take a dash or an
underscore at the end for punctuation, and leave it out of the link."""


def _tokens() -> Iterator[str]:
    while True:
        yield secrets.token_hex(TOKEN_BYTES)


class Messages:
    """Every message to a face goes through here, once. ``send`` takes stanza text, for answers.
    ``heard_of`` is told of all whose message was accepted, and of its receiver."""

    def __init__(
        self,
        state: State,
        store: Store,
        delivery: Delivery,
        endings: Endings,
        returns: Returns,
        look_ups: LookUps,
        copies: Copies,
        chats: ChatAnswers,
        send: Callable[[str], None],
        metrics: Metrics,
        heard_of: Callable[[Party, Party], None],
    ) -> None:
        self._state = state
        self._store = store
        self._delivery = delivery
        self._endings = endings
        self._returns = returns
        self._copies = copies
        self._chats = chats
        too_fast, failed = partial(self._refuse, Reason.TOO_FAST), partial(self._refuse, Reason.OVERLOADED)
        self._intake = Intake(look_ups, self._judge, too_fast, failed)
        self._buckets = Buckets(lambda: state.limits, time.monotonic)
        self._send = send
        self._metrics = metrics
        self._heard_of = heard_of
        self._announced = Announced()
        self._routes = Routes()
        self._tokens = _tokens()
        self._trouble = ThrottledLog(log, logging.ERROR)

    def receive(self, element: Element) -> None:
        """Handle one message stanza that is not an error."""
        message = read(element, self._routes, self._state.world, self._over_rate, self._state.sessions.connected)
        if message is None or self._chats.refuse_message(message):
            return
        if message.parties(self._state.world)[0] is None and self._declined(message):
            return
        self._intake.receive(message)

    async def judged(self) -> None:
        """Wait until no message waits for a look-up."""
        await self._intake.judged()

    def _over_rate(self, account: str) -> bool:
        return not self._buckets.take(account)

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

    # The verdict

    def _judge(self, message: Incoming, found: LookedUp) -> None:
        # Asked again, as a reload may have come while the message waited.
        sender, receiver = message.parties(self._state.world)
        conversation = self._state.conversations.between(sender, receiver) if sender and receiver else None
        verdict = decide(message.facts, self._view(message, found, sender, receiver, conversation))
        if message.facts.has_files and not isinstance(verdict, Refuse):
            self._announced.remember(message)
        match verdict:
            case Deliver():
                assert sender and receiver, "nothing is delivered from or to strangers"
                links = LinkMaker(self._state.web.public_url, self._tokens)
                content = compose(verdict, found.answered, links, found.rich, found.sizes)
                given = messages.origin_id(message.element)
                self._archive(Accepted(message, sender, receiver, verdict, content, given), conversation)
                if verdict.ends:
                    self._end(sender, receiver)
            case Refuse(reason):
                self._answer(reason, message)
            case Drop(rule, ends):
                log.debug("dropped a message from %s by rule %s", message.account, rule)
                self._count(message, "dropped", rule)
                if ends:
                    self._end(sender, receiver)

    def _view(
        self,
        message: Incoming,
        found: LookedUp,
        sender: Party | None,
        receiver: Party | None,
        conversation: Conversation | None,
    ) -> View:
        return View(
            sender=sender,
            receiver=receiver,
            sender_online=found.sender_online,
            receiver_online=receiver is not None and self._state.sessions.logged_in(receiver.account),
            conversation_open=conversation is not None,
            reply_visible=found.answered is not None,
            over_rate=message.over_rate,
            to_service=message.to_service,
            limits=self._state.limits,
            attached=self._announced.before(message),
            rich_chars=sum(map(len, found.rich.bodies.values())) if found.rich else None,
            unknowable=found.failed,
        )

    def _end(self, sender: Party | None, receiver: Party | None) -> None:
        if sender and receiver:
            conversation = self._state.conversations.between(sender, receiver)
            if conversation:
                self._endings.by(sender, conversation)

    def _refuse(self, reason: Reason, message: Incoming) -> None:
        """Refuse what nobody judged, by the same rule: no answer to a notice."""
        if isinstance(refuse(reason, message.facts), Refuse):
            self._answer(reason, message)

    def _answer(self, reason: Reason, message: Incoming) -> None:
        # A flood must not become a flood of log lines too.
        level = logging.DEBUG if reason is Reason.TOO_FAST else logging.INFO
        log.log(level, "refused a message from %s to %s by rule %s", message.account, message.address, reason.spec)
        self._count(message, "refused", reason.spec)
        shown = message.sender_online or reason is Reason.SENDER_OFFLINE
        self._returns.refuse(message.element, message.account, reason, shown)

    def _count(self, message: Incoming, verdict: str, rule: str = "") -> None:
        sender, receiver = (party.side if party else "other" for party in message.parties(self._state.world))
        self._metrics.message(sender, receiver, verdict, rule)

    # On disk first, then to the receiver (A5)

    def _archive(self, message: Accepted, known: Conversation | None) -> None:
        """``known`` is the conversation that the message falls in, if there is one."""
        now = now_us()
        key, fingerprint = message.key, message.content.fingerprint
        resource = message.incoming.resource
        shown = self._state.sessions.has(message.sender.account, resource)
        if self._state.recent.has(key, fingerprint, now, resource, shown):
            log.info("a message from %s was sent twice and is delivered once", message.sender.account)
            return
        opened: Conversation | None = None
        try:
            id = self._store.next_message_id()
            conversation, opening = (known, ()) if known else self._open(message, now)
            opened = conversation if opening else None
            row = message.row(id, conversation.id, now)
            text = outgoing(row, message.sender, message.receiver, self._state.archive_ids)
            if not self._delivery.takes(text):
                self._not_archived(message, opened, Reason.TOO_LARGE)
                return
            done = partial(self._archived, message, row, text, opened)
            self._store.write(done, *opening, row, *message.changes(row, self._state.web.link_days * DAY_US))
        except StoreError as problem:
            self._not_archived(message, opened, Reason.OVERLOADED, problem)
            return
        conversation.length += 1
        self._state.recent.add(key, fingerprint, now, resource)

    def _open(self, message: Accepted, now: int) -> tuple[Conversation, tuple[Change, ...]]:
        """A new conversation, and what puts it on disk (V1)."""
        conversation, change = self._state.conversations.open(message.sender, message.receiver, now)
        return conversation, (change,)

    def _archived(
        self, message: Accepted, row: NewMessage, text: str, opened: Conversation | None, problem: StoreError | None
    ) -> None:
        if problem is None:
            copy = partial(self._copies.delivered, row, message.sender, message.receiver, opened is not None)
            self._delivery.send(row.id, text, copy)
            self._metrics.message(message.sender.side, message.receiver.side, "accepted")
            self._heard_of(message.sender, message.receiver)
        else:
            self._not_archived(message, opened, Reason.OVERLOADED, problem)

    def _not_archived(
        self, message: Accepted, opened: Conversation | None, reason: Reason, problem: StoreError | None = None
    ) -> None:
        if problem is not None:
            self._trouble("a message could not be archived and was refused: %s", problem)
        self._state.recent.forget(message.key)
        if opened:
            self._state.conversations.forget(opened)
        self._answer(reason, message.incoming)
