"""Transcripts of conversations between agents, for supervisors and operators (S3).

They are made from the archive each time, so what retention deletes is gone from them too (A8).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from component.directory.world import World
from component.model import Party, Person, Side, Tenant
from component.outgoing.copy_stanzas import reference
from component.policy.may_watch import may_read
from component.store.api import ArchivedMessage, Store, StoredConversation, TranscriptQuery

CHUNK = 200
"""Conversations or messages read at a time."""

MOST_CHUNKS = 10
"""Chunks that are read for one page, as the reader may not see all of a chunk."""

MOST_LINES = 50_000
"""Lines of one transcript. Two people do not write as much in one conversation."""

NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Search:
    """``agent`` is how words of a name begin, or an address; ``text`` words of one message; times are in us."""

    agent: str = ""
    text: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptHeading:
    """A conversation in a list; ``ended_at`` is None while it is open."""

    id: int
    names: tuple[str, str]
    faces: tuple[str, str]
    opened_at: int
    ended_at: int | None
    messages: int

    @property
    def title(self) -> str:
        return ", ".join(self.names)


@dataclass(frozen=True, slots=True)
class Headings:
    """``before`` continues the list; None at its end."""

    found: tuple[TranscriptHeading, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One message. ``kind`` is ``message``, ``correction`` or ``retraction``; ``text`` is what it says, in all
    languages, also that of a retraction, which clients without the extension show. ``about`` is the number of the
    message that is corrected or retracted, and ``was`` its text, if it is in the transcript."""

    number: int
    at: int
    name: str
    face: str
    kind: str
    text: str
    about: int | None = None
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """``lines`` after the first ``skipped``; ``complete``: they reach the end."""

    heading: TranscriptHeading
    lines: tuple[Line, ...]
    complete: bool


class Transcripts:
    """Whether somebody may read is decided each time; ``reader`` is None for operators, who may read all."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(
        self, reader: Party | None, tenant: Tenant, world: World, search: Search, before: int, most: int
    ) -> Headings:
        """The newest conversations that match, with numbers below ``before``. Raises ``StoreError``."""
        wanted = TranscriptQuery(
            tenant.id,
            accounts=_accounts(search.agent, tenant, world) if search.agent else None,
            text=search.text or None,
            start=search.start,
            end=search.end,
        )
        ids = await self._store.transcripts.with_words(wanted) if wanted.text else None
        found: list[TranscriptHeading] = []
        for _ in range(MOST_CHUNKS):
            chunk = await self._store.transcripts.before(wanted, ids, before, CHUNK)
            for conversation in chunk:
                if len(found) == most:
                    return Headings(tuple(found), before)
                before = conversation.id
                if _may_read(reader, conversation, tenant, world):
                    found.append(_heading(conversation, tenant, world))
            if len(chunk) < CHUNK:
                return Headings(tuple(found), None)
        return Headings(tuple(found), before)

    async def read(
        self, reader: Party | None, tenant: Tenant, world: World, id: int, skip: int = 0, most: int = MOST_LINES
    ) -> Transcript | None:
        """At most ``most`` lines of a conversation after the first ``skip``; None if there is none that may be read.

        Raises ``StoreError``.
        """
        conversation = await self._store.transcripts.one(tenant.id, id)
        if conversation is None or conversation.visible == 0 or not _may_read(reader, conversation, tenant, world):
            return None
        messages: list[ArchivedMessage] = []
        last = 0
        while len(messages) <= skip + most:
            chunk = await self._store.transcripts.next_messages(id, last, CHUNK)
            messages += chunk
            if len(chunk) < CHUNK:
                break
            last = chunk[-1].id
        lines = tuple(_lines(messages, tenant, world))[skip : skip + most]
        return Transcript(_heading(conversation, tenant, world), lines, complete=skip + most >= len(messages))


def _may_read(reader: Party | None, conversation: StoredConversation, tenant: Tenant, world: World) -> bool:
    if reader is None:
        return True
    if reader.tenant.id != tenant.id:
        return False
    return may_read(reader, list(_people(conversation, world)), world.directory(tenant))


def _people(conversation: StoredConversation, world: World) -> Iterator[Person]:
    for account in (conversation.first, conversation.second):
        party = world.account(account)
        if party is not None:
            yield party.person


def _accounts(wanted: str, tenant: Tenant, world: World) -> tuple[str, ...]:
    """The agents' accounts that match, also of somebody who has left the directory if the address is given."""
    finder = world.finder(tenant, Side.AGENT)
    found = {finder.parties[place].account for place in finder.find(name=wanted, known=())}
    local_part = wanted.casefold().partition("@")[0]
    return (*found, *({f"{local_part}@{tenant.desk_host}"} - found))


def _heading(conversation: StoredConversation, tenant: Tenant, world: World) -> TranscriptHeading:
    names, faces = zip(*(_who(each, tenant, world) for each in (conversation.first, conversation.second)), strict=True)
    return TranscriptHeading(
        conversation.id,
        (names[0], names[1]),
        (faces[0], faces[1]),
        conversation.opened_at,
        conversation.ended_at,
        conversation.visible,
    )


def _who(account: str, tenant: Tenant, world: World) -> tuple[str, str]:
    """Name and face. Whoever has left the directory has only a face. Accounts are never shown (AD2)."""
    face = world.face_of_account(account) or tenant.service
    party = world.account(account)
    return (party.full_name if party else face.partition("@")[0]), face


def _lines(messages: Iterable[ArchivedMessage], tenant: Tenant, world: World) -> Iterator[Line]:
    said: dict[tuple[str, str], Line] = {}
    for number, message in enumerate(messages, 1):
        corrected, retracted = reference(message.as_written)
        about = said.get((message.sender_account, corrected or retracted or ""))
        kind = "retraction" if retracted is not None else "correction" if corrected is not None else "message"
        name, face = _who(message.sender_account, tenant, world)
        line = Line(
            number,
            message.sent_at,
            name,
            face,
            kind,
            message.body or "",
            *((about.number, about.text) if about else ()),
        )
        for id in (message.client_id, message.origin_id):
            if id:
                said[message.sender_account, id] = line
        yield line
