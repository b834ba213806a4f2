"""What it costs to get messages onto the disk: `python -m benchmarks.store [--beside DIR] [--no-search]`.

Messages with some 500 bytes of text in ``body`` and ``payload`` together are submitted one by one, as the bridge does,
with a fixed number of them in transit: the next one when one is on disk. CPU is that of the whole process, this
program's own share of a few us included, in us a message: until it is on disk, and until its words can be searched,
which is later, when there is time. `--no-search` puts all of the text into ``payload``, where nobody looks for words.

`--beside` takes another checkout of this repository and measures both in turns, each turn in a process and with a
database of its own: whatever else the machine does hits them alike. The ratio is that of the medians.
"""

import argparse
import asyncio
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import uvloop

from benchmarks.support import report
from component.store.api import NewMessage, OpenConversation, Store, StoreError

HERE = Path(__file__).parents[1]
AGENTS = 500
WORDS = [secrets.token_hex(length)[:length] for length in range(2, 10) for _ in range(2_000)]
IN_TRANSIT = (1, 8, 40, 200)
SECONDS = 2.0
"""Of each number in transit."""

UNTIL_SEARCHED = 8.0
"""Seconds after which all words are in the index."""


def some_text() -> str:
    """243 characters, of words of which some are frequent and most are rare."""
    return " ".join(WORDS[int(len(WORDS) ** random.random()) - 1] for _ in range(60))[:243]


TEXTS = [some_text() for _ in range(5_000)]


@dataclass
class Turn:
    """CPU in us a message, times of submissions in us, from handing over to hearing that it is on disk."""

    in_transit: int
    cpu: float
    cpu_with_words: float
    p50: float
    p99: float
    per_second: float


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


class Submissions:
    """How long each takes, in s."""

    def __init__(self, store: Store, chats: list[OpenConversation], search: bool) -> None:
        self._store = store
        self._chats = chats
        self._search = search
        self.took: list[float] = []
        self.told: Callable[[], None] = lambda: None

    def submit(self) -> None:
        message = next_message(self._store, secrets.choice(self._chats), self._search)
        self._store.write(partial(self._done, time.perf_counter()), message)

    def _done(self, began: float, problem: StoreError | None) -> None:
        if problem is not None:
            raise problem
        self.took.append(time.perf_counter() - began)
        self.told()


async def in_transit(
    count: int, store: Store, chats: list[OpenConversation], search: bool, seconds: float
) -> list[float]:
    """So many at any time: the next when one is on disk."""
    submissions, until = Submissions(store, chats, search), time.perf_counter() + seconds

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


async def turn(store: Store, chats: list[OpenConversation], count: int, search: bool) -> Turn:
    cpu, began = time.process_time(), time.perf_counter()
    took = sorted(await in_transit(count, store, chats, search, SECONDS))
    elapsed, on_disk = time.perf_counter() - began, time.process_time()
    if search:
        await asyncio.sleep(UNTIL_SEARCHED)
    return Turn(
        in_transit=count,
        cpu=(on_disk - cpu) / len(took) * 1e6,
        cpu_with_words=(time.process_time() - cpu) / len(took) * 1e6,
        p50=took[len(took) // 2] * 1e6,
        p99=took[len(took) * 99 // 100] * 1e6,
        per_second=len(took) / elapsed,
    )


async def turns(folder: Path, conversations: int, search: bool) -> list[Turn]:
    store = await Store.open(f"sqlite:///{folder / 'benchmark.db'}")
    indexing = asyncio.create_task(store.index_words())
    try:
        chats = await open_conversations(store, conversations)
        await in_transit(200, store, chats, search, 1.0)  # pages of the indexes come into the cache
        return [await turn(store, chats, count, search) for count in IN_TRANSIT]
    finally:
        indexing.cancel()
        await store.close()


def in_a_process(checkout: Path, arguments: argparse.Namespace) -> list[Turn]:
    command = [sys.executable, "-m", "benchmarks.store", "--one", "--conversations", str(arguments.conversations)]
    if arguments.folder:
        command += ["--folder", str(arguments.folder.absolute())]
    if arguments.no_search:
        command.append("--no-search")
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    answer = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    return [Turn(**each) for each in json.loads(answer.stdout)]


def compare(arguments: argparse.Namespace) -> None:
    checkouts = [HERE] if arguments.beside is None else [arguments.beside.absolute(), HERE]
    measured: dict[Path, list[list[Turn]]] = {checkout: [] for checkout in checkouts}
    for _ in range(arguments.rounds):
        for checkout in checkouts:
            measured[checkout].append(in_a_process(checkout, arguments))
    print(f"{report.machine_line()}\n{arguments.conversations} conversations, medians of {arguments.rounds} turns\n")
    for title, field in (("CPU us a message", "cpu"), ("with its words", "cpu_with_words"), ("p50 us", "p50")):
        rows = []
        for place, count in enumerate(IN_TRANSIT):
            of_each = [[getattr(turn[place], field) for turn in measured[checkout]] for checkout in checkouts]
            rows.append([f"{count} in transit", *_cells(of_each)])
        names = ["beside", "here", "ratio"] if arguments.beside else ["here"]
        report.table((title, *names, "spread"), rows)
    figures = {
        str(checkout): [[asdict(each) for each in turn] for turn in found] for checkout, found in measured.items()
    }
    report.save("store", figures)


def _cells(of_each: Sequence[Sequence[float]]) -> list[str]:
    medians = [report.median(figures) for figures in of_each]
    ratio = [f"{medians[1] / medians[0]:.2f}"] if len(medians) > 1 else []
    return [*(f"{figure:,.0f}" for figure in medians), *ratio, f"{max(map(report.spread, of_each)):.0%}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the databases are made: the disk that is measured")
    parser.add_argument("--conversations", type=int, default=1_000, help="over which messages are spread")
    parser.add_argument("--no-search", action="store_true", help="without words to search for")
    parser.add_argument("--beside", type=Path, metavar="DIR", help="another checkout, measured in turns with this one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", action="store_true", help="a single turn, as JSON")
    arguments = parser.parse_args()
    if not arguments.one:
        compare(arguments)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = uvloop.run(turns(Path(folder), arguments.conversations, not arguments.no_search))
    json.dump([asdict(each) for each in found], sys.stdout)


if __name__ == "__main__":
    main()
