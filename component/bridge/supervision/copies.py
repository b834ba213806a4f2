"""Copies of messages: to supervisors who watch (S2), and to an agent's own Work account (A4).

When a message is sent, `Copies` finds who gets a copy at that moment (`Audience`) and puts one job into the queue of
the conversation. Usually the job is done at once. It takes time if something has to come first: the chat becomes a
contact of its receivers, the message that a correction refers to is read from the archive, or the first copy of a chat
that opens is followed by a pause. Later copies of the same conversation wait for it, others do not.

Copies are not stored. Their ids are derived from the number of the message (`archive_id.Role`), and the delivery mark,
up to which all messages are done, waits for the queue (`KeyedQueue.settled`). After a crash or a lost stream copies
are sent again together with their messages, and clients recognise by the id what they have (A5).

A watcher who is catching up gets new copies only afterwards; until then they are held for this watcher alone
(`HeldCopies`, `catch_up`).
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, Protocol
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.directory.world import World
from component.model import Party
from component.outgoing import copy_stanzas as copies
from component.outgoing.archive_id import Role
from component.outgoing.message_stanzas import notice
from component.policy.may_watch import Chat, as_agent, is_watchable
from component.store.api import ArchivedMessage, NewMessage, Store
from component.xep.privileged_entity import ARCHIVED, in_the_name_of_an_account
from component.xml import serialise

from ..clock import now_us
from ..keyed_queue import KeyedQueue
from ..state.chat_faces import work_party
from ..state.conversations import Conversation
from ..state.state import State
from ..stream.connection import Connection
from .audience import Audience, CopyReceivers
from .chat_contacts import ChatContacts
from .copy_composer import YOU, CopyComposer, Said, referring

LATE_US = 10_000_000
"""A copy that is sent so long after the message has a timestamp (XEP-0203)."""

SETTLE_SECONDS = 1.0
"""Pause after the first copy of a chat. Converse.js loses messages that come while it creates the chat."""

PAUSE_SECONDS = 0.03
"""Pause between further messages of a backlog."""

MOMENT_US = 1_000
"""The note that a conversation began is dated this much before its first message, for clients that sort by time."""

BEGAN = "{one} and {other} began a chat."


WatcherKey = tuple[str, int]
"""A watcher's account and the number of a conversation."""


NOTICE = "This chat may be watched by supervisors."


class Granted(Protocol):
    """The privileges that ejabberd grants (`Grants`)."""

    def outgoing(self, host: str) -> str | None: ...


class Copies:
    """Makes copies, those of each conversation in order. Without a stream none are made."""

    def __init__(
        self,
        state: State,
        store: Store,
        link: Connection,
        audience: Audience,
        contacts: ChatContacts,
        granted: Granted,
        tasks: BackgroundTasks,
    ) -> None:
        self._state = state
        self._store = store
        self._link = link
        self._audience = audience
        self._contacts = contacts
        self._granted = granted
        self._texts = CopyComposer(state.archive_ids, link.fits)
        self.queue: KeyedQueue[int] = KeyedQueue(tasks, "sending copies", eager=True)
        """Keyed by the number of the conversation."""
        self.held = HeldCopies(link.send)
        self.last = 0
        """The newest message that was copied, or would have been if somebody watched."""

    def stream_began(self) -> None:
        """Start at the delivery mark: all messages after it are sent again."""
        self.last = self._store.delivered_up_to

    def stream_lost(self) -> None:
        self.queue.clear()
        self.held.clear()

    # With each message

    def delivered(self, message: NewMessage | ArchivedMessage, sender: Party, receiver: Party, opened: bool) -> None:
        """Copy a message that is sent now. ``opened``: it is the first of its conversation."""
        self.last = max(self.last, message.id)
        # looked up again: there may have been a reload since the message was accepted
        known = self._state.world.account(sender.account), self._state.world.account(receiver.account)
        sender, receiver = known[0] or sender, known[1] or receiver
        chat = self._chat(sender, receiver)
        if chat is None:
            return
        if opened:
            self._notify(chat, message)
        to = self._receivers(chat, sender, receiver)
        if to:
            said = Said(message, sender, receiver, chat, late=_is_late(message))
            self.queue.put(message.conversation_id, partial(self._copy, said, to, opened))

    def delivered_again(
        self, message: ArchivedMessage, to_work_only: bool, archived: Callable[[str, str], bool]
    ) -> None:
        """Copy a message that is sent again after a crash or a lost stream. ``to_work_only``: ejabberd had routed it,
        but its archive, where Work accounts find what they did as agents, may have lost it (R3).

        ``archived`` says whether an account has an id in its archive; then it gets no second copy.
        """
        self.last = max(self.last, message.id)
        sender = self._state.world.account(message.sender_account)
        receiver = self._state.world.account(message.receiver_account)
        chat = self._chat(sender, receiver) if sender and receiver else None
        if sender is None or receiver is None or chat is None:
            return
        id = self._texts.id(message.id, Role.COPY)
        opened = message.seq == 1 and not to_work_only
        if opened:
            self._notify(chat, message)
        to = self._receivers(chat, sender, receiver).without(
            lambda party: archived(party.account, id) or (to_work_only and as_agent(party, chat) is None)
        )
        if to:
            said = Said(message, sender, receiver, chat, late=to_work_only or _is_late(message))
            self.queue.put(message.conversation_id, partial(self._copy, said, to, opened))

    def work_accounts(self, message: ArchivedMessage) -> list[str]:
        """The Work accounts that get copies of it, which ejabberd archives."""
        sender = self._state.world.account(message.sender_account)
        receiver = self._state.world.account(message.receiver_account)
        chat = self._chat(sender, receiver) if sender and receiver else None
        if sender is None or receiver is None or chat is None:
            return []
        to = self._receivers(chat, sender, receiver)
        return [party.account for party in (to.sender, to.receiver) if party]

    def withdrawn(self, message: ArchivedMessage) -> None:
        """The message came back: tell everybody who got a copy."""
        sender = self._state.world.account(message.sender_account)
        receiver = self._state.world.account(message.receiver_account)
        chat = self._chat(sender, receiver) if sender and receiver else None
        if sender and receiver and chat:
            said = Said(message, sender, receiver, chat)
            to = self._receivers(chat, sender, receiver)
            if to:
                self.queue.put(message.conversation_id, partial(self._take_back, said, to))

    # Backlogs, and notes by deskbridge itself

    async def introduce(self, chat: Chat, watcher: Party) -> None:
        """To be called before anything is sent from the chat."""
        await self._contacts.introduce(watcher, chat)

    async def told_later(self, chat: Chat, watcher: Party, message: ArchivedMessage) -> list[str]:
        """The stanzas for a message that was sent before the watcher came."""
        sender = chat.one if message.sender_account == chat.one.account else chat.other
        receiver = chat.other if sender is chat.one else chat.one
        said = await referring(self._store, Said(message, sender, receiver, chat, late=True))
        return [text for _, text in self._texts.watched(said, [watcher])]

    def line(self, chat: Chat, watcher: Party, words: str, id: str, at: int | None = None) -> str:
        """A note about the chat, as stanza text; ``at`` is its time in us, if that is not now."""
        return self._texts.line(chat, watcher, words, id, at)

    def beginning(self, chat: Chat, watcher: Party, first: NewMessage | ArchivedMessage, late: bool) -> str:
        """The note that a conversation began with that message."""
        words = BEGAN.format(one=chat.one.full_name, other=chat.other.full_name)
        id = self._texts.id(first.id, Role.OPENING)
        return self.line(chat, watcher, words, id, first.sent_at - MOMENT_US if late else None)

    def tell_anew(self, chat: Chat, watcher: Party, words: str) -> None:
        self._state.chat_faces.note(chat)
        self._link.send(self.line(chat, watcher, words, secrets.token_hex(8)))

    def ending_id(self, conversation_id: int) -> str:
        """The id of the note that a conversation has ended."""
        return self._texts.id(conversation_id, Role.ENDING)

    def ended(self, conversation: Conversation, words: str) -> None:
        """Tell the watchers that a conversation has ended."""
        one, other = map(self._state.world.account, (conversation.first, conversation.second))
        chat = self._chat(one, other) if one and other else None
        if chat is not None:
            watchers = self._audience.of(chat)
            self.queue.put(conversation.id, partial(self._tell_end, conversation.id, chat, watchers, words))

    # Copies that come back

    def is_returned_copy(self, message: Element) -> bool:
        """Whether this is a copy that was sent in the name of a Work account, which ejabberd delivers to the chat
        face, that is, back to deskbridge.

        Clients can neither send without a resource nor guess such an id.
        """
        found = None if "/" in message.get("from", "") else self._state.archive_ids.parse(message.get("id", ""))
        return found is not None and found[1] in (Role.COPY, Role.WITHDRAWN) and message.get("type") != "error"

    # The parts

    def _notify(self, chat: Chat, message: NewMessage | ArchivedMessage) -> None:
        """Tell the two that they may be watched (S4)."""
        for text in notices(chat, self._state.world, self._texts.id(message.id, Role.NOTICE)):
            self._link.send(text)

    def _chat(self, one: Party, other: Party) -> Chat | None:
        """The chat of the two, if anybody could get copies: most chats with Work users need no chat face."""
        if one.side is other.side or work_party(one, self._state.world) or work_party(other, self._state.world):
            return self._state.chat_faces.chat(one, other)
        return None

    def _receivers(self, chat: Chat, sender: Party, receiver: Party) -> CopyReceivers:
        world = self._state.world
        return CopyReceivers(self._audience.of(chat), work_party(sender, world), work_party(receiver, world))

    def _copy(self, said: Said, to: CopyReceivers, opened: bool) -> Coroutine[Any, Any, None] | None:
        self._state.chat_faces.note(said.chat)
        refers = copies.reference(said.message.as_written) != (None, None)
        if (
            refers
            or (opened and to.watchers)
            or any(self._contacts.misses(viewer, said.chat) for viewer in to.everybody)
        ):
            return self._prepare_and_send(said, to, opened)
        self._send_to_own_accounts(said, to)
        self._send_to_watchers(said, to)
        return None

    async def _prepare_and_send(self, said: Said, to: CopyReceivers, opened: bool) -> None:
        for viewer in to.everybody:
            await self._contacts.introduce(viewer, said.chat)
        said = await referring(self._store, said)
        self._send_to_own_accounts(said, to)
        if opened and to.watchers:
            for watcher in to.watchers:
                self._to_watcher(watcher, said, self.beginning(said.chat, watcher, said.message, said.late))
            await asyncio.sleep(SETTLE_SECONDS)
        self._send_to_watchers(said, to)

    def _send_to_watchers(self, said: Said, to: CopyReceivers) -> None:
        if to.watchers:
            for watcher, text in self._texts.watched(said, to.watchers):
                self._to_watcher(watcher, said, text)

    def _send_to_own_accounts(self, said: Said, to: CopyReceivers) -> None:
        if to.receiver:
            told = self._archived_in_name_of(to.receiver) is None
            received = self._texts.told_as_received if told else self._texts.received
            self._link.send(received(said, to.receiver))
        if to.sender:
            self._send_as(to.sender, self._texts.sent(said, to.sender), self._texts.told_as_sent, said)

    def _send_as(self, own: Party, text: str, instead: Callable[[Said, Party], str], said: Said) -> None:
        """Send it in the name of a Work account, if its server archives that (ejabberd 23.10); otherwise to that
        account."""
        tenant = own.tenant
        namespace = self._archived_in_name_of(own)
        if namespace is not None:
            wrapped = in_the_name_of_an_account(text, tenant.service, tenant.work_host, namespace)
            if self._link.try_send(wrapped):
                return
        self._link.send(instead(said, own))

    def _archived_in_name_of(self, own: Party) -> str | None:
        """The namespace for messages in the name of a Work account, if its server archives these."""
        namespace = self._granted.outgoing(own.tenant.work_host)
        return namespace if namespace in ARCHIVED else None

    def _to_watcher(self, watcher: Party, said: Said, text: str) -> None:
        self.held.send((watcher.account, said.message.conversation_id), text)

    def _take_back(self, said: Said, to: CopyReceivers) -> None:
        for watcher in to.watchers:
            self._to_watcher(watcher, said, self._texts.withdrawn(said, watcher, said.sender.full_name))
        if to.receiver:
            self._link.send(self._texts.withdrawn(said, to.receiver, said.sender.full_name))
        if to.sender:
            self._link.send(self._texts.withdrawn(said, to.sender, YOU))

    def _tell_end(self, conversation_id: int, chat: Chat, watchers: Sequence[Party], words: str) -> None:
        for watcher in watchers:
            text = self.line(chat, watcher, words, self.ending_id(conversation_id))
            self.held.send((watcher.account, conversation_id), text)


def _is_late(message: NewMessage | ArchivedMessage) -> bool:
    return now_us() - message.sent_at > LATE_US


class HeldCopies:
    """Copies for one watcher of a conversation, held until the watcher has caught up with it.

    ``send`` takes stanza text. A crash loses what is held; it is sent again, as the watch is behind.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._waiting: dict[WatcherKey, deque[str]] = {}

    def hold(self, key: WatcherKey) -> None:
        """From now on hold what is for this watcher."""
        self._waiting.setdefault(key, deque())

    def send(self, key: WatcherKey, text: str) -> None:
        """Send it now, or after what is held."""
        waiting = self._waiting.get(key)
        if waiting is None:
            self._send(text)
        else:
            waiting.append(text)

    def next(self, key: WatcherKey) -> str | None:
        """The oldest that is held, for the caller to send. None ends the holding: further copies are sent at once."""
        waiting = self._waiting.get(key)
        if waiting:
            return waiting.popleft()
        self._waiting.pop(key, None)
        return None

    def drop(self, key: WatcherKey) -> None:
        """Drop what is held, and hold nothing more."""
        self._waiting.pop(key, None)

    def clear(self) -> None:
        self._waiting.clear()


def notices(chat: Chat, world: World, id: str) -> Iterator[str]:
    """The notices for both, as stanza texts with that id; none if nobody may watch."""
    tenant = chat.one.tenant
    if tenant.watch_notice and is_watchable(chat, world.directory(tenant)):
        for one, other in (chat.sides, chat.sides[::-1]):
            yield serialise(notice(one.face, other.account, NOTICE, id))
