"""Opening a database: its settings, its migrations, and what is refused."""

import os
import re
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from component.store.api import ArchiveView, Filters, SchemaTooNew, Slice, Store, StoreError, Supersede
from component.store.migrations import migrate
from component.store.schema import metadata
from component.xml import parse_children
from tests.support.store import ALICE, BOB, execute, ids, joined, older, opened, plain, url


def _statements(engine: sa.Engine) -> dict[str, list[str]]:
    """The SQL of every table and index, without line breaks; what is in parentheses part by part in alphabetical order,
    as a column that came later stands behind all others."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    with engine.connect() as connection:
        return {name: _parts(re.sub(r"\s+", " ", sql)) for name, sql in connection.exec_driver_sql(query)}


def _parts(sql: str) -> list[str]:
    head, _, rest = sql.partition("(")
    inner, _, tail = rest.rpartition(")")
    return [head.strip(), tail.strip(), *sorted(part.strip() for part in re.split(r",(?![^()]*\))", inner))]


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    migrated = plain(tmp_path)
    with migrated.connect() as connection:
        migrate(connection)
    described = sa.create_engine("sqlite://")
    metadata.create_all(described)
    assert _statements(migrated) == _statements(described)
    migrated.dispose()


async def test_a5_what_is_committed_survives_a_power_cut(tmp_path: Path) -> None:
    def look(connection: sa.Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    async with opened(tmp_path) as store:
        found = await store.engine.change(look)
    full = 2
    assert found == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "busy_timeout": 2_000}


async def test_only_our_own_account_may_read_the_files(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.submit(joined(store))
        rights = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in os.listdir(tmp_path)}
    assert rights == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


async def test_what_an_older_version_wrote_can_be_searched(tmp_path: Path) -> None:
    """A7: messages from before there was an index of words."""
    older(
        tmp_path,
        "0001",
        f"INSERT INTO account (id, jid) VALUES (4, '{ALICE}'), (5, '{BOB}')",
        "INSERT INTO conversation (id, tenant, kind, first_id, second_id, opened_at, length, visible)"
        " VALUES (1, 'acme', 'joined', 4, 5, 0, 2, 2)",
        "INSERT INTO history (owner_id, length, visible) VALUES (4, 2, 2)",
        "INSERT INTO message (id, conversation_id, seq, owner_id, owner_seq, sent_at, sender, receiver, sender_id,"
        " receiver_id, type, body, payload) VALUES (7, 1, 1, 4, 1, 0, '', '', 4, 5, 'chat', 'good morning', ''),"
        " (8, 1, 2, 4, 2, 0, '', '', 5, 4, 'chat', NULL, '')",
    )
    async with opened(tmp_path) as store:
        page = await store.history(ArchiveView(ALICE, True, 30, BOB), Filters(text="morning"), Slice(9))
        assert (ids(page), page.count) == ([7], 1)
        assert (await store.history(ArchiveView(BOB, False), Filters(), Slice(9))).count == 2


async def test_what_an_older_version_sent_is_told_from_what_it_delivered(tmp_path: Path) -> None:
    """A6, AD2: it had one version of each message, and made that of the sender when it was asked for."""
    ids = f"{ALICE}/<1>"
    hidden = '<body>Hi</body><origin-id xmlns="urn:xmpp:sid:0" id="digest"/>'
    reply = '<body>Hi</body><reply xmlns="urn:xmpp:reply:0" id="m0" to="{}"/>'
    older(
        tmp_path,
        "0008",
        f"INSERT INTO account (id, jid) VALUES (4, '{ALICE}'), (5, '{BOB}')",
        "INSERT INTO conversation (id, tenant, kind, first_id, second_id, opened_at, length, visible)"
        " VALUES (1, 'acme', 'joined', 4, 5, 0, 5, 5)",
        "INSERT INTO message (id, conversation_id, seq, sent_at, sender, receiver, sender_id, receiver_id, type,"
        " client_id, origin_id, payload) VALUES"
        f" (1, 1, 1, 0, '', 'bob@face/x', 4, 5, 'chat', '1', '{ids}', '{hidden}'),"
        f" (2, 1, 2, 0, '', 'bob@face/x', 4, 5, 'chat', '2', '2', '{reply.format(BOB)}'),"
        f" (3, 1, 3, 0, '', 'bob@face/x', 4, 5, 'chat', '3', '3', '{reply.format('alice@face')}'),"
        " (4, 1, 4, 0, '', 'bob@face/x', 4, 5, 'chat', '4', '4', ''),"
        " (5, 1, 5, 0, '', 'bob@face/x', 4, 5, 'chat', '5', '5', '')",
        "INSERT INTO link (token, tenant, kind, message_id, made_at, expires_at, title, sender, content, corrects,"
        " opened, entered) VALUES ('t4', 'acme', 'page', 4, 0, 9, '', '', '', '3', 0, 0),"
        " ('t5', 'acme', 'page', 5, 0, 9, '', '', '', '4', 0, 0)",
    )
    async with opened(tmp_path) as store:
        messages = [await store.message(number) for number in range(1, 6)]
        sent = [parse_children(message.as_written) for message in messages if message]
        named = [(part.get("id"), part.get("to")) for parts in sent for part in parts[1:]]
        assert named == [(ids, None), ("m0", "bob@face"), ("m0", ALICE)]
        assert [message.sent_payload for message in messages[3:] if message] == [None, None]
        await store.submit(Supersede(1, ALICE, "3", 9, 7, is_version=False))
        for token in ("t4", "t5"):
            found = await store.links.find(token)
            assert found is not None and found.link.revoked_at == 7


async def test_a_schema_newer_than_the_code_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    execute(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    before = (tmp_path / "store.db").read_bytes()
    with pytest.raises(SchemaTooNew, match="has schema 9999, which this version of deskbridge does not know"):
        await Store.open(url(tmp_path))
    assert (tmp_path / "store.db").read_bytes() == before


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Somebody else's database has a table named like one of ours."""
    engine = sa.create_engine(url(tmp_path))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE message (text TEXT)")
    with pytest.raises(StoreError, match="message already exists"):
        await Store.open(url(tmp_path))
    assert set(_statements(engine)) == {"message"}


@pytest.mark.parametrize("bad", ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@host/db", "db"])
async def test_what_is_no_sqlite_file_is_refused(bad: str) -> None:
    with pytest.raises(StoreError, match="must be sqlite:///PATH"):
        await Store.open(bad)


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(StoreError, match=f"{re.escape(str(missing))}.*No such file"):
        await Store.open(url(missing))


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(os.urandom(4096))
    with pytest.raises(StoreError, match="not a database"):
        await Store.open(url(tmp_path))
