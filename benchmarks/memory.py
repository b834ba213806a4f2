"""What deskbridge takes as people get more: `python -m benchmarks.memory [--sizes N ...] [--archived N]`.

For each size of the directory, half of it agents and half Work users: time from start to ready, memory once all is
quiet, memory with sessions (as many as a tenth of the people, a thousand at most), memory after messages, and CPU time
of a bridged message. With ``--archived`` the smallest size once more, with so many messages in its archive. What does
not depend on the size stays the same from line to line.

Resident memory is what `ps` shows, shared libraries included; private is what would be free if the process ended.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.archive import fill
from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.client import Client
from benchmarks.support.cpu import Clocks, family, private_mb, resident_mb, wait_until_idle
from benchmarks.support.load import Load
from benchmarks.support.report import Target, machine_line, median, save, table, targets
from benchmarks.support.server import PASSWORD, BenchServer, bench_server
from tests.support.bridge import BridgeProcess

TENANT = "bridge"
PAIRS = 5
PATIENCE = 300.0
IDLE_MB = 80
INSTALLED = Path(__file__).with_name("support") / "installed"
"""Hides what only tests bring from the processes that are measured: operators do not have it."""


@dataclass(frozen=True)
class Figures:
    people: int
    archived: int
    first_start_seconds: float
    """With service contacts to put into all rosters."""
    start_seconds: float
    idle_mb: float
    private_mb: float
    sessions: int
    sessions_mb: float
    after_load_mb: float
    cpu_us: float


def measure(people: int, archived: int, rounds: int) -> Figures:
    pairs = max(PAIRS, people // 2)
    sessions = min(1_000, people // 10)
    with (
        bench_server([TENANT], accounts=accounts(TENANT, pairs)) as bench,
        asyncio.Runner() as loop,
        ExitStack() as stack,
    ):
        process = bench.bridge({TENANT: directory(pairs)})
        if archived:
            loop.run(archive(process.folder, archived))
        first = started(loop, process)
        wait_until_idle([*family(bench.pid), process.pid], seconds=PATIENCE)
        loop.run(process.stop())
        again = started(loop, process)
        stack.callback(lambda: loop.run(process.stop()))
        wait_until_idle([*family(bench.pid), process.pid], seconds=PATIENCE)
        idle, private = resident_mb(process.pid), private_mb(process.pid)
        with logged_in(bench, sessions):
            wait_until_idle([*family(bench.pid), process.pid], seconds=PATIENCE)
            with_sessions = resident_mb(process.pid)
            cpu = cpu_of_a_message(bench, process, rounds)
            after = resident_mb(process.pid)
    return Figures(people, archived, first, again, idle, private, sessions, with_sessions, after, cpu)


def started(loop: asyncio.Runner, process: BridgeProcess) -> float:
    """Seconds until it was ready."""
    began = time.monotonic()
    loop.run(process.start(wait=False))
    loop.run(process.logged("ready after", process.count("ready after") + 1, seconds=PATIENCE))
    return time.monotonic() - began


@contextmanager
def logged_in(bench: BenchServer, count: int) -> Iterator[None]:
    """So many, as many on either side; not those who chat."""
    names = [f"{name}{number + PAIRS}" for number in range(count // 2) for name in ("agent", "work")]
    hosts = {"agent": f"cc.{TENANT}.test", "work": f"work.{TENANT}.test"}
    clients = [Client(f"{name}@{hosts[name.rstrip('0123456789')]}", PASSWORD, bench.client_port) for name in names]
    for client in clients:
        client.connect()
    yield
    for client in clients:
        client.close()


def cpu_of_a_message(bench: BenchServer, process: BridgeProcess, rounds: int) -> float:
    load = Load(make_pairs(bench, TENANT, PAIRS))
    clocks = Clocks({"component": [process.pid]})
    return median([load.throughput(40, 2.0, clocks).cpu["component"] for _ in range(rounds)])


async def archive(folder: Path, size: int) -> None:
    """So many messages of other people."""
    filled = await fill(folder, size)
    await filled.store.close()
    (folder / f"{size}.db").rename(folder / "deskbridge.db")


def run(sizes: list[int], archived: int, rounds: int) -> None:
    print(machine_line(), end="\n\n", flush=True)
    found = [measure(size, 0, rounds) for size in sizes]
    if archived:
        found.append(measure(sizes[0], archived, rounds))
    rows = [
        (
            f"{one.people:,}",
            f"{one.archived:,}",
            f"{one.first_start_seconds:.1f}",
            f"{one.start_seconds:.1f}",
            f"{one.idle_mb:.0f}",
            f"{one.private_mb:.0f}",
            f"{one.sessions_mb:.0f} ({one.sessions:,})",
            f"{one.after_load_mb:.0f}",
            f"{one.cpu_us:.0f}",
        )
        for one in found
    ]
    head = (
        *("people", "archived", "first start s", "start s", "idle MB", "private MB", "with sessions MB"),
        *("after load MB", "CPU us/msg"),
    )
    table(head, rows)
    largest = max(found, key=lambda one: one.people)
    goals = [Target(f"resident with {largest.people:,} people (idle)", largest.idle_mb, IDLE_MB, False, " MB")]
    if largest is not found[0]:
        ratio = largest.cpu_us / found[0].cpu_us
        goals.append(Target(f"CPU a message, times that with {found[0].people:,} people", ratio, 1.2, False))
    if archived:
        ratio = found[-1].cpu_us / found[0].cpu_us
        goals.append(Target(f"CPU a message with {archived:,} archived, times that with none", ratio, 1.2, False))
    targets(goals)
    save("memory", {"sizes": [asdict(one) for one in found]}, goals)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 10_000])
    parser.add_argument("--archived", type=int, default=0, help="messages, for one more line")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(INSTALLED)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # theirs are compiled, too
    run(sorted(given.sizes), given.archived, given.rounds)


if __name__ == "__main__":
    main()
