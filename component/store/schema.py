"""The tables, as the newest migration leaves them (a test compares the two).

Times are integer microseconds since 1970, UTC. Rows are found by rising integer ids, which are never reused
(A6), so that a page of history is a short walk along an index, however long the history is.

Every index on messages costs a page of disk for each message, which is most of what a message costs. So an ordinary
message is one row and two entries, by its conversation and by its owner, and nothing is counted while writing. A date
is found by halving, as times do not fall while ids rise (`archive.id_range`). A client's id is looked for from the end
of its conversation along the index, which has a digest of it (`records.digests`); rows are read only where that fits.
Withdrawn messages, and ids that others know by another name, are rare, and have indexes of their own.

Numbers in a sequence, ``seq`` in a conversation and ``owner_seq`` in an owner's history, are given by the writer
alone. Messages go from the old end of a tenant's archive only (A8), so what is left of a sequence has no holes: how
many there are is a difference of two numbers, less the withdrawn ones.
"""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    event,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnElement

from .dialects import LISTS_OF_NUMBERS

metadata = MetaData()

# SQLite takes only the type INTEGER as another name of the row's own number.
Id = BigInteger().with_variant(Integer(), "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="id_key, next_message_id, next_conversation_id, delivered_up_to, indexed_up_to, folded_by, settled_up_to, "
    "ejabberd_life",
)

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("jid", Text, nullable=False, unique=True),
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('joined', 'desk')"), nullable=False),
    Column("first_id", ForeignKey(account.c.id), nullable=False),
    Column("second_id", ForeignKey(account.c.id), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    CheckConstraint("kind = 'desk' OR ended_at IS NULL", name="joined_never_ends"),
)

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("conversation_id", ForeignKey(conversation.c.id), nullable=False),
    Column("seq", BigInteger, nullable=False, comment="1, 2, ... in its conversation"),
    Column("owner_id", ForeignKey(account.c.id), comment="the agent, if with a Work user"),
    Column("owner_seq", BigInteger, comment="1, 2, ... in its owner's history"),
    Column("sent_at", BigInteger, nullable=False, comment="never falls while ids rise"),
    Column("sender", Text, nullable=False, comment="full real address"),
    Column("receiver", Text, nullable=False, comment="the address it was sent to"),
    Column("sender_id", ForeignKey(account.c.id), nullable=False),
    Column("receiver_id", ForeignKey(account.c.id), nullable=False),
    Column("type", Text, nullable=False),
    Column("client_id", Text),
    Column("origin_id", Text),
    Column("body", Text),
    Column("payload", Text, nullable=False, comment="XML of the child elements as delivered"),
    Column("sent_payload", Text, comment="the same as its sender wrote it, if that is something else"),
    Column("seen_id", Text, comment="what others see as its client_id, if that is something else"),
    Column("seen_origin_id", Text, comment="and as its origin_id"),
    Column("version_of", BigInteger, comment="the first version of the message that it corrects"),
    Column("withdrawn_at", BigInteger),
    Column("client_digest", BigInteger, comment="of client_id"),
    CheckConstraint("owner_id IN (sender_id, receiver_id)", name="owner_takes_part"),
)

hold = Table(
    "hold",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("account_id", ForeignKey(account.c.id), comment="everybody, if none"),
    Column("from_us", BigInteger, comment="of messages sent since then"),
    Column("to_us", BigInteger, comment="and until then"),
    Column("reason", Text, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("lifted_by", Text),
    Column("lifted_at", BigInteger),
)

held_message = Table(
    "held_message",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("conversation_id", ForeignKey(conversation.c.id), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("sender_id", ForeignKey(account.c.id), nullable=False),
    Column("receiver_id", ForeignKey(account.c.id), nullable=False),
    Column("type", Text, nullable=False),
    Column("client_id", Text),
    Column("origin_id", Text),
    Column("body", Text),
    Column("payload", Text, nullable=False),
    Column("sent_payload", Text),
    Column("withdrawn_at", BigInteger),
    comment="Messages past their time, in nobody's view any more, which a hold keeps for export.",
)

subscription = Table(
    "subscription",
    metadata,
    Column("watcher_id", ForeignKey(account.c.id), primary_key=True, autoincrement=False),
    Column("face", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# A link is dead once its message is in no view any more: withdrawn, deleted, or put aside for a hold. So there is no
# foreign key, which could name one table only.
link = Table(
    "link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", Text, nullable=False, unique=True, comment="what opens it"),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('page', 'file', 'transcript')"), nullable=False),
    Column("message_id", BigInteger, comment="the message it stands in"),
    Column("account_id", ForeignKey(account.c.id), comment="for whom it was made, if not by a message"),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("title", Text, nullable=False),
    Column("sender", Text, nullable=False, comment="name of a face, as readers see it"),
    Column("content", Text, nullable=False, comment="of a file: its address; else what the page shows"),
    Column("opened", BigInteger, nullable=False, comment="how often"),
    Column("first_opened_at", BigInteger),
    Column("last_opened_at", BigInteger),
    Column("entered", BigInteger, nullable=False, comment="how many of these the audit log has"),
    Column("entered_at", BigInteger),
    sqlite_autoincrement=True,  # a number is not used again, so that the audit log stays true
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    comment="Only grows. Whoever can write to the file can cheat; nobody does it by accident.",
)

contact_notes = Table(
    "contact_notes",
    metadata,
    Column("account_id", ForeignKey(account.c.id), primary_key=True, autoincrement=False),
    Column("notes", Text, nullable=False),
)

chosen_status = Table(
    "chosen_status",
    metadata,
    Column("account_id", ForeignKey(account.c.id), primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
)

chat_face = Table(
    "chat_face",
    metadata,
    Column("local_part", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("first_id", ForeignKey(account.c.id), nullable=False),
    Column("second_id", ForeignKey(account.c.id), nullable=False),
    comment="Under which address two accounts are seen by who watches them.",
    sqlite_with_rowid=False,
)

watch = Table(
    "watch",
    metadata,
    Column("watcher_id", ForeignKey(account.c.id), primary_key=True, autoincrement=False),
    Column("scope", Text, CheckConstraint("scope IN ('chat', 'group', 'all')"), primary_key=True),
    Column("value", Text, primary_key=True, comment="a chat face, a group's id, or nothing"),
    Column("tenant", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("behind", BigInteger, comment="the message after which copies are missing"),
    sqlite_with_rowid=False,
)

# The words of messages, folded; their text is in message alone. ``scope`` holds the numbers of the two accounts, so
# that a search reads what one person wrote and got, not everybody's messages with a frequent word. They come after
# their messages, up to the mark ``indexed_up_to``. Parts of the index are merged when there is time, eight of a size at
# once, not while words come.
_CREATE_MESSAGE_TEXT = (
    "CREATE VIRTUAL TABLE message_text USING fts5 (scope, body, content = '', columnsize = 0, tokenize = 'ascii')",
    "INSERT INTO message_text (message_text, rank) VALUES ('automerge', 0)",
    "INSERT INTO message_text (message_text, rank) VALUES ('usermerge', 8)",
)
_CREATE_MESSAGE_TEXT_OF_POSTGRESQL = (
    "CREATE TABLE message_text (id bigint PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX message_text_words ON message_text USING gin (words) WITH (fastupdate = off)",
)
_ONLY_GROW = "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
_AUDIT_TRIGGERS = (
    f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {_ONLY_GROW}",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {_ONLY_GROW}",
    # INSERT OR REPLACE deletes without a trigger.
    "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit"
    f" WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) {_ONLY_GROW}",
)
_AUDIT_TRIGGERS_OF_POSTGRESQL = (
    "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RAISE EXCEPTION ''the audit log only grows''; END'",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_only_grows()",
)


def _create(dialect: str, *statements: str) -> None:
    for statement in statements:
        event.listen(metadata, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


_create("sqlite", *_CREATE_MESSAGE_TEXT, *_AUDIT_TRIGGERS)
_create("postgresql", LISTS_OF_NUMBERS, *_CREATE_MESSAGE_TEXT_OF_POSTGRESQL, *_AUDIT_TRIGGERS_OF_POSTGRESQL)

# Conditions of the partial indexes below. Such an index is used only where a query says the very same condition, so
# queries take it from here; the words are literals, because a parameter would not match.
IS_JOINED = conversation.c.kind == literal_column("'joined'")
IS_DESK = conversation.c.kind == literal_column("'desk'")
IS_OPEN_DESK = and_(conversation.c.kind == literal_column("'desk'"), conversation.c.ended_at.is_(None))
IS_VISIBLE = message.c.withdrawn_at.is_(None)
IS_WITHDRAWN = message.c.withdrawn_at.is_not(None)
IS_OWNED = message.c.owner_id.is_not(None)
# Nearly every client sends both ids alike; then the index on the first one finds either.
HAS_OTHER_ORIGIN_ID = and_(message.c.origin_id.is_not(None), message.c.origin_id.is_distinct_from(message.c.client_id))
# Few ids do not cross as they are.
HAS_SEEN_ID = message.c.seen_id.is_not(None)
HAS_SEEN_ORIGIN_ID = message.c.seen_origin_id.is_not(None)
# Opened more often than the audit log says.
IS_TO_ENTER = link.c.opened > link.c.entered


def _index(name: str, *columns: Any, where: ColumnElement[bool], unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where)


def _index_of_ids(name: str, id: Column[Any], where: ColumnElement[bool]) -> None:
    """PostgreSQL takes no keys of more than 2,704 bytes, and ids may be longer (A11): there it leads to the messages of
    the conversation that have such an id at all, which are few."""
    Index(name, message.c.conversation_id, id, sqlite_where=where).ddl_if(dialect="sqlite")
    Index(name, message.c.conversation_id, message.c.id, sqlite_where=where).ddl_if(dialect="postgresql")


_index("conversation_joined", conversation.c.first_id, conversation.c.second_id, where=IS_JOINED, unique=True)
_index("conversation_joined_by_work", conversation.c.second_id, conversation.c.first_id, where=IS_JOINED)
_index("conversation_open_desk", conversation.c.id, where=IS_OPEN_DESK)
_index("conversation_open_by_first", conversation.c.first_id, conversation.c.second_id, where=IS_OPEN_DESK)
_index("conversation_open_by_second", conversation.c.second_id, conversation.c.first_id, where=IS_OPEN_DESK)
_index("conversation_desk", conversation.c.tenant, conversation.c.id, where=IS_DESK)
_index("conversation_desk_of_pair", conversation.c.first_id, conversation.c.second_id, where=IS_DESK)
# Of all messages, visible or not: else whoever deletes a conversation would look through all messages for one of it.
# SQLite finds the newest visible one behind what is the same for all visible ones; PostgreSQL would sort there.
# Numbers stand in the indexes too, as what is counted in a thousand chats should not read a row in each.
Index(
    "message_in_conversation",
    *(message.c.conversation_id, message.c.withdrawn_at, message.c.id, message.c.seq, message.c.client_digest),
).ddl_if(dialect="sqlite")
Index(
    "message_in_conversation",
    *(message.c.conversation_id, message.c.id, message.c.withdrawn_at, message.c.seq, message.c.client_digest),
).ddl_if(dialect="postgresql")
_index(
    "message_in_history",
    *(message.c.owner_id, message.c.id, message.c.owner_seq),
    where=and_(IS_OWNED, IS_VISIBLE),
)
_index("message_withdrawn_in_conversation", message.c.conversation_id, message.c.id, where=IS_WITHDRAWN)
_index("message_withdrawn_in_history", message.c.owner_id, message.c.id, where=and_(IS_OWNED, IS_WITHDRAWN))
_index_of_ids("message_by_origin_id", message.c.origin_id, where=HAS_OTHER_ORIGIN_ID)
_index_of_ids("message_by_seen_id", message.c.seen_id, where=HAS_SEEN_ID)
_index_of_ids("message_by_seen_origin_id", message.c.seen_origin_id, where=HAS_SEEN_ORIGIN_ID)
_index("message_versions", message.c.version_of, where=message.c.version_of.is_not(None))
Index("held_message_in_conversation", held_message.c.conversation_id)
_index("link_of_message", link.c.message_id, where=link.c.message_id.is_not(None))
Index("link_by_expiry", link.c.expires_at)
_index("link_to_enter", link.c.id, where=IS_TO_ENTER)
Index("audit_by_time", audit.c.tenant, audit.c.at)
