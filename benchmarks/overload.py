"""More than can be done: `python -m benchmarks.overload`.

First messages come at a rate far above what the bridge can do, then at a modest one while the database is locked for
some seconds, as a slow disk would have it. deskbridge reads no faster than its disk writes
(`bridge/stream/back_pressure.py`), so its memory stays bounded, what waits waits in ejabberd, and every message arrives
in the end. What may grow is SQLite's page cache (64 MB), the ids of the last ten minutes, and 4,000 messages in hand.
"""

import argparse
import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.cpu import Clocks, family, resident_mb, wait_until_idle
from benchmarks.support.load import Load
from benchmarks.support.report import Target, machine_line, save, table, targets
from benchmarks.support.server import bench_server

TENANT = "bridge"
LOCKED_SECONDS = 4.0
LOCKED_RATE = 2_000
ALLOWED_MB = 150


@contextmanager
def most_memory(pid: int) -> Iterator[Callable[[], float]]:
    """The most that a process had within the block, looked at twenty times a second."""
    most = resident_mb(pid)
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.05):
            most = max(most, resident_mb(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield lambda: most
    finally:
        over.set()
        watching.join()


def lock(path: Path) -> None:
    """Let nobody write to the database for a while. Returns at once."""

    def hold() -> None:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA busy_timeout = 5000")
        database.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_SECONDS)
        database.execute("ROLLBACK")
        database.close()

    threading.Thread(target=hold).start()


def run(pairs: int, rate: int, seconds: float) -> None:
    print(machine_line(), end="\n\n", flush=True)
    rows, found = [], []
    with bench_server([TENANT], accounts=accounts(TENANT, pairs)) as bench, asyncio.Runner() as loop:
        process = bench.bridge({TENANT: directory(pairs)})
        loop.run(process.start())
        try:
            load = Load(make_pairs(bench, TENANT, pairs))
            wait_until_idle([*family(bench.pid), process.pid])
            clocks = Clocks({"component": [process.pid]})
            # The first message of two people takes a look at the archive, and few others may wait for that.
            load.throughput(1, 1.0, clocks)
            before = resident_mb(process.pid)
            database = process.folder / "deskbridge.db"
            cases = (
                (f"{rate:,} a second", rate, []),
                (
                    f"{LOCKED_RATE:,} a second, no disk for {LOCKED_SECONDS:.0f} s",
                    LOCKED_RATE,
                    [(0.5, lambda: lock(database))],
                ),
            )
            for name, per_second, events in cases:
                began = time.monotonic()
                with most_memory(process.pid) as most:
                    measured = load.at_rate(per_second, seconds, clocks, events)
                took = time.monotonic() - began
                grown = most() - before
                rows.append(
                    (
                        name,
                        f"{measured.messages:,}",
                        f"{took:.1f}",
                        f"{measured.percentile(100) / 1000:.1f}",
                        f"{before:.0f}",
                        f"{before + grown:.0f}",
                    )
                )
                found.append(Target(f"{name}: more memory", grown, ALLOWED_MB, False, " MB"))
        finally:
            loop.run(process.stop())
    print(f"Sent for {seconds:.0f} s; all arrived")
    table(("", "messages", "seconds until the last", "longest wait s", "MB before", "MB at most"), rows)
    targets(found)
    save("overload", {"rows": rows}, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--rate", type=int, default=12_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    run(given.pairs, given.rate, given.seconds)


if __name__ == "__main__":
    main()
