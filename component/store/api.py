"""The store as everybody else sees it: changes go in through one door, questions through several."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Self

from .archive import archive_statistics as statistics
from .archive import archived_messages as archive
from .archive import pages, search
from .archive import stored_conversations as conversations
from .archive import stored_transcripts as transcripts
from .archive.archive_statistics import Statistics, TenantStatistics
from .archive.archived_messages import ArchivedMessage, RecentMessage, Reference
from .archive.stored_conversations import RecentConversation, StoredConversation
from .archive.stored_transcripts import TranscriptQuery
from .archive.views import ArchiveView, Filters, Page, Slice
from .changes import (
    Audit,
    Change,
    ChooseStatus,
    DeliveredUpTo,
    EndConversation,
    NewChatFace,
    NewLink,
    NewMessage,
    NoteContacts,
    OpenConversation,
    StartWatch,
    StopWatch,
    Subscribe,
    Supersede,
    Unsubscribe,
    WatchBehind,
    Withdraw,
)
from .copying import Tell, copy_everything, refuse_unfinished
from .dialects import POSTGRESQL
from .engine import Database, Engine
from .full_text.indexing import Indexing
from .lease import Lease, store_lease
from .records import account_records as accounts
from .records import audit_log as audit
from .records import meta
from .records import stored_links as links
from .records import stored_watches as watches
from .records.audit_log import AuditEntry
from .records.stored_links import FoundLink, StoredLink, Which
from .records.stored_watches import StoredWatch
from .retention import dead_links, purge
from .retention import retention_holds as holds
from .retention.purge import Purged
from .retention.retention_holds import Hold, StoredHold
from .sqlite import SqliteEngine
from .sqlite_backup import back_up
from .sqlite_backup import restore as restore_backup
from .sqlite_connection import has_file
from .store_errors import ChangeRefused, LeaseLost, SchemaTooNew, StoreBusy, StoreError, StoreInUse
from .write.group_commit import Done, GroupCommit, Observe
from .write.ids import Ids
from .write.writer import Writer

__all__ = [
    "ArchiveView",
    "ArchivedMessage",
    "Audit",
    "AuditEntry",
    "Change",
    "ChangeRefused",
    "ChooseStatus",
    "DeliveredUpTo",
    "EndConversation",
    "Filters",
    "FoundLink",
    "Hold",
    "Lease",
    "LeaseLost",
    "NewChatFace",
    "NewLink",
    "NewMessage",
    "NoteContacts",
    "OpenConversation",
    "Page",
    "Purged",
    "RecentConversation",
    "RecentMessage",
    "Reference",
    "SchemaTooNew",
    "Slice",
    "StartWatch",
    "Statistics",
    "StopWatch",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreInUse",
    "StoredConversation",
    "StoredHold",
    "StoredLink",
    "StoredWatch",
    "Subscribe",
    "Supersede",
    "TenantStatistics",
    "TranscriptQuery",
    "Unsubscribe",
    "WatchBehind",
    "Which",
    "Withdraw",
    "back_up",
    "copy_database",
    "has_database",
    "restore_backup",
    "store_lease",
]

log = logging.getLogger(__name__)

CLOSING_SECONDS = 20.0
"""For what is being written when deskbridge is stopped."""


class Store:
    """``await Store.open(url)``, and ``await store.close()`` at the end.

    Questions raise ``StoreError`` if the database cannot answer.
    """

    def __init__(self, engine: Engine, writer: Writer) -> None:
        """Made by `open`."""
        self.engine = engine
        """What all is asked of; for this package and its tests."""
        self._writer = writer
        self._commits = GroupCommit(engine.write)
        self._last_submitted = writer.message_ids.next - 1
        self.links = StoredLinks(engine)
        self.audit = AuditLog(engine)
        self.transcripts = StoredTranscripts(engine)

    @classmethod
    async def open(cls, url: str, lease: Lease | None = None) -> Self:
        """Open the database ``sqlite:///PATH`` or ``postgresql://...``; create or migrate it first. ``lease`` is held
        by whoever serves from it, and not by commands beside that.

        :raises SchemaTooNew: a later version of deskbridge has written it
        :raises StoreError: it cannot be opened
        """
        writer = Writer()
        engine = _engine(url, writer, lease)
        try:
            await engine.open()
            await engine.read(refuse_unfinished)
            return cls(engine, writer)
        except BaseException:
            with suppress(StoreError):  # what was wrong before says more
                await engine.close()
            raise

    async def close(self) -> None:
        """Write what was submitted, then let go of the database.

        :raises StoreError: the very last of it failed; nothing acknowledged is lost
        """
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._commits.close()
        except TimeoutError:
            log.error("what was under way is given up: the database does not say what came of it")
            await self._commits.give_up()
        finally:
            await self.engine.close()

    @property
    def id_key(self) -> bytes:
        """The key under which this database's message numbers become archive ids; 16 bytes, made by chance."""
        return self._writer.id_key

    @property
    def delivered_up_to(self) -> int:
        """The newest ``DeliveredUpTo`` on disk; 0 before the first."""
        return self._writer.delivered_up_to

    @property
    def last_message_id(self) -> int:
        """Of the newest message that was submitted, or may have been before the last start."""
        return self._last_submitted

    async def settled_up_to(self) -> int:
        """The newest mark of that name on disk (``DeliveredUpTo``)."""
        return await self.engine.read(meta.get_number, meta.SETTLED_UP_TO)

    async def ejabberd_life(self) -> str:
        """Which start of ejabberd all was delivered to, as noted last; empty before that."""
        return await self.engine.read(meta.get, meta.EJABBERD_LIFE)

    async def note_ejabberd_life(self, life: str) -> None:
        await self.engine.change(meta.put, meta.EJABBERD_LIFE, life)

    async def note_restore(self) -> None:
        """The database was put back by other means than `restore_backup`: who opens it next numbers on beyond all that
        was issued since it was copied (H6)."""
        await self.engine.change(meta.mark_copy)

    @property
    def backlog(self) -> int:
        """Submissions that are not on disk yet."""
        return self._commits.backlog

    def missing(self) -> list[str]:
        """What keeps everything from being written, in words for operators; nothing if all is well."""
        return self.engine.missing()

    async def look_after(self) -> None:
        """Notice what goes wrong with the database while nothing is written, and mend it, until cancelled."""
        await self.engine.look_after()

    async def index_words(self) -> None:
        """Put the words of messages into their index whenever there is time for it, until cancelled."""
        await Indexing(self.engine, lambda: self.last_message_id, lambda: self._commits.is_writing).run()

    def watch(self, observe: Observe) -> None:
        """Let ``observe`` know of each transaction."""
        self._commits.observe = observe

    def next_conversation_id(self) -> int:
        """An id for ``OpenConversation``, never given out before; raises like `next_message_id`."""
        return self._take(self._writer.conversation_ids)

    def next_message_id(self) -> int:
        """An id for ``NewMessage``, higher than all before (A6). Submit it before awaiting anything.

        :raises StoreError: nothing could be written for so long that no ids are left
        """
        return self._take(self._writer.message_ids)

    def submit(self, *changes: Change) -> asyncio.Future[None]:
        """Write these changes together or not at all.

        The future is done once they are on disk; futures are done in the order of submission. It gets a
        ``ChangeRefused`` if they can never be written, another ``StoreError`` if they could not this time.
        Without changes it is done once everything submitted before has been dealt with.

        :raises StoreError: closed
        :raises ValueError: a message's id did not come from `next_message_id`, or one taken later was
            submitted before; who reads on from the newest id would miss the message
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.write(partial(_settle, done), *changes)
        return done

    def write(self, done: Done, *changes: Change) -> None:
        """`submit` for what comes by the thousand: ``done`` is called with None, or with the ``StoreError``, and a
        call costs a tenth of a future.

        :raises StoreError: closed; ``done`` is not called
        :raises ValueError: like `submit`
        """
        hurry = not changes
        for change in changes:
            if isinstance(change, NewMessage):
                self._check(change.id)
            # That something was delivered may come to the disk a little later: nobody waits for it.
            hurry |= not isinstance(change, DeliveredUpTo)
        self._commits.submit(changes, done, hurry=hurry)

    async def message(self, id: int) -> ArchivedMessage | None:
        """The message of that id, withdrawn or not."""
        return await self.engine.read(archive.find_message, id)

    async def undelivered(self, after: int, limit: int) -> list[ArchivedMessage]:
        """The next messages after an id, by rising id, without withdrawn ones; see `delivered_up_to`."""
        return await self.engine.read(archive.undelivered, after, limit)

    async def recent_client_ids(self, since: int) -> list[RecentMessage]:
        """What was sent since a time in us, oldest first, without withdrawn ones and such without ids."""
        return await self.engine.read(archive.recent_client_ids, since)

    async def find_by_reference(
        self, conversation_id: int, reference: str, message_id: int | None = None, sender: str | None = None
    ) -> Reference | None:
        """The newest message of the conversation, or of one of the two in it, with that client id, origin id, or id of
        ours."""
        return await self.engine.read(archive.find_by_reference, conversation_id, reference, message_id, sender)

    async def find_own(self, conversation_id: int, reference: str, sender: str, before: int) -> int | None:
        """The newest message that an account sent in the conversation, or an earlier one of the two, under that client
        id or origin id, before the message ``before``."""
        return await self.engine.read(archive.find_own, conversation_id, reference, sender, before)

    async def window_start(self, conversation_id: int, size: int) -> int:
        """The ``seq`` of the first of the last ``size`` visible messages; 1 if there are fewer (A1)."""
        return await self.engine.read(archive.window_start, conversation_id, size)

    async def history(self, view: ArchiveView, filters: Filters, slice: Slice) -> Page:
        """One page of what somebody sees of the archive, as it is at one moment (A1 to A3, A6, A7)."""
        if filters.text is not None:
            return await search.find_page(self.engine, view, filters, slice)
        return await self.engine.read(pages.read_page, view, filters, slice)

    async def history_ends(self, view: ArchiveView) -> tuple[ArchivedMessage | None, ArchivedMessage | None]:
        """The oldest and the newest message that somebody sees; None twice if there is none."""
        return await self.engine.read(pages.read_ends, view)

    async def knows_message(self, number: int) -> bool:
        """Was this number given out, ever? Its message may be withdrawn, deleted, or never have been written."""
        return 0 < number < self._writer.message_ids.next

    async def open_conversations(self) -> list[StoredConversation]:
        """All conversations between two agents that have not ended (V3)."""
        return await self.engine.read(conversations.open_conversations)

    async def find_joined(self, agent: str, work: str) -> StoredConversation | None:
        """The one conversation of an agent and a Work user, both bare accounts (V4)."""
        return await self.engine.read(conversations.find_joined, agent, work)

    async def find_joined_all(self) -> list[StoredConversation]:
        """All conversations between agents and Work users."""
        return await self.engine.read(conversations.find_joined_all)

    async def recent_conversations(
        self, tenant: str, account: str, limit: int, offset: int = 0
    ) -> list[RecentConversation]:
        """The conversations of a bare account, those with the newest messages first; with agents, of those that ended
        only the later ones."""
        return await self.engine.read(conversations.recent_conversations, tenant, account, limit, offset)

    async def subscriptions(self) -> list[tuple[str, str]]:
        """Every ``(account, face)`` subscribed to a face's presence."""
        return await self.engine.read(accounts.subscriptions)

    async def chosen_statuses(self) -> dict[str, str]:
        """The name of the status that somebody chose to show, by bare account (P3)."""
        return await self.engine.read(accounts.chosen_statuses)

    async def chat_faces(self) -> list[tuple[str, str, str, str]]:
        """Every ``(local part, tenant, first account, second account)``."""
        return await self.engine.read(watches.chat_faces)

    async def watches(self) -> list[StoredWatch]:
        """Everything that somebody watches (S2)."""
        return await self.engine.read(watches.watches)

    async def contact_notes(self, account: str) -> tuple[str, frozenset[str]]:
        """What was noted of the contacts of a bare account, and the faces it is subscribed to, as they are on disk."""
        return await self.engine.read(accounts.find_notes, account)

    async def accounts_with_contacts(self) -> list[str]:
        """Bare accounts of whose contacts something is noted."""
        return await self.engine.read(accounts.noted_accounts)

    async def place_hold(self, hold: Hold) -> int:
        """Keep messages although their time is over (A8); the hold's number."""
        return await self.engine.change(holds.place, hold)

    async def lift_hold(self, tenant: str, id: int, by: str, at: int) -> bool:
        """End a hold; False if the tenant has none of that number in force. What it kept goes with the next purge."""
        return await self.engine.change(holds.lift, tenant, id, by, at)

    async def holds(self, tenant: str) -> list[StoredHold]:
        """Every hold of the tenant, those lifted too, in the order in which they were placed."""
        return await self.engine.read(holds.holds, tenant)

    async def purge(self, tenant: str, older_than: int) -> Purged:
        """Delete what the tenant's people sent before that time in us, and was delivered, unless a hold keeps it (A8).

        In small steps, between which others write. It can be broken off, and begun anew.
        """
        return await purge.purge(self.engine, tenant, older_than)

    async def export(self, tenant: str, account: str | None = None) -> AsyncIterator[ArchivedMessage]:
        """All messages of the tenant, or of one bare account, by rising id: also what is withdrawn or held."""
        last = 0
        while chunk := await self.engine.read(archive.exported_messages, tenant, account, last):
            for message in chunk:
                yield message
            last = chunk[-1].id

    async def stats(self) -> Statistics:
        """What the archive holds, in numbers."""
        return await self.engine.read(statistics.statistics)

    def _take(self, ids: Ids) -> int:
        try:
            return ids.take()
        except StoreError:
            if not self.backlog:
                self.submit()  # every batch asks for more ids; without one there would be none for ever
            raise

    def _check(self, message_id: int) -> None:
        if not self._last_submitted < message_id < self._writer.message_ids.next:
            raise ValueError(f"message {message_id} is out of order, the last was {self._last_submitted}")
        self._last_submitted = message_id


async def has_database(url: str) -> bool:
    """Has deskbridge ever used the database at ``url``?

    :raises StoreError: it cannot be reached, or there is no such kind of database
    """
    if url.startswith(POSTGRESQL):
        from .postgresql import has_tables

        return await has_tables(url)
    return has_file(url)


async def copy_database(source: str, target: str, holder: str, tell: Tell) -> dict[str, int]:
    """Copy everything from the database at the URL ``source`` to that at ``target``, of which both are this process's
    alone meanwhile; ``holder`` says in one line which it is. Rows by table. It can be broken off, and called again.

    :raises StoreInUse: deskbridge runs on one of them
    :raises StoreError: see `copy_everything`, or one of them cannot be opened
    """
    async with _alone(source, holder) as original, _alone(target, holder) as copy:
        return await copy_everything(original, copy, tell)


@asynccontextmanager
async def _alone(url: str, holder: str) -> AsyncIterator[Engine]:
    lease = store_lease(url, holder)
    await lease.acquire()
    try:
        engine = _engine(url, Writer(), lease)
        try:
            await engine.open()
            yield engine
        finally:
            await engine.close()
    finally:
        await lease.release()


def _engine(url: str, writer: Writer, lease: Lease | None) -> Engine:
    if url.startswith(POSTGRESQL):
        # Only now, as its driver takes some MB.
        from .postgresql import PostgresqlEngine

        return PostgresqlEngine(url, writer, lease)
    return SqliteEngine(url, writer)


# Doors besides `Store`: they raise ``StoreError`` as it does


class StoredLinks:
    """What the web part and operators do with links. New ones come with their messages, by `Store.submit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, token: str) -> FoundLink | None:
        """The link that this token opens, dead or live."""
        return await self._database.read(links.find, token)

    async def all(self, which: Which) -> AsyncIterator[StoredLink]:
        """These links, by rising number."""
        last = 0
        while chunk := await self._database.read(links.next_links, which, last):
            for link in chunk:
                yield link
            last = chunk[-1].id

    async def of_messages(self, ids: Collection[int]) -> list[FoundLink]:
        """All links of these messages, dead ones too, by rising number."""
        return await self._database.read(links.of_messages, ids)

    async def revoke(self, which: Which, by: str, at: int) -> list[StoredLink]:
        """Let these links open nothing any more, and write into the audit log that the actor ``by`` did that.

        Those that were not revoked before, as they were.
        """
        return await self._database.change(links.revoke_and_enter, which, by, at)

    async def opened(self, times: Mapping[int, int], at: int) -> None:
        """Links of these numbers were opened so many times since the last call. See `openings`."""
        await self._database.change(links.count_openings, times, at)

    async def remove_expired(self, before: int) -> int:
        """Remove links that expired before that time in us, unless a hold keeps their message; how many.

        In small steps, between which others write.
        """
        removed = 0
        while some := await self._database.change(dead_links.remove_expired, before):
            removed += some
        return removed


class AuditLog:
    """Who did what. New entries come by `Store.submit`, too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, tenant: str | None = None, subject: str | None = None) -> AsyncIterator[AuditEntry]:
        """All of it, oldest first; only of one tenant, or about one subject, if that is given."""
        last = 0
        while chunk := await self._database.read(audit.next_entries, last, tenant, subject):
            for entry in chunk:
                yield entry
            last = chunk[-1].id


class StoredTranscripts:
    """What was said in conversations of agents, for those who did not take part (S2, S3)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def with_words(self, wanted: TranscriptQuery) -> Sequence[int]:
        """The conversations in which all words of the text were said in one message, as far as they are found."""
        return await search.find_conversations(self._database, wanted)

    async def before(
        self, wanted: TranscriptQuery, ids: Sequence[int] | None, before: int, limit: int
    ) -> list[StoredConversation]:
        """Conversations with a number below ``before``, the newest first, as far as anything is left of them; only of
        these ``ids``, if given."""
        return await self._database.read(transcripts.conversations_before, wanted, ids, before, limit)

    async def one(self, tenant: str, id: int) -> StoredConversation | None:
        """The tenant's conversation of agents with that number."""
        return await self._database.read(transcripts.one_conversation, tenant, id)

    async def ended_lately(self, tenant: str, after: int) -> list[StoredConversation]:
        """The newest conversations that ended after that message was sent."""
        return await self._database.read(transcripts.ended_lately, tenant, after)

    async def newest_messages(self, conversation_id: int, after: int, until: int, limit: int) -> list[ArchivedMessage]:
        """The last messages of a conversation between the numbers ``after``, exclusive, and ``until``, inclusive; by
        rising number, without withdrawn ones."""
        return await self._database.read(transcripts.newest_messages, conversation_id, after, until, limit)

    async def next_messages(self, conversation_id: int, after: int, limit: int) -> list[ArchivedMessage]:
        """Like `newest_messages`, the first ones after that number."""
        return await self._database.read(transcripts.next_messages, conversation_id, after, limit)


def _settle(done: asyncio.Future[None], problem: StoreError | None) -> None:
    if done.done():  # whoever waited for it has gone
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
        done.exception()  # the writer has logged it; asyncio need not, if nobody asks
