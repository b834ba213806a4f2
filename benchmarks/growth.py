"""What grows with people and with what is archived: `python -m benchmarks.growth`.

Directories of 10, 100, 1,000 and 10,000 people, half of them agents, with nothing archived; and the smallest once more
with a million messages of others. Each has an ejabberd and a deskbridge of its own, all there at the same time and
measured turn by turn, so that whatever else the machine does hits them alike: CPU of the component for a message with
many under way, and the latency at a modest rate. Besides, the time from start to ready and the resident memory.

Ratios are medians of those within each turn. What a message costs should not depend on either size.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.archive import fill
from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.cpu import Clocks, family, resident_mb, wait_until_idle
from benchmarks.support.load import Load
from benchmarks.support.report import Target, machine_line, median, save, spread, table, targets
from benchmarks.support.server import BenchServer, bench_server
from tests.support.bridge import BridgeProcess

TENANT = "bridge"
PAIRS = 5
WINDOW = 8
"""Messages under way in each pair."""

SECONDS = 1.0
RATE = 200
PATIENCE = 600.0
ALLOWED = 1.2


@dataclass
class Size:
    """``cpu_us`` and ``p50_ms`` are of a message, one figure a turn."""

    people: int
    archived: int
    start_seconds: float = 0.0
    resident_mb: float = 0.0
    loaded_mb: float = 0.0
    cpu_us: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.people:,} people, {self.archived:,} archived" if self.archived else f"{self.people:,} people"


class Chats:
    """Some pairs who chat over one bridge. All are logged in when all bridges run: nobody answers pings before."""

    def __init__(self, size: Size, bench: BenchServer, process: BridgeProcess) -> None:
        self.size = size
        self._pid = process.pid
        self._load = Load(make_pairs(bench, TENANT, PAIRS))
        self._clocks = Clocks({"component": [process.pid]})
        self._load.throughput(1, 0.5, self._clocks)  # the first message of two people takes a look at the archive

    def turn(self) -> None:
        measured = self._load.throughput(WINDOW, SECONDS, self._clocks)
        self.size.cpu_us.append(measured.cpu["component"])
        self.size.p50_ms.append(self._load.at_rate(RATE, SECONDS, self._clocks).percentile(50))
        self.size.loaded_mb = resident_mb(self._pid)


def start(size: Size, loop: asyncio.Runner, stack: ExitStack) -> tuple[BenchServer, BridgeProcess]:
    """Once to make the database, and again to measure."""
    pairs = max(PAIRS, size.people // 2)
    bench = stack.enter_context(bench_server([TENANT], accounts=accounts(TENANT, pairs)))
    process = bench.bridge({TENANT: directory(pairs)})
    if size.archived:
        loop.run(fill_archive(process.folder, size.archived))
    started(loop, process)
    loop.run(process.stop())
    size.start_seconds = started(loop, process)
    stack.callback(lambda: loop.run(process.stop()))
    wait_until_idle([*family(bench.pid), process.pid], seconds=PATIENCE)
    size.resident_mb = resident_mb(process.pid)
    return bench, process


def started(loop: asyncio.Runner, process: BridgeProcess) -> float:
    """Seconds until it was ready."""
    began = time.monotonic()
    loop.run(process.start(wait=False))
    loop.run(process.logged("ready after", process.count("ready after") + 1, seconds=PATIENCE))
    return time.monotonic() - began


async def fill_archive(folder: Path, messages: int) -> None:
    """So many messages of other people."""
    filled = await fill(folder, messages)
    await filled.store.close()
    (folder / f"{messages}.db").rename(folder / "deskbridge.db")


def times(figures: Sequence[float], of: Sequence[float]) -> float:
    """The median of the ratios within each turn."""
    return statistics.median(one / other for one, other in zip(figures, of, strict=True))


def run(sizes: list[int], archived: int, rounds: int) -> None:
    print(machine_line(), end="\n\n", flush=True)
    every = [Size(people, 0) for people in sizes] + [Size(sizes[0], archived)] * bool(archived)
    with asyncio.Runner() as loop, ExitStack() as stack:
        running = [start(size, loop, stack) for size in every]
        chats = [Chats(size, *there) for size, there in zip(every, running, strict=True)]
        for _ in range(rounds):
            for one in chats:
                one.turn()
    tell(every)


def tell(every: list[Size]) -> None:
    smallest = every[0]
    head = ("", "CPU us/msg", "spread", "times the smallest", "p50 ms", "start s", "resident MB", "after load MB")
    rows = [
        (
            size.name,
            f"{median(size.cpu_us):.0f}",
            f"{spread(size.cpu_us):.0%}",
            f"{times(size.cpu_us, smallest.cpu_us):.2f}",
            f"{median(size.p50_ms):.1f}",
            f"{size.start_seconds:.1f}",
            f"{size.resident_mb:.0f}",
            f"{size.loaded_mb:.0f}",
        )
        for size in every
    ]
    table(head, rows)
    goals = [
        Target(f"CPU a message, {size.name}, times the smallest", times(size.cpu_us, smallest.cpu_us), ALLOWED, False)
        for size in every[1:]
        if size.archived or size.people == max(one.people for one in every)
    ]
    targets(goals)
    save("growth", {"sizes": [vars(size) for size in every]}, goals)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--archived", type=int, default=1_000_000, help="0 leaves that out")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    run(sorted(given.sizes), given.archived, given.rounds)


if __name__ == "__main__":
    main()
