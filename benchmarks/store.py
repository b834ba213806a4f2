"""How fast messages get onto the disk: `python -m benchmarks.store [--no-search] [--folder DIR]`.

Messages with some 500 bytes of text in ``body`` and ``payload`` together are submitted one by one, as senders do,
with a number of them under way at any time. One under way is a commit for each message: what the others are
compared with. CPU is that of the whole process, this program's own share of a few us included. `--no-search` puts all
of the text into ``payload``, where nobody looks for words: the difference is what full text search costs.
"""

import argparse
import asyncio
import random
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from component.store.changes import NewMessage, OpenConversation
from component.store.store import Store

AGENTS = 500
WORDS = [secrets.token_hex(length)[:length] for length in range(2, 10) for _ in range(2_000)]


def some_text() -> str:
    """243 characters, of words of which some are frequent and most are rare."""
    return " ".join(WORDS[int(len(WORDS) ** random.random()) - 1] for _ in range(60))[:243]


TEXTS = [some_text() for _ in range(5_000)]


@dataclass
class Result:
    in_flight: int
    rows_per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


async def open_conversations(store: Store, count: int) -> list[OpenConversation]:
    now = time.time_ns() // 1000
    chats = [
        OpenConversation(
            store.next_conversation_id(),
            "acme",
            "joined",
            f"agent{number % AGENTS}@cc.acme.test",
            f"work{number}@work.acme.test",
            now,
        )
        for number in range(count)
    ]
    await asyncio.gather(*(store.submit(chat) for chat in chats))
    return chats


def next_message(store: Store, chat: OpenConversation, search: bool = True) -> NewMessage:
    text = secrets.choice(TEXTS)
    return NewMessage(
        id=store.next_message_id(),
        conversation_id=chat.id,
        sent_at=time.time_ns() // 1000,
        sender=f"{chat.second}/gajim.1234",
        receiver="agent@agents.acme.test",
        sender_account=chat.second,
        receiver_account=chat.first,
        owner=chat.first,
        payload=f"<body>{text}</body>" if search else f"<body>{text}{text}</body>",
        body=text if search else None,
        client_id=secrets.token_hex(16),
    )


async def measure(store: Store, chats: list[OpenConversation], in_flight: int, count: int, search: bool) -> Result:
    """Each of ``in_flight`` senders waits until its message is on disk before it sends the next."""
    latencies: list[float] = []

    async def sender() -> None:
        for _ in range(count // in_flight):
            begun = time.perf_counter()
            await store.submit(next_message(store, secrets.choice(chats), search))
            latencies.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender() for _ in range(in_flight)))
    elapsed, cpu = time.perf_counter() - begun, time.process_time() - cpu
    latencies.sort()
    return Result(
        in_flight,
        rows_per_second=len(latencies) / elapsed,
        cpu_us=cpu / len(latencies) * 1e6,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1e3,
    )


async def run(folder: Path, conversations: int, search: bool) -> None:
    store = await Store.open(f"sqlite:///{folder / 'benchmark.db'}")
    chats = await open_conversations(store, conversations)
    print(f"{conversations} conversations, synchronous=FULL")
    print("in flight    rows/s   x one   CPU us/row   p50 ms   p99 ms")
    alone = None
    for in_flight, count in ((1, 2_000), (20, 20_000), (200, 60_000), (1_000, 60_000)):
        result = await measure(store, chats, in_flight, count, search)
        alone = alone or result.rows_per_second
        print(
            f"{in_flight:9} {result.rows_per_second:9.0f} {result.rows_per_second / alone:7.1f}"
            f" {result.cpu_us:12.1f} {result.p50_ms:8.1f} {result.p99_ms:8.1f}"
        )
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the database is made: the disk that is measured")
    parser.add_argument("--conversations", type=int, default=1_000, help="over which messages are spread")
    parser.add_argument("--no-search", action="store_true", help="without words to search for")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        asyncio.run(run(Path(folder), arguments.conversations, not arguments.no_search))


if __name__ == "__main__":
    main()
