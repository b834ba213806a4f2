"""How fast the archive is read, and how little its size matters: `python -m benchmarks.archive [--large]`.

Archives of 10 thousand and 1 million messages, with `--large` of 10 million too (5 GB, some minutes), all with the
same 200 chats of ten agents, so that a chat has from 50 to 50,000 messages. Each query is asked of one archive after
the other, turn by turn: whatever else the machine does hits them alike. Of three rounds the quietest counts. Times are
those of `await store.history(...)` with nothing else under way. The last column compares the 99th percentiles of the
largest archive and the smallest.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from benchmarks import archive_peers
from component.folding import FOLDING
from component.store.api import ArchiveView, Filters, OpenConversation, Slice, Store

AGENTS = 10
CHATS = 200
BEGAN = 1_700_000_000_000_000
SECOND = 1_000_000
PAGE = 50
ROUNDS = 3

# Message i is in chat i % 200, that is with agent i % 10; one of a thousand came back undelivered. In its text are a
# word of ten, one of a hundred, one of a thousand and one of a hundred thousand.
_FILL = f"""
WITH RECURSIVE
numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :size),
texts (i, text) AS (
    SELECT i, 'thank you for your message about a' || (h % 10) || ' and b' || (h / 10 % 100) || ' with c'
        || (h / 1000 % 1000) || ' or d' || (h / 1000000 % 100000)
    FROM (SELECT i, i * 2654435761 >> 6 AS h FROM numbers)
)
INSERT INTO message (
    id, conversation_id, seq, owner_id, owner_seq, sent_at, sender, receiver, sender_id, receiver_id, type, client_id,
    origin_id, body, payload, withdrawn_at, client_digest
)
SELECT
    i + 1, c.id, i / {CHATS} + 1, c.first_id, i / {AGENTS} + 1, {BEGAN} + i * {SECOND}, agent.jid || '/gajim.X7K2',
    'work' || c.id || '@directory.acme.test', c.first_id, c.second_id, 'chat', hex(randomblob(16)),
    NULL, text, '<body>' || text || '</body>', CASE WHEN i % 1000 = 999 THEN {BEGAN} END, random()
FROM texts
CROSS JOIN conversation AS c ON c.id = i % {CHATS} + 1
CROSS JOIN account AS agent ON agent.id = c.first_id
"""
_INDEX_WORDS = """
INSERT INTO message_text (rowid, scope, body) -- these texts need no folding
SELECT id, sender_id || ' ' || receiver_id, body FROM message ORDER BY id
"""
_MARKS = (
    "UPDATE meta SET value = (SELECT max(id) + 1 FROM message) WHERE key = 'next_message_id'",
    "UPDATE meta SET value = (SELECT max(id) FROM message)"
    " WHERE key IN ('delivered_up_to', 'settled_up_to', 'indexed_up_to')",
    f"UPDATE meta SET value = '{FOLDING}' WHERE key = 'folded_by'",
)


@dataclass
class Archive:
    store: Store
    size: int

    def some_number(self) -> int:
        """A message in the younger half: what clients ask for."""
        return random.randint(self.size // 2, self.size)


Query = tuple[ArchiveView, Filters, Slice]


def agent() -> str:
    return f"agent{random.randrange(AGENTS)}@cc.acme.test"


def chat(window: int | None) -> ArchiveView:
    number = random.randrange(CHATS)
    return ArchiveView(f"agent{number % AGENTS}@cc.acme.test", True, window, other=f"work{number}@work.acme.test")


def everything(window: int | None) -> ArchiveView:
    return ArchiveView(agent(), True, window)


LAST = Slice(PAGE, backwards=True)
QUERIES: dict[str, Callable[[Archive], Query]] = {
    "last page of a chat, 9.9": lambda _: (chat(30), Filters(), LAST),
    "last page of a chat, 9.10": lambda _: (chat(None), Filters(), LAST),
    "page before an id, 9.9": lambda at: (chat(30), Filters(), Slice(PAGE, before=at.size - 2_000, backwards=True)),
    "page before an id, 9.10": lambda at: (chat(None), Filters(), Slice(PAGE, before=at.some_number(), backwards=True)),
    "everything, last page, 9.9": lambda _: (everything(30), Filters(), LAST),
    "everything, last page, 9.10": lambda _: (everything(None), Filters(), LAST),
    "everything before an id, 9.9": lambda at: (
        everything(30),
        Filters(),
        Slice(PAGE, before=at.size - 2_000, backwards=True),
    ),
    "everything since an id, 9.9": lambda at: (everything(30), Filters(after=at.size - 500), Slice(PAGE)),
    "everything since an id, 9.10": lambda at: (everything(None), Filters(after=at.some_number()), Slice(PAGE)),
    "everything since a date, 9.10": lambda at: (
        everything(None),
        Filters(start=BEGAN + at.some_number() * SECOND),
        Slice(PAGE),
    ),
    "text in everything, 9.10": lambda _: (everything(None), Filters(text=f"a{random.randrange(10)}"), LAST),
    "count of a chat, 9.10": lambda _: (chat(None), Filters(), Slice(0)),
    "count since an id, 9.10": lambda at: (everything(None), Filters(after=at.some_number()), Slice(0)),
}


async def fill(folder: Path, size: int) -> Archive:
    """An archive of ``size`` messages."""
    url = f"sqlite:///{folder / f'{size}.db'}"
    store = await Store.open(url)
    for number in range(CHATS):
        id = store.next_conversation_id()
        first, second = f"agent{number % AGENTS}@cc.acme.test", f"work{number}@work.acme.test"
        store.submit(OpenConversation(id, "acme", "joined", first, second, BEGAN))
    await store.close()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        with without_indexes(connection):
            connection.execute(sa.text(_FILL), {"size": size})
        for statement in (_INDEX_WORDS, *_MARKS):
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()
    return Archive(await Store.open(url), size)


@contextmanager
def without_indexes(connection: sa.Connection) -> Iterator[None]:
    """To make them afterwards is faster."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'message'"
    indexes = connection.exec_driver_sql(query).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _, statement in indexes:
        connection.exec_driver_sql(statement)


def megabytes(folder: Path, size: int) -> float:
    return sum(file.stat().st_size for file in folder.glob(f"{size}.db*")) / 1e6


async def measure(archives: list[Archive], query: Callable[[Archive], Query], turns: int) -> list[tuple[float, float]]:
    """Of each archive the median and the 99th percentile of this query in ms."""
    rounds = []
    for _ in range(ROUNDS):
        times: list[list[float]] = [[] for _ in archives]
        for _ in range(turns):
            for archive, taken in zip(archives, times, strict=True):
                asked = query(archive)
                begun = time.perf_counter()
                await archive.store.history(*asked)
                taken.append((time.perf_counter() - begun) * 1e3)
        rounds.append([sorted(taken) for taken in times])
    quietest = [min(tries, key=lambda taken: taken[turns * 99 // 100]) for tries in zip(*rounds, strict=True)]
    return [(taken[turns // 2], taken[turns * 99 // 100]) for taken in quietest]


async def run(folder: Path, sizes: list[int], turns: int) -> None:
    archives = []
    for size in sizes:
        begun = time.perf_counter()
        archives.append(await fill(folder, size))
        print(f"{size:,} messages: {megabytes(folder, size):,.0f} MB, filled in {time.perf_counter() - begun:.0f} s")
    print(f"\n{'ms':30}" + "".join(f"{f'p50 {size:,}':>16}{'p99':>8}" for size in sizes) + "   ratio of p99")
    for name, query in QUERIES.items():
        figures = await measure(archives, query, turns)
        columns = "".join(f"{p50:16.2f}{p99:8.2f}" for p50, p99 in figures)
        print(f"{name:30}{columns}{figures[-1][1] / figures[0][1]:15.2f}")
    for archive in archives:
        await archive.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the databases are made, and removed after")
    parser.add_argument("--large", action="store_true", help="10 million messages too")
    parser.add_argument("--turns", type=int, default=1_000, help="how often each query is asked")
    parser.add_argument("--peers", action="store_true", help="then beside ejabberd's mod_mam, over XMPP")
    arguments = parser.parse_args()
    sizes = [10_000, 1_000_000] + [10_000_000] * arguments.large
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        asyncio.run(run(Path(folder), sizes, arguments.turns))
    if arguments.peers:
        asyncio.run(archive_peers.run())


if __name__ == "__main__":
    main()
