"""A real store in a file, and messages to put into it."""

import secrets
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from component.store.api import NewMessage, OpenConversation, Page, Store
from component.store.full_text import words
from component.store.full_text.indexing import index_some
from component.store.schema import message as message_table
from tests.support import postgresql
from tests.support.storage import storage_of

ALICE = "alice@cc.acme.test"
CAROL = "carol@cc.acme.test"
BOB = "bob@work.acme.test"
BOBS_FACE = "bob@directory.acme.test"

FILE = "store.db"

ON_SQLITE = pytest.mark.parametrize("each_storage", ["sqlite"], indirect=True)
"""For tests about SQLite's own ways."""

SECOND = 1_000_000
MORNING = 1_750_000_000 * SECOND


def url(folder: Path) -> str:
    """Where the database of tests in that folder is: in a file there, unless another place is named there."""
    return storage_of(folder, FILE)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    """The store of that folder, closed at the end."""
    new_database(folder)
    store = await Store.open(url(folder))
    try:
        yield store
    finally:
        await store.close()


def new_database(folder: Path) -> None:
    """Put a new database there, unless there is one: a copy, as the migrations take more time than most tests."""
    path = folder / FILE
    if url(folder) == f"sqlite:///{path}" and not path.exists():
        path.touch(0o600)
        path.write_bytes(_newest())
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'id_key'", (secrets.token_hex(16),))


@cache
def _newest() -> bytes:
    """A new database as deskbridge makes it."""
    with TemporaryDirectory() as name:
        older(Path(name), "head")
        return (Path(name) / FILE).read_bytes()


def joined(store: Store, agent: str = ALICE, work: str = BOB) -> OpenConversation:
    """The conversation of an agent and a Work user."""
    return OpenConversation(store.next_conversation_id(), "acme", "joined", agent, work, MORNING)


def desk(store: Store, first: str = ALICE, second: str = CAROL) -> OpenConversation:
    """A conversation of two agents."""
    return OpenConversation(store.next_conversation_id(), "acme", "desk", first, second, MORNING)


REFUSED_OWNER = "nobody@cc.acme.test"
"""The database takes no message whose owner is neither of the two who chat."""


def message(store: Store, conversation: OpenConversation, body: str = "hello", **fields: Any) -> NewMessage:
    """The next message of ``conversation``, from the first to the second, unless ``fields`` differ."""
    sender = fields.get("sender_account", conversation.first)
    receiver = conversation.second if sender == conversation.first else conversation.first
    id = store.next_message_id()
    defaults: dict[str, Any] = {
        "sent_at": MORNING + id * SECOND,
        "sender": f"{sender}/gajim",
        "receiver": BOBS_FACE,
        "sender_account": sender,
        "receiver_account": receiver,
        "owner": conversation.first if conversation.kind == "joined" else None,
        "payload": f"<body>{body}</body>",
        "body": body,
        "client_id": f"client-{id}",
    }
    return NewMessage(id=id, conversation_id=conversation.id, **(defaults | fields))


async def say(store: Store, conversation: OpenConversation, *bodies: str, **fields: Any) -> list[int]:
    """Write messages with these bodies; their ids."""
    messages = [message(store, conversation, body, **fields) for body in bodies]
    await store.submit(*messages)
    return [sent.id for sent in messages]


async def numbers(store: Store, conversation_id: int) -> list[tuple[int, int]]:
    """``(id, seq)`` of every message of the conversation, by id."""

    def query(connection: sa.Connection) -> list[tuple[int, int]]:
        table = message_table.c
        rows = sa.select(table.id, table.seq).where(table.conversation_id == conversation_id)
        return [(id, seq) for id, seq in connection.execute(rows.order_by(table.id))]

    return await store.engine.read(query)


async def behind(store: Store) -> int:
    """How many messages there are whose words are not indexed yet."""

    def query(connection: sa.Connection) -> int:
        after = words.mark(connection)
        return connection.scalar(sa.select(sa.func.count()).where(message_table.c.id > after)) or 0

    return await store.engine.read(query)


async def index_all(store: Store) -> None:
    while await index_some(store.engine):
        pass


def ids(page: Page) -> list[int]:
    return [found.id for found in page.messages]


def plain(folder: Path) -> sa.Engine:
    """The database by SQLAlchemy alone, with its transactions."""
    engine = sa.create_engine(url(folder))

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def older(folder: Path, revision: str, *statements: str) -> None:
    """Make the database as the version of deskbridge with that schema did, and fill it."""
    engine = plain(folder)
    config = Config()
    config.set_main_option("script_location", "component.store:migrations")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        with connection.begin():
            for statement in statements:
                connection.exec_driver_sql(statement)
    engine.dispose()


def execute(folder: Path, *statements: str) -> None:
    """Change the database behind the store's back."""
    if url(folder).startswith("postgresql:"):
        postgresql.execute(url(folder), *statements)
        return
    engine = sa.create_engine(url(folder))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
