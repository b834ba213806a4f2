"""What a copy looks like to those who see a chat without taking part: its words, ids and addresses (S2, A4)."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from component.model import Party
from component.outgoing import copy_stanzas as copies
from component.outgoing.archive_id import ArchiveIds, Role
from component.outgoing.copy_stanzas import reference
from component.outgoing.message_stanzas import delay, own_envelope
from component.policy import marks
from component.policy.may_watch import Chat, as_agent, title
from component.store.api import ArchivedMessage, NewMessage, Store, StoreError
from component.xep.forwarding import forwarded

log = logging.getLogger(__name__)

QUOTED = 200
"""Characters of a retracted message that are quoted."""

YOU = "You"
"""The speaker's name for agents' own words in their Work accounts."""

TOO_LONG = "A message from {} is too long to be shown here."

Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a chat. ``corrects`` and ``retracts`` are the messages it refers to, if they were found. ``late``:
    it was sent some time ago, so copies need a timestamp."""

    message: NewMessage | ArchivedMessage
    sender: Party
    receiver: Party
    chat: Chat
    corrects: ArchivedMessage | None = None
    retracts: ArchivedMessage | None = None
    late: bool = False

    @property
    def takes_back(self) -> bool:
        return copies.reference(self.message.as_written)[1] is not None

    @property
    def is_correction(self) -> bool:
        return copies.reference(self.message.as_written)[0] is not None


class CopyComposer:
    """Makes stanza texts. ``fits`` says whether ejabberd takes a stanza of that length."""

    def __init__(self, ids: ArchiveIds, fits: Fits) -> None:
        self._ids = ids
        self._fits = fits

    def watched(self, said: Said, watchers: Iterable[Party]) -> Iterator[tuple[Party, str]]:
        """For supervisors: a line with the speaker's name, and behind it, as a stanza of its own, the forwarded
        message, for programs.

        In one stanza, Converse.js would show the first text it finds, and ejabberd puts that of a forwarded message
        first. Archives do not keep the forwarded stanza, and clients do not show it.
        """
        content = self._told(said, said.sender.full_name, said.message.payload)
        original = self._original(said)
        id = self._ids.id(said.message.id, Role.ORIGINAL)
        for watcher in watchers:
            yield watcher, self._to(said, watcher, content)
            forward = own_envelope(said.chat.face, watcher.account, "chat", id, original + copies.NOT_COPIED)
            if self._fits(forward):
                yield watcher, forward

    def _original(self, said: Said) -> str:
        """XEP-0297 §3.1, with faces as addresses (AD2)."""
        message, faces = said.message, {party.account: party.face for party in said.chat.sides}
        text = copies.original(
            said.sender.face, said.receiver.face, message.type, message.client_id, message.payload, faces
        )
        return forwarded(text, delay(said.chat.face, message.sent_at))

    def received(self, said: Said, own: Party) -> str:
        """A4: what an agent received, for their Work account ``own``."""
        return self._to(said, own, self._repeated(said, said.message.payload))

    def told_as_received(self, said: Said, own: Party) -> str:
        """The same with the speaker's name, where the agent's own words are lines with a name too (`told_as_sent`)."""
        name, words = said.sender.full_name, copies.words(said.message.payload)
        if not said.takes_back:
            return self._to(said, own, self._told(said, name, said.message.payload))
        about = copies.retracts(self._ids.id(said.retracts.id, Role.COPY)) if said.retracts else ""
        content = copies.body(marks.spoken(name, words)) if words else ""
        return self._to(said, own, f"{about}{content}" or copies.body(marks.told(f"{name} retracted a message.")))

    def told_as_sent(self, said: Said, own: Party) -> str:
        """A4: what an agent sent, as a line from the chat, where ejabberd would not archive it in the agent's name."""
        return self._to(said, own, self._told(said, YOU, said.message.as_written))

    def sent(self, said: Said, own: Party) -> str:
        """A4: what an agent sent, to be sent in the name of their Work account."""
        content = self._repeated(said, said.message.as_written) + self._when(said, own)
        return own_envelope(own.account, said.chat.face, "chat", self._ids.id(said.message.id, Role.COPY), content)

    def line(self, chat: Chat, watcher: Party, words: str, id: str, at: int | None = None) -> str:
        """A note about the chat by deskbridge; ``at`` is its time in us, if that is not now."""
        when = "" if at is None else copies.said_at(watcher, chat.face, at)
        content = copies.body(marks.told(words)) + copies.to_supervisor(title(watcher, chat)) + when
        return own_envelope(chat.face, watcher.account, "chat", id, content)

    def withdrawn(self, said: Said, viewer: Party, name: str) -> str:
        """The message was not delivered: a correction of its copy that says so."""
        words = marks.spoken(f"{name} (not delivered)", copies.words(said.message.payload) or "")
        content = copies.corrects(self._ids.id(said.message.id, Role.COPY)) + copies.body(words)
        id = self._ids.id(said.message.id, Role.WITHDRAWN)
        return own_envelope(said.chat.face, viewer.account, "chat", id, content + self._addressed(said.chat, viewer))

    def id(self, number: int, role: Role) -> str:
        return self._ids.id(number, role)

    # The parts

    def _to(self, said: Said, viewer: Party, content: str) -> str:
        id = self._ids.id(said.message.id, Role.COPY)
        end = self._addressed(said.chat, viewer) + self._when(said, viewer)

        def whole(content: str) -> str:
            return own_envelope(said.chat.face, viewer.account, "chat", id, content + end)

        text = whole(content)
        return text if self._fits(text) else whole(copies.body(marks.told(TOO_LONG.format(said.sender.full_name))))

    def _addressed(self, chat: Chat, viewer: Party) -> str:
        name = title(viewer, chat)
        return copies.to_own_account(name) if as_agent(viewer, chat) else copies.to_supervisor(name)

    def _told(self, said: Said, name: str, payload: str) -> str:
        """The message as a line that names the speaker; ``payload`` is the version to show."""
        words = copies.words(payload)
        if said.takes_back:
            quoted = said.retracts.body if said.retracts else None
            retracted = marks.told(f"{name} retracted: {quoted[:QUOTED]}" if quoted else f"{name} retracted a message.")
            # for clients that do not know retractions
            return copies.body("\n".join((retracted, marks.spoken(name, words))) if words else retracted)
        if words is None:
            return ""
        if said.corrects:
            return copies.corrects(self._ids.id(said.corrects.id, Role.COPY)) + copies.body(marks.spoken(name, words))
        return copies.body(marks.spoken(f"{name} (corrected)" if said.is_correction else name, words))

    def _repeated(self, said: Said, payload: str) -> str:
        """The message without a speaker's name, in that version."""
        words = copies.words(payload)
        content = "" if words is None else copies.body(marks.unmarked(words))
        if said.retracts:
            return copies.retracts(self._ids.id(said.retracts.id, Role.COPY)) + content
        if said.corrects:
            return copies.corrects(self._ids.id(said.corrects.id, Role.COPY)) + content
        return content or copies.body(marks.told("A message was retracted."))

    def _when(self, said: Said, viewer: Party) -> str:
        return copies.said_at(viewer, said.chat.face, said.message.sent_at) if said.late else ""


async def referring(store: Store, said: Said) -> Said:
    """The same with the messages that it corrects or retracts, which have to be by the same sender (XEP-0308 §5)."""
    corrected, retracted = reference(said.message.as_written)
    return replace(
        said,
        corrects=await _find(store, said, corrected),
        retracts=await _find(store, said, retracted),
    )


async def _find(store: Store, said: Said, reference: str | None) -> ArchivedMessage | None:
    if reference is None:
        return None
    try:
        found = await store.find_own(said.message.conversation_id, reference, said.sender.account, said.message.id)
        return None if found is None else await store.message(found)
    except StoreError as problem:
        log.warning("a copy of a correction does not say what it corrects: %s", problem)
        return None
