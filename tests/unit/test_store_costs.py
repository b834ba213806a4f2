"""What one ordinary message writes: one row and two entries of indexes, and nothing else in its transaction."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from component.store.api import DeliveredUpTo, NewMessage, OpenConversation, Store
from component.store.prepared import driver
from tests.support.store import ALICE, BOB, desk, joined, message, opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


@pytest.fixture
async def chat(store: Store) -> OpenConversation:
    """A conversation that has messages of both."""
    chat = joined(store)
    await store.submit(chat, ordinary(store, chat), ordinary(store, chat, BOB))
    return chat


def ordinary(store: Store, chat: OpenConversation, sender: str = ALICE) -> NewMessage:
    """As nearly every client sends it: with a stanza's id, and an origin id that is the same."""
    new = message(store, chat, sender_account=sender)
    new.origin_id = new.client_id
    return new


async def statements(store: Store, *submissions: tuple[object, ...]) -> list[str]:
    """What SQLite is told for them, each by its first two words; one batch."""
    seen: list[str] = []
    await store.engine.change(lambda connection: driver(connection).set_trace_callback(seen.append))
    for submission in submissions[:-1]:
        store.submit(*submission)  # type: ignore[arg-type]
    await store.submit(*submissions[-1])  # type: ignore[arg-type]
    await store.engine.change(lambda connection: driver(connection).set_trace_callback(None))
    told = [" ".join(statement.split()[:3]) for statement in seen]
    first, last = told.index("BEGIN IMMEDIATE"), told.index("COMMIT", 1)
    return told[first : last + 1]


async def entries(store: Store) -> Counter[str]:
    """How many there are in each table and each index. https://www.sqlite.org/dbstat.html"""

    def count(connection: sa.Connection) -> Counter[str]:
        found = connection.exec_driver_sql("SELECT name, sum(ncell) FROM dbstat WHERE pagetype = 'leaf' GROUP BY name")
        return Counter({name: number for name, number in found})

    return await store.engine.read(count)


INSERT = "INSERT INTO message"


async def test_a_message_is_one_statement(store: Store, chat: OpenConversation) -> None:
    assert await statements(store, (ordinary(store, chat),)) == ["BEGIN IMMEDIATE", INSERT, "COMMIT"]


async def test_messages_of_a_batch_are_a_statement_each(store: Store, chat: OpenConversation) -> None:
    sent = [(ordinary(store, chat, sender),) for sender in (ALICE, BOB) * 5]
    assert await statements(store, *sent) == ["BEGIN IMMEDIATE", *[INSERT] * 10, "COMMIT"]


async def test_that_something_was_delivered_is_one_statement(store: Store, chat: OpenConversation) -> None:
    last = ordinary(store, chat)
    await store.submit(last)
    assert await statements(store, (DeliveredUpTo(last.id),)) == ["BEGIN IMMEDIATE", "UPDATE meta SET", "COMMIT"]
    assert store.delivered_up_to == last.id


async def test_a_message_is_one_row_and_two_entries_of_indexes(store: Store, chat: OpenConversation) -> None:
    before = await entries(store)
    await store.submit(*(ordinary(store, chat, sender) for sender in (ALICE, BOB) * 5))
    assert await entries(store) - before == {
        "message": 10,
        "message_in_conversation": 10,
        "message_in_history": 10,
    }


async def test_between_agents_it_is_one_row_and_one_entry(store: Store) -> None:
    agents = desk(store)
    await store.submit(agents, ordinary(store, agents))
    before = await entries(store)
    await store.submit(ordinary(store, agents))
    assert await entries(store) - before == {"message": 1, "message_in_conversation": 1}
