"""How a message looks to those who see it without taking part: the words, ids and addresses of each copy (S2, A4)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from component.model import Party
from component.policy.watching import Chat, title
from component.stanza import copies
from component.stanza.archive_id import ArchiveIds, Role
from component.stanza.forward import forwarded
from component.stanza.message import delay, own_envelope
from component.store.archive import ArchivedMessage
from component.store.changes import NewMessage

QUOTED = 200
"""Characters of a retracted message that are shown."""

Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a chat. ``corrects`` and ``retracts`` are the messages it refers to, if these could be found.

    ``late`` says when it was said, as that was not just now.
    """

    message: NewMessage | ArchivedMessage
    sender: Party
    receiver: Party
    chat: Chat
    corrects: ArchivedMessage | None = None
    retracts: ArchivedMessage | None = None
    late: bool = False

    @property
    def takes_back(self) -> bool:
        return copies.reference(self.message.payload)[1] is not None

    @property
    def is_correction(self) -> bool:
        return copies.reference(self.message.payload)[0] is not None


class CopyTexts:
    """Stanza texts. ``fits`` says whether ejabberd takes a stanza of that length."""

    def __init__(self, ids: ArchiveIds, fits: Fits) -> None:
        self._ids = ids
        self._fits = fits

    def watched(self, said: Said, watchers: Iterable[Party]) -> Iterator[str]:
        """For supervisors: who said what; and behind it, alone, for their programs, the message itself, forwarded.

        In one stanza, Converse.js would take the first text it finds, and ejabberd puts that of a forwarded message
        before the line's own. No archive keeps what is forwarded, and no client shows it.
        """
        words = self._told(said, said.sender.name, f"{said.sender.name}: ")
        original = self._original(said)
        id = self._ids.id(said.message.id, Role.ORIGINAL)
        for watcher in watchers:
            yield self._to(said, watcher, words)
            forward = own_envelope(said.chat.face, watcher.account, "chat", id, original + copies.NOT_KEPT)
            if self._fits(forward):
                yield forward

    def _original(self, said: Said) -> str:
        """XEP-0297 §3.1, between faces (AD2)."""
        message, faces = said.message, {party.account: party.face for party in said.chat.sides}
        text = copies.original(
            said.sender.face, said.receiver.face, message.type, message.client_id, message.payload, faces
        )
        return forwarded(text, delay(said.chat.face, message.sent_at))

    def received(self, said: Said, own: Party) -> str:
        """A4: what an agent got, for their Work account ``own``."""
        return self._to(said, own, self._repeated(said))

    def told_as_sent(self, said: Said, own: Party) -> str:
        """A4: what an agent said, where ejabberd would not archive it in their name: as a line that says so."""
        return self._to(said, own, self._told(said, "You", "You: "))

    def sent(self, said: Said, own: Party) -> str:
        """A4: what an agent said, to be sent in the name of their Work account."""
        words = self._repeated(said)
        id = self._ids.id(said.message.id, Role.COPY)
        return own_envelope(own.account, said.chat.face, "chat", id, words + self._when(said))

    def line(self, chat: Chat, watcher: Party, words: str, id: str) -> str:
        """Something about the chat that nobody of the two has said."""
        content = copies.line(words) + copies.addressed(watcher, title(watcher, chat))
        return own_envelope(chat.face, watcher.account, "chat", id, content)

    def withdrawn(self, said: Said, watcher: Party, name: str) -> str:
        """The message was not delivered after all: the copy that was sent before says so instead."""
        words = f"{name}: (not delivered) " if name else "(not delivered) "
        content = (
            copies.corrects(self._ids.id(said.message.id, Role.COPY)),
            copies.spoken(said.message.payload, words),
            copies.addressed(watcher, title(watcher, said.chat)),
        )
        id = self._ids.id(said.message.id, Role.WITHDRAWN)
        return own_envelope(said.chat.face, watcher.account, "chat", id, "".join(content))

    def id(self, number: int, role: Role) -> str:
        return self._ids.id(number, role)

    # The parts

    def _to(self, said: Said, viewer: Party, words: str) -> str:
        id = self._ids.id(said.message.id, Role.COPY)
        end = copies.addressed(viewer, title(viewer, said.chat)) + self._when(said)

        def whole(content: str) -> str:
            return own_envelope(said.chat.face, viewer.account, "chat", id, content + end)

        text = whole(words)
        return text if self._fits(text) else whole(copies.line("(This message is too long to be shown here.)"))

    def _told(self, said: Said, name: str, prefix: str) -> str:
        """The message as somebody tells it who speaks of ``name``."""
        if said.takes_back:
            quoted = said.retracts.body if said.retracts else None
            retracted = f"{name} retracted: {quoted[:QUOTED]}" if quoted else f"{name} retracted a message."
            # What clients that know no retractions show of it.
            return copies.spoken(said.message.payload, f"{retracted}\n{prefix}") or copies.line(retracted)
        if said.corrects:
            return copies.corrects(self._ids.id(said.corrects.id, Role.COPY)) + copies.spoken(
                said.message.payload, prefix
            )
        return copies.spoken(said.message.payload, f"{name} (corrected): " if said.is_correction else prefix)

    def _repeated(self, said: Said) -> str:
        """The message as it was said."""
        words = copies.spoken(said.message.payload)
        if said.retracts:
            return copies.retracts(self._ids.id(said.retracts.id, Role.COPY)) + words
        if said.corrects:
            return copies.corrects(self._ids.id(said.corrects.id, Role.COPY)) + words
        return words or copies.line("(A message was retracted.)")

    def _when(self, said: Said) -> str:
        return delay(said.chat.face, said.message.sent_at) if said.late else ""
