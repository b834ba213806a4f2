"""The store on PostgreSQL: its tables, and what becomes of a batch when the server or the network goes away (A5)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import sqlalchemy as sa

from component.store import api, postgresql
from component.store.api import (
    ChangeRefused,
    DeliveredUpTo,
    EndConversation,
    LeaseLost,
    OpenConversation,
    Store,
    StoreBusy,
    StoreError,
)
from component.store.postgresql_lease import PostgreSQLLease
from component.store.schema import metadata
from tests.support.postgresql import PostgreSQLServer, execute
from tests.support.proxy import Cut, Proxy, proxy_to
from tests.support.store import joined, message, numbers, opened, say


@pytest.fixture
def url(postgresql: PostgreSQLServer) -> str:
    return postgresql.new_database()


@pytest.fixture
async def lease(url: str) -> AsyncIterator[PostgreSQLLease]:
    lease = PostgreSQLLease(url, "this process")
    await lease.acquire()
    yield lease
    await lease.release()


@pytest.fixture
async def proxy(postgresql: PostgreSQLServer) -> AsyncIterator[Proxy]:
    async with proxy_to(postgresql.port) as proxy:
        yield proxy


@pytest.fixture
async def store(postgresql: PostgreSQLServer, url: str, lease: PostgreSQLLease, proxy: Proxy) -> AsyncIterator[Store]:
    """It reaches the server by way of the proxy."""
    store = await Store.open(url.replace(f":{postgresql.port}/", f":{proxy.port}/"), lease)
    yield store
    with suppress(StoreError):  # some tests take the database away
        await store.close()


@pytest.fixture
async def chat(store: Store) -> OpenConversation:
    """Everything about it is known, so that further messages are one statement each."""
    chat = joined(store)
    await store.submit(chat)
    await say(store, chat, "hello")
    return chat


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60.0):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def is_back(store: Store) -> None:
    await until(lambda: not store.missing())


def columns(connection: sa.Connection) -> dict[str, set[tuple[str, bool]]]:
    """Of every table: names, and whether they may be empty."""
    found = sa.inspect(connection)
    return {
        table: {(column["name"], column["nullable"]) for column in found.get_columns(table)}
        for table in found.get_table_names()
    }


async def test_the_tables_are_those_that_the_code_knows(store: Store, tmp_path: Path) -> None:
    """The newest form, at once (H1)."""
    described = {name: {(c.name, c.nullable) for c in table.columns} for name, table in metadata.tables.items()}
    assert described.items() <= (await store.engine.read(columns)).items()


async def test_a_new_database_has_the_values_that_migrations_leave_in_one_of_sqlites(
    store: Store, tmp_path: Path
) -> None:
    def values(connection: sa.Connection) -> dict[str, str]:
        return {key: value for key, value in connection.execute(sa.text("SELECT key, value FROM meta"))}

    here = await store.engine.read(values)
    async with opened(tmp_path) as other:
        there = await other.engine.read(values)
    assert len(here.pop("id_key")) == len(there.pop("id_key"))
    assert here == there


def transactions(url: str) -> str:
    """The number of the last one that was made of several statements."""
    return execute(url, "SELECT written FROM lease")


async def test_messages_and_marks_are_one_statement(store: Store, url: str, chat: OpenConversation) -> None:
    """It locks the lease's row, and does not write it."""
    before = transactions(url)
    sent = [id for _ in range(3) for id in await say(store, chat, "one", "two")]
    await store.submit(DeliveredUpTo(sent[3], settled=sent[1]))
    await store.submit(DeliveredUpTo(sent[2]), message(store, chat))
    assert transactions(url) == before
    assert [seq for _, seq in await numbers(store, chat.id)] == list(range(1, 9))
    assert (store.delivered_up_to, await store.settled_up_to()) == (sent[3], sent[1])
    await store.submit(joined(store, work="erin@work.acme.test"))
    assert transactions(url) != before


async def test_of_several_messages_in_one_statement_only_the_culprit_is_refused(
    store: Store, chat: OpenConversation
) -> None:
    texts = ["one", "\ud800 is not text", "two", "nor is \0", "three"]
    futures = [store.submit(message(store, chat, text)) for text in texts]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert list(map(type, outcomes)) == [type(None), ChangeRefused, type(None), ChangeRefused, type(None)]
    assert [seq for _, seq in await numbers(store, chat.id)] == [1, 2, 3, 4]
    assert "not text" not in str(outcomes[1])


class TestALostAnswer:
    """A5: nobody is told anything before it is known whether it was written."""

    @pytest.mark.parametrize("how", Cut)
    async def test_of_a_message(self, store: Store, chat: OpenConversation, proxy: Proxy, how: Cut) -> None:
        proxy.cut_at(b"a text of its own", how)
        sent = message(store, chat, "a text of its own")
        (outcome,) = await asyncio.gather(store.submit(sent), return_exceptions=True)
        await proxy.deliver_late()
        assert proxy.cuts == 1
        await self._is_as_told(store, outcome, sent.id, how)

    @pytest.mark.parametrize("how", Cut)
    async def test_of_a_message_that_opens_a_conversation(self, store: Store, proxy: Proxy, how: Cut) -> None:
        proxy.cut_at(b"COMMIT", how)
        chat = joined(store)
        sent = message(store, chat)
        (outcome,) = await asyncio.gather(store.submit(chat, sent), return_exceptions=True)
        await proxy.deliver_late()
        assert proxy.cuts == 1
        await self._is_as_told(store, outcome, sent.id, how)

    @pytest.mark.parametrize("how", Cut)
    async def test_of_a_step(self, store: Store, proxy: Proxy, how: Cut) -> None:
        proxy.cut_at(b"COMMIT", how)
        (outcome,) = await asyncio.gather(store.note_ejabberd_life("the second"), return_exceptions=True)
        await proxy.deliver_late()
        assert isinstance(outcome, StoreError) == (how is not Cut.AFTER)
        await is_back(store)
        assert (await store.ejabberd_life() == "the second") == (outcome is None)

    @pytest.mark.parametrize("how", Cut)
    async def test_among_those_that_were_refused_one_by_one(
        self, store: Store, chat: OpenConversation, proxy: Proxy, how: Cut
    ) -> None:
        """They are told of, too."""
        proxy.cut_at(b"COMMIT", how)
        futures = [store.submit(message(store, chat, text)) for text in ("one", "\ud800", "two")]
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        written = how is Cut.AFTER
        kinds = [type(None), ChangeRefused, type(None)] if written else [StoreError] * 3
        assert list(map(type, outcomes)) == kinds
        await is_back(store)
        assert [seq for _, seq in await numbers(store, chat.id)] == ([1, 2, 3] if written else [1])

    async def _is_as_told(self, store: Store, outcome: BaseException | None, id: int, how: Cut) -> None:
        assert isinstance(outcome, StoreError) == (how is not Cut.AFTER), outcome
        await is_back(store)
        assert (await store.message(id) is not None) == (outcome is None)
        # And it goes on.
        chat = joined(store, work="erin@work.acme.test")
        await store.submit(chat, message(store, chat))
        assert [seq for _, seq in await numbers(store, chat.id)] == [1]

    async def test_others_are_refused_while_it_is_not_known(
        self, store: Store, chat: OpenConversation, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R3: they need not wait for it, however long that takes."""
        monkeypatch.setattr(postgresql, "PATIENCE", 0.2)
        proxy.cut_at(b"a text of its own", Cut.AFTER)
        proxy.refuse()
        doubtful = store.submit(message(store, chat, "a text of its own"))
        await asyncio.sleep(0)
        behind = [store.submit(message(store, chat)) for _ in range(3)]
        with pytest.raises(StoreError, match="PostgreSQL is away"):
            await asyncio.gather(*behind)
        with pytest.raises(StoreError, match="PostgreSQL is away"):
            await store.submit(message(store, chat))
        assert not doubtful.done()
        assert store.missing() and store.missing()[0].startswith("PostgreSQL is away")
        proxy.refuse(False)
        await doubtful
        await is_back(store)
        await say(store, chat, "afterwards")
        assert [seq for _, seq in await numbers(store, chat.id)] == [1, 2, 3]

    async def test_is_not_looked_for_when_another_process_has_the_database(
        self, store: Store, url: str, chat: OpenConversation, proxy: Proxy, lease: PostgreSQLLease
    ) -> None:
        """H2: that one delivers it, if it was written."""
        proxy.refuse()
        proxy.cut_at(b"a text of its own", Cut.AFTER)
        doubtful = store.submit(message(store, chat, "a text of its own"))
        await until(lambda: bool(store.missing()))
        execute(url, "UPDATE lease SET epoch = epoch + 1")
        proxy.refuse(False)
        with pytest.raises(LeaseLost):
            await doubtful
        assert lease.lost.is_set()

    async def test_keeps_nobody_from_stopping(
        self, store: Store, chat: OpenConversation, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api, "CLOSING_SECONDS", 0.3)
        proxy.refuse()
        proxy.cut_at(b"a text of its own", Cut.AFTER)
        doubtful = store.submit(message(store, chat, "a text of its own"))
        with pytest.raises(StoreError, match="could not be closed cleanly"):
            await store.close()
        with pytest.raises(StoreError, match="being stopped"):
            await doubtful


async def test_who_is_cancelled_leaves_a_connection_that_works(url: str, store: Store, chat: OpenConversation) -> None:
    """Like a visitor of the web part who goes away."""
    other = await asyncpg.connect(url)
    await other.execute("BEGIN; LOCK TABLE meta IN EXCLUSIVE MODE")
    changing = asyncio.create_task(store.note_ejabberd_life("the second"))
    await asyncio.sleep(0.2)
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)
    await other.close()
    await say(store, chat, "again")
    assert await store.ejabberd_life() == "the second", "what was begun is done"


async def test_a_session_that_was_lost_holds_nothing_up(
    url: str, store: Store, chat: OpenConversation, proxy: Proxy
) -> None:
    """The server has not noticed that its client is gone, and what it locked would stay so for seconds."""
    proxy.cut_at(b"COMMIT", Cut.BEFORE)
    with pytest.raises(StoreError):
        await store.submit(EndConversation(chat.id, 1, "over"))
    await is_back(store)
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'deskbridge writer' AND datname = "
    assert execute(url, f"{sessions} current_database()") == "1\n"


class TestAServerThatIsAway:
    """R3: nothing is lost, and it recovers by itself."""

    @pytest.fixture(autouse=True)
    def others_find_it(self, postgresql: PostgreSQLServer) -> Iterator[None]:
        yield
        if not postgresql.running:
            postgresql.start()

    async def test_is_found_again_while_nobody_writes(
        self, postgresql: PostgreSQLServer, store: Store, chat: OpenConversation
    ) -> None:
        postgresql.stop()
        await until(lambda: bool(store.missing()))
        with pytest.raises(StoreError, match="PostgreSQL is away"):
            await store.submit(message(store, chat))
        with pytest.raises(StoreError, match="cannot be re"):
            await store.open_conversations()
        postgresql.start()
        await is_back(store)
        await say(store, chat, "again")
        assert [seq for _, seq in await numbers(store, chat.id)] == [1, 2]

    async def test_what_was_accepted_is_there_and_what_was_refused_is_not(
        self, postgresql: PostgreSQLServer, store: Store, chat: OpenConversation
    ) -> None:
        """A5, with the server killed under load."""
        told: dict[int, bool] = {}

        async def send() -> None:
            sent = message(store, chat)
            (outcome,) = await asyncio.gather(store.submit(sent), return_exceptions=True)
            told[sent.id] = outcome is None
            await asyncio.sleep(0)

        async def sender() -> None:
            while len(told) < 4_000 and not (done and done[0] and len(told) > done[0]):
                await send()

        done: list[int] = []
        senders = [asyncio.create_task(sender()) for _ in range(40)]
        for _ in range(3):
            await asyncio.sleep(0.3)
            postgresql.kill()
            postgresql.start()
            await is_back(store)
        done.append(len(told) + 200)
        await asyncio.gather(*senders)
        there = {id for id, _ in await numbers(store, chat.id)}
        assert {id for id, accepted in told.items() if accepted} == there & set(told)
        assert [seq for _, seq in await numbers(store, chat.id)] == list(range(1, len(there) + 1))

    async def test_a_server_that_takes_no_writes_is_left(
        self, postgresql: PostgreSQLServer, url: str, store: Store, chat: OpenConversation
    ) -> None:
        """As after a failover, until there is one that does."""
        name = urlsplit(url).path.removeprefix("/")
        execute(postgresql.url("postgres"), f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        execute(
            postgresql.url("postgres"),
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        await until(lambda: "takes no writes" in "".join(store.missing()))
        with pytest.raises(StoreError, match="takes no writes"):
            await store.submit(message(store, chat))
        execute(postgresql.url("postgres"), f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await is_back(store)
        await say(store, chat, "again")

    async def test_a_full_disk_refuses_what_is_sent_and_no_more(
        self, url: str, store: Store, chat: OpenConversation
    ) -> None:
        execute(
            url,
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RAISE ''could not extend file: No space left on device'' USING ERRCODE = ''53100''; END'",
            "CREATE TRIGGER full_disk BEFORE INSERT ON message EXECUTE FUNCTION full_disk()",
        )
        with pytest.raises(StoreError, match="No space left") as full:
            await store.submit(message(store, chat))
        assert not isinstance(full.value, ChangeRefused)
        assert [seq for _, seq in await numbers(store, chat.id)] == [1]
        execute(url, "DROP TRIGGER full_disk ON message")
        await say(store, chat, "again")
        assert [seq for _, seq in await numbers(store, chat.id)] == [1, 2]

    async def test_somebody_who_holds_a_table_keeps_nobody_waiting_for_long(
        self, url: str, store: Store, chat: OpenConversation
    ) -> None:
        other = await asyncpg.connect(url)
        await other.execute("BEGIN; LOCK TABLE message IN EXCLUSIVE MODE")
        started = asyncio.get_running_loop().time()
        with pytest.raises(StoreBusy):
            await store.submit(message(store, chat))
        assert asyncio.get_running_loop().time() - started < 30
        assert await store.open_conversations() == []
        await other.close()
        await say(store, chat, "again")


async def test_a_process_that_has_lost_its_lease_writes_nothing_more(
    url: str, store: Store, chat: OpenConversation, lease: PostgreSQLLease
) -> None:
    """H2."""
    execute(url, "UPDATE lease SET epoch = epoch + 1")
    another = joined(store, work="erin@work.acme.test")
    for changes in ((message(store, chat),), (another, message(store, another))):
        with pytest.raises(LeaseLost):
            await store.submit(*changes)
    with pytest.raises(LeaseLost):
        await store.note_ejabberd_life("the second")
    assert lease.lost.is_set()
    assert execute(url, "SELECT count(*) FROM message", "SELECT count(*) FROM conversation") == "1\n1\n"
    assert await store.ejabberd_life() == ""
