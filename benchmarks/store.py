"""How fast messages get onto the disk: `python -m benchmarks.store [--rates] [--no-search] [--folder DIR]`.

Messages with some 500 bytes of text in ``body`` and ``payload`` together are submitted one by one, as senders do,
with a number of them under way at any time. One under way is a commit for each message: what the others are
compared with. CPU is that of the whole process, this program's own share of a few us included. `--no-search` puts all
of the text into ``payload``, where nobody looks for words: the difference is what full text search costs.

`--rates` measures what a message costs the writer's thread instead, in CPU, until its words can be searched too; and
how long a submission takes. Messages come at fixed rates, one by one, or with a fixed number under way, in turns.
"""

import argparse
import asyncio
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import uvloop

from benchmarks.support import report
from component.store.api import NewMessage, OpenConversation, Store, StoreError

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


@dataclass
class Turn:
    """Times of submissions in us, from handing over to hearing that it is on disk; CPU in us a message."""

    writer_cpu: float
    p50: float
    p99: float
    per_second: float


Load = Callable[[Store, list[OpenConversation], float], Awaitable[list[float]]]
"""Submits for so many seconds; how long each submission took, in s."""


class Submissions:
    """How long each takes, in s."""

    def __init__(self, store: Store, chats: list[OpenConversation]) -> None:
        self._store = store
        self._chats = chats
        self._under_way = 0
        self.took: list[float] = []
        self.told: Callable[[], None] = lambda: None

    def submit(self) -> None:
        message = next_message(self._store, secrets.choice(self._chats))
        self._under_way += 1
        self._store.write(partial(self._done, time.perf_counter()), message)

    def _done(self, began: float, problem: StoreError | None) -> None:
        if problem is not None:
            raise problem
        self.took.append(time.perf_counter() - began)
        self._under_way -= 1
        self.told()


async def at_rate(rate: int, store: Store, chats: list[OpenConversation], seconds: float) -> list[float]:
    """One after the other, each when it is due."""
    submissions, began = Submissions(store, chats), time.perf_counter()
    for number in range(int(rate * seconds)):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        submissions.submit()
    await store.submit()
    return submissions.took


async def under_way(count: int, store: Store, chats: list[OpenConversation], seconds: float) -> list[float]:
    """So many at any time: the next when one is on disk."""
    submissions, until = Submissions(store, chats), time.perf_counter() + seconds

    def again() -> None:
        if time.perf_counter() < until:
            submissions.submit()

    submissions.told = again
    for _ in range(count):
        submissions.submit()
    await asyncio.sleep(seconds)
    await store.submit()
    await store.submit()  # what was told last may have submitted once more
    return submissions.took


LOADS: dict[str, Load] = {f"{rate:,} a second": partial(at_rate, rate) for rate in (500, 1_000, 3_000)} | {
    f"{count} under way": partial(under_way, count) for count in (1, 40, 200)
}
UNTIL_SEARCHED = 1.5
"""Seconds after which all words are in the index."""


def _age(thread: threading.Thread) -> int:
    return thread.native_id or 0


def writer_cpu() -> float:
    """What the writer's thread has used so far, in s."""
    thread = min((thread for thread in threading.enumerate() if "connection_worker" in thread.name), key=_age)
    return int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]) / 1e9


async def turn(store: Store, chats: list[OpenConversation], load: Load, seconds: float) -> Turn:
    cpu, began = writer_cpu(), time.perf_counter()
    took = sorted(await load(store, chats, seconds))
    elapsed = time.perf_counter() - began
    await asyncio.sleep(UNTIL_SEARCHED)
    return Turn(
        writer_cpu=(writer_cpu() - cpu) / len(took) * 1e6,
        p50=took[len(took) // 2] * 1e6,
        p99=took[len(took) * 99 // 100] * 1e6,
        per_second=len(took) / elapsed,
    )


async def run_rates(folder: Path, conversations: int, rounds: int, seconds: float) -> None:
    store = await Store.open(f"sqlite:///{folder / 'benchmark.db'}")
    chats = await open_conversations(store, conversations)
    await under_way(200, store, chats, 1.0)  # pages of the indexes come into the cache
    turns: dict[str, list[Turn]] = {name: [] for name in LOADS}
    for _ in range(rounds):
        for name, load in LOADS.items():
            turns[name].append(await turn(store, chats, load, seconds))
    await store.close()
    print(f"{report.machine_line()}\n{conversations} conversations, medians of {rounds} turns of {seconds:g} s\n")
    rows = []
    for name, measured in turns.items():
        columns = [[getattr(each, field) for each in measured] for field in ("writer_cpu", "p50", "p99", "per_second")]
        spread = f"{report.spread(columns[0]):.0%}"
        rows.append([name, *(f"{report.median(column):,.0f}" for column in columns), spread])
    report.table(("messages", "writer's CPU, us", "p50, us", "p99, us", "a second", "spread of CPU"), rows)
    report.save("store", {"turns": {name: [asdict(each) for each in measured] for name, measured in turns.items()}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the database is made: the disk that is measured")
    parser.add_argument("--conversations", type=int, default=1_000, help="over which messages are spread")
    parser.add_argument("--no-search", action="store_true", help="without words to search for")
    parser.add_argument("--rates", action="store_true", help="what a message costs the writer's thread")
    parser.add_argument("--rounds", type=int, default=3, help="with --rates: turns of each load")
    parser.add_argument("--seconds", type=float, default=2.0, help="with --rates: the length of a turn")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        if arguments.rates:
            uvloop.run(run_rates(Path(folder), arguments.conversations, arguments.rounds, arguments.seconds))
        else:
            asyncio.run(run(Path(folder), arguments.conversations, not arguments.no_search))


if __name__ == "__main__":
    main()
