"""Answers to archive queries, about an agent's own archive or that of a face (A1 to A3, A6, A7; XEP-0313)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from xml.etree.ElementTree import Element

from component.directory.world import World
from component.jid import normalise
from component.model import Party, Side
from component.outgoing.archive_id import ArchiveIds, Role
from component.outgoing.message_stanzas import envelope, own_envelope
from component.policy.matrix import HISTORY_WINDOW
from component.store.api import ArchivedMessage, ArchiveView, Filters, Page, Slice, Store
from component.xep import mam
from component.xep.mam import Query, fin, metadata, offered_form, preferences, read_query, result
from component.xep.rsm import BadQuery, NotOffered

USUAL = 50
MOST = 100
"""Messages of a page: if the client does not say how many it wants, and at most."""

MOST_CHARS = 500_000
"""Characters of a page, at most."""

PAYLOADS = frozenset({mam.QUERY, mam.METADATA, mam.PREFS})
"""The payloads of iqs to an archive."""

NOTHING = Page((), 0, complete=True)


TOO_LARGE = "<body>This message is too large to be shown here.</body>"


class NoSuchMessage(BadQuery):
    """The id was never issued (A6)."""

    type = "cancel"
    condition = "item-not-found"


class NotAllowed(BadQuery):
    type = "cancel"
    condition = "not-allowed"


@dataclass(frozen=True, slots=True)
class Question:
    """A query: ``payload``, in an iq of that ``type`` by ``asker``.

    ``archive`` is the bare address it was sent to, the asker's own account or a face; ``other`` is the account behind
    that face.
    """

    type: str
    payload: Element
    asker: Party
    archive: str
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """``text`` is a ``<result/>``; ``instead`` makes the one to send if that is too large (R5)."""

    text: str
    instead: Callable[[], str]


@dataclass(frozen=True, slots=True)
class ArchiveAnswer:
    """The results, in the order in which they are sent, and the payload that follows them."""

    payload: Element
    results: tuple[Result, ...] = ()


class Archive:
    """Answers questions from the store."""

    def __init__(self, store: Store, ids: ArchiveIds) -> None:
        self._store = store
        self._ids = ids

    async def answer(self, question: Question, world: World) -> ArchiveAnswer:
        """Raises ``BadQuery`` if the query is refused, and ``StoreError``."""
        match question.type, question.payload.tag:
            case "set", mam.QUERY:
                return await self._search(question, world)
            case "get", mam.QUERY:
                return ArchiveAnswer(offered_form())
            case "get", mam.METADATA:
                return await self._metadata(question)
            case "get", mam.PREFS:
                return ArchiveAnswer(preferences())
            case "set", mam.PREFS:
                raise NotAllowed("Everything is archived here, which cannot be changed.")
        raise NotOffered("The archive does not offer that.")

    async def _metadata(self, question: Question) -> ArchiveAnswer:
        first, last = await self._store.history_ends(_view(question, question.other))
        return ArchiveAnswer(metadata(self._end(question.asker, first), self._end(question.asker, last)))

    def _end(self, viewer: Party, message: ArchivedMessage | None) -> tuple[str, int] | None:
        return None if message is None else (self._id(viewer, message), message.sent_at)

    # A page

    async def _search(self, question: Question, world: World) -> ArchiveAnswer:
        query = read_query(question.payload)
        view = _narrowed(question, query.with_jid, world)
        # also if nothing can be found: an unknown id is an error in any case
        filters, slice = await self._filters(query), await self._slice(query)
        page = await self._store.history(view, filters, slice) if view else NOTHING
        return self._written(question, query, shortened(page, slice.backwards), world)

    def _written(self, question: Question, query: Query, page: Page, world: World) -> ArchiveAnswer:
        viewer = question.asker
        ids = [self._id(viewer, message) for message in page.messages]

        def written(id: str, message: ArchivedMessage) -> str:
            return result(query.queryid, id, as_seen_by(viewer, message, world), question.archive, message.sent_at)

        results = [
            Result(written(id, message), partial(written, id, too_large(message)))
            for id, message in zip(ids, page.messages, strict=True)
        ]
        if query.flip:
            results.reverse()
        first, last = (ids[0], ids[-1]) if ids else (None, None)
        return ArchiveAnswer(fin(first, last, page.count, page.complete), tuple(results))

    async def _filters(self, query: Query) -> Filters:
        return Filters(
            start=query.start,
            end=query.end,
            after=await self._anchor(query.after_id),
            before=await self._anchor(query.before_id),
            ids=None if query.ids is None else tuple([await self._number(id) for id in query.ids]),
            text=query.text,
        )

    async def _slice(self, query: Query) -> Slice:
        page = query.page
        return Slice(
            max=USUAL if page.max is None else min(page.max, MOST),
            after=await self._anchor(page.after),
            before=await self._anchor(page.before),
            backwards=page.backwards,
        )

    # Ids

    def _id(self, viewer: Party, message: ArchivedMessage) -> str:
        return self._ids.id(message.id, role(viewer, message))

    async def _anchor(self, id: str | None) -> int | None:
        """None for an empty id, which asks for the first or the last page."""
        return await self._number(id) if id else None

    async def _number(self, id: str) -> int:
        """The number of a message, visible or not. Raises ``NoSuchMessage``."""
        found = self._ids.parse(id)
        if found is None or not await self._store.knows_message(found[0]):
            raise NoSuchMessage("There is no message with this id.")
        return found[0]


def _view(question: Question, other: str | None) -> ArchiveView:
    """What the asker may see: A1 and A2 for agents, A3 for Work users."""
    asker = question.asker
    if asker.side is Side.AGENT:
        return ArchiveView(asker.account, is_agent=True, window=HISTORY_WINDOW[asker.tenant.version], other=other)
    return ArchiveView(asker.account, is_agent=False, other=other)


def _narrowed(question: Question, with_jid: str | None, world: World) -> ArchiveView | None:
    """The asker's view narrowed to the chat with that address; None if nobody has it.

    The resource of a face is ignored: all its messages are one chat.
    """
    if with_jid is None:
        return _view(question, question.other)
    address = normalise(with_jid)
    if address is None:
        raise BadQuery("The field with has to be an address.")
    if question.other is not None:
        # every message of a face's archive has both addresses
        return _view(question, question.other) if address[0] in (question.archive, question.asker.account) else None
    other = world.account_of_face(address[0])
    return _view(question, other) if other and other != question.asker.account else None


def shortened(page: Page, backwards: bool) -> Page:
    """As many of the page's messages as fit, at least one; the last ones if ``backwards``."""
    messages = page.messages[::-1] if backwards else page.messages
    sizes = accumulate(max(len(message.payload), len(message.as_written)) for message in messages)
    fitting = max(1, sum(size <= MOST_CHARS for size in sizes))
    if fitting >= len(messages):
        return page
    kept = messages[:fitting]
    return replace(page, messages=kept[::-1] if backwards else kept, complete=False)


def role(viewer: Party, message: ArchivedMessage) -> Role:
    """Whether the viewer sent or received the message."""
    return Role.SENDER if message.sender_account == viewer.account else Role.RECEIVER


def too_large(message: ArchivedMessage) -> ArchivedMessage:
    """Replaces, in a page, a message that is too large to be sent: clients take a page with a gap for an error and ask
    again and again (R5)."""
    return replace(message, payload=TOO_LARGE, sent_payload=None)


def as_seen_by(viewer: Party, message: ArchivedMessage, world: World) -> str:
    """The text of the stanza."""
    if role(viewer, message) is Role.RECEIVER:
        sender = _face(message.sender_account, viewer, world)
        return envelope(sender, viewer.account, message.type, message.client_id, message.payload)
    receiver = _face(message.receiver_account, viewer, world)
    return own_envelope(message.sender, receiver, message.type, message.client_id, message.as_written)


def _face(account: str, viewer: Party, world: World) -> str:
    """The other side's face; the service for somebody on a host that is not configured any more."""
    return world.face_of_account(account) or viewer.tenant.service
