"""Messages to faces: look up, decide, archive, deliver.

A message passes in one straight line, in the iteration of the event loop in which it was received, unless something has
to be looked up for it first (`LookUps`); then it waits in a queue of its sender's own. Once nothing is left to look up
it is judged and gets its id, and with that its place among all others. It is sent to its receiver only when it is on
disk (A5); from then on it is `Delivery`'s.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.metrics import Metrics
from component.model import Party
from component.outgoing.archive_id import Role
from component.outgoing.compose import Composed, compose
from component.outgoing.message_links import LinkMaker
from component.outgoing.message_stanzas import decline, opaque
from component.policy.classify import classify, invitation
from component.policy.decide import Deliver, Drop, Refuse, View, decide, refuse
from component.policy.features import Feature
from component.policy.reasons import Reason
from component.store.api import Change, NewLink, NewMessage, Store, StoreError, Supersede
from component.token_bucket import Buckets
from component.xml import serialise

from ..clock import DAY_US, now_us
from ..incoming import Correspondents, Incoming, Route
from ..state.conversations import Conversation
from ..state.recent_ids import Key
from ..state.state import State
from ..supervision.chat_contacts import ChatAnswers
from ..supervision.copies import Copies
from ..throttled_log import ThrottledLog
from .delivery import Delivery
from .endings import Endings
from .lookups import Announced, Intake, LookedUp, LookUps
from .returns import Returns

log = logging.getLogger(__name__)

NO_ROOMS = "Agents chat with one person at a time and cannot join rooms"
"""Without a full stop: mcabber makes a sentence with this at its end, and others show it in brackets."""

TOKEN_BYTES = 16
"""Of chance in a link: nobody guesses one. Written in digits and letters only, as some clients take a dash or an
underscore at the end for punctuation, and leave it out of the link."""

_REFERRING = frozenset({Feature.CORRECTION, Feature.RETRACTION})


def _tokens() -> Iterator[str]:
    while True:
        yield secrets.token_hex(TOKEN_BYTES)


class Messages:
    """Every message to a face goes through here, once. ``send`` takes stanza text, for answers.
    ``heard_of`` is told of a Work user who has written to an agent whom they seemed to have blocked."""

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
        tasks: BackgroundTasks,
    ) -> None:
        self._state = state
        self._store = store
        self._delivery = delivery
        self._endings = endings
        self._returns = returns
        self._copies = copies
        self._chats = chats
        too_fast, failed = partial(self._refuse, Reason.TOO_FAST), partial(self._refuse, Reason.OVERLOADED)
        self._intake = Intake(look_ups, self._judge, too_fast, failed, tasks)
        self._buckets = Buckets(lambda: state.limits, time.monotonic)
        self._send = send
        self._metrics = metrics
        self._heard_of = heard_of
        self._announced = Announced()
        self._link_maker = partial(LinkMaker, state.web.public_url, _tokens())
        self._trouble = ThrottledLog(log, logging.ERROR)

    def receive(self, element: Element, route: Route) -> None:
        """Handle one message stanza that is not an error, on its way along this route."""
        account = route.account
        over_rate = not self._buckets.take(account)
        message = Incoming(element, classify(element), route, over_rate, self._state.sessions.connected(account))
        if route.people is None and (self._chats.refuse_message(message) or self._declined(message)):
            return
        self._intake.receive(message)

    async def judged(self) -> None:
        """Wait until no message waits for a look-up."""
        await self._intake.judged()

    def _declined(self, message: Incoming) -> bool:
        """C4: a room of the tenant's Work host that invites a face is told that nobody will come."""
        route = message.route
        invite = None if route.sender else invitation(message.element)
        host = route.account.rpartition("@")[2]
        tenant = self._state.world.tenant_of_component_host(route.address.rpartition("@")[2])
        if invite is None or tenant is None or not host.endswith("." + tenant.work_host):
            return False
        if not message.over_rate and not route.to_service:
            self._send(serialise(decline(route.account, route.address, invite.get("from"), NO_ROOMS)))
        return True

    # The verdict

    def _judge(self, message: Incoming, found: LookedUp) -> None:
        state, facts = self._state, message.facts
        if message.route.world is not state.world:  # a reload came while the message waited
            message.route = message.route.now(state.world)
        route, people, conversation = message.route, message.route.people, None
        if people is not None:
            conversation = state.conversations.going_on.get(people.conversation_key)
        verdict = decide(
            facts,
            View(
                sender=route.sender,
                receiver=route.receiver,
                sender_online=found.sender_online,
                receiver_online=people is not None and state.sessions.logged_in(people.receiver.account),
                barred=None if people is None else people.barred_talking if conversation else people.barred_apart,
                reply_visible=found.answered is not None,
                over_rate=message.over_rate,
                to_service=route.to_service,
                limits=state.limits,
                rich_chars=sum(map(len, found.rich.bodies.values())) if found.rich else None,
                attached=self._announced.before(message) if facts.has_files else (),
                unknowable=found.failed,
            ),
        )
        if facts.has_files and not isinstance(verdict, Refuse):
            self._announced.remember(message)
        match verdict:
            case Deliver():
                assert people, "nothing is delivered from or to strangers"
                content = compose(verdict, found.answered, self._link_maker, found.rich, found.sizes)
                self._archive(message, people, verdict, content, conversation)
                if verdict.ends:
                    self._end(people)
            case Refuse(reason):
                self._answer(reason, message)
            case Drop(rule, ends):
                log.debug("dropped a message from %s by rule %s", route.account, rule)
                self._count(message, "dropped", rule)
                if ends and people:
                    self._end(people)

    def _end(self, people: Correspondents) -> None:
        conversation = self._state.conversations.going_on.get(people.conversation_key)
        if conversation:
            self._endings.by(people.sender, conversation)

    def _refuse(self, reason: Reason, message: Incoming) -> None:
        """Refuse what nobody judged, by the same rule: no answer to a notice."""
        if isinstance(refuse(reason, message.facts), Refuse):
            self._answer(reason, message)

    def _answer(self, reason: Reason, message: Incoming) -> None:
        account, address = message.route.account, message.route.address
        # A flood must not become a flood of log lines too.
        level = logging.DEBUG if reason is Reason.TOO_FAST else logging.INFO
        log.log(level, "refused a message from %s to %s by rule %s", account, address, reason.spec)
        self._count(message, "refused", reason.spec)
        shown = message.sender_online or reason is Reason.SENDER_OFFLINE
        self._returns.refuse(message.element, account, reason, shown)

    def _count(self, message: Incoming, verdict: str, rule: str) -> None:
        sender, receiver = message.route.sender, message.route.receiver
        self._metrics.message(sender.side if sender else "other", receiver.side if receiver else "other", verdict, rule)

    # On disk first, then to the receiver (A5)

    def _archive(
        self, message: Incoming, people: Correspondents, verdict: Deliver, content: Composed, known: Conversation | None
    ) -> None:
        """``known`` is the conversation that the message falls in, if there is one."""
        state, now = self._state, now_us()
        account, resource = people.sender.account, message.route.resource
        key, fingerprint = _key(message, people), content.fingerprint if content.links else content.payload
        if state.recent.has(key, fingerprint, now, resource, state.sessions.has(account, resource)):
            log.info("a message from %s was sent twice and is delivered once", account)
            return
        opened: Conversation | None = None
        try:
            id = self._store.next_message_id()
            conversation, changes = known, []
            if conversation is None:  # V1
                conversation, opening = state.conversations.open(people.sender, people.receiver, now)
                opened = conversation
                changes.append(opening)
            row = new_row(message, people, content, id, conversation.id, now)
            archive_id = state.archive_ids.id(id, Role.RECEIVER)
            text = people.envelope.around(row.payload, row.body, row.type, row.client_id, archive_id)
            if not self._delivery.takes(text):
                self._not_archived(message, people, opened, Reason.TOO_LARGE)
                return
            changes.append(row)
            if content.links or not _REFERRING.isdisjoint(message.facts.features):
                changes += what_it_changes(people, verdict, content, row, state.web.link_days * DAY_US)
            self._store.write(partial(self._archived, message, people, row, text, opened), *changes)
        except StoreError as problem:
            self._not_archived(message, people, opened, Reason.OVERLOADED, problem)
            return
        conversation.length += 1
        state.recent.add(key, fingerprint, now, resource)

    def _archived(
        self,
        message: Incoming,
        people: Correspondents,
        row: NewMessage,
        text: str,
        opened: Conversation | None,
        problem: StoreError | None,
    ) -> None:
        if problem is not None:
            self._not_archived(message, people, opened, Reason.OVERLOADED, problem)
            return
        copy: Callable[[], None] | None = None
        # Whether there are copies may be otherwise since a reload that came meanwhile.
        if people.copied or message.route.world is not self._state.world:
            copy = partial(self._copies.delivered, row, people.sender, people.receiver, opened is not None)
        self._delivery.send(row.id, text, copy)
        if people.accepted is None:
            people.accepted = self._metrics.accepted(people.sender.side, people.receiver.side)
        people.accepted.inc()
        if (people.sender.account, people.receiver.account) in self._state.blocked.pairs:
            self._heard_of(people.sender, people.receiver)

    def _not_archived(
        self,
        message: Incoming,
        people: Correspondents,
        opened: Conversation | None,
        reason: Reason,
        problem: StoreError | None = None,
    ) -> None:
        if problem is not None:
            self._trouble("a message could not be archived and was refused: %s", problem)
        self._state.recent.forget(_key(message, people))
        if opened:
            self._state.conversations.forget(opened)
        self._answer(reason, message)


def _key(message: Incoming, people: Correspondents) -> Key:
    """By which a second try of it is known."""
    id = message.facts.origin_id or message.element.get("id") or ""
    return people.sender.account, people.receiver.account, id


def new_row(
    message: Incoming, people: Correspondents, content: Composed, id: int, conversation_id: int, now: int
) -> NewMessage:
    """What the archive keeps of it. ``now`` is in us."""
    element, client_id, origin_id = message.element, message.element.get("id"), message.facts.origin_id
    return NewMessage(
        id=id,
        conversation_id=conversation_id,
        sent_at=now,
        sender=message.route.sender_address,
        receiver=element.get("to", ""),
        sender_account=people.sender.account,
        receiver_account=people.receiver.account,
        owner=people.owner,
        payload=content.payload,
        body=content.body,
        client_id=client_id,
        origin_id=origin_id,
        type=message.facts.type,
        sent_payload=content.sent,
        # As others see them, if that is something else.
        seen_id=opaque(client_id) if client_id and "@" in client_id else None,
        seen_origin_id=opaque(origin_id) if origin_id and "@" in origin_id else None,
    )


def what_it_changes(
    people: Correspondents, verdict: Deliver, content: Composed, row: NewMessage, link_us: int
) -> Iterator[Change]:
    """What is written with the message: its links, which live for ``link_us``, and what it corrects or retracts
    (C12, C13)."""
    sender = people.sender
    for link in content.links:
        yield NewLink(
            token=link.token,
            tenant=sender.tenant.id,
            kind=link.kind,
            made_at=row.sent_at,
            expires_at=row.sent_at + link_us,
            title=link.title or f"Message from {sender.name}",
            content=link.content,
            message_id=row.id,
            sender=sender.name,
        )
    for feature, part in verdict.parts:
        reference = part.get("id")
        if feature in _REFERRING and reference:
            is_version = feature is Feature.CORRECTION
            yield Supersede(row.conversation_id, sender.account, reference, row.id, row.sent_at, is_version)
