"""What a bridged message costs where ejabberd keeps the Work user's history: `python -m benchmarks.ejabberd_database`.

Two ejabberds, each with a deskbridge beside it, all at the same time: one has its accounts and archives in SQLite, the
other in PostgreSQL, as `deskbridge ejabberd-config --database` prints it. PostgreSQL flushes each commit to the disk
(as SQLite does). Measured in turns, so that whatever else the machine does hits both alike; medians of the turns.

none        the first without the Work users' own archive (mod_mam)
sqlite      with it, in an SQLite file a host
postgresql  with it, in one database for all hosts
"""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain

from benchmarks.bridge import accounts, directory, make_pairs, middle, paired
from benchmarks.support.cpu import Clocks, family, wait_until_idle, with_children
from benchmarks.support.load import Load, Measured
from benchmarks.support.report import machine_line, save, spread, table
from benchmarks.support.server import BenchServer, bench_server
from tests.support.postgresql import PostgreSQLServer

TENANTS = {"none": "bridge", "sqlite": "bridgemam", "postgresql": "bridgemam"}
DURABLE = {"fsync": "on", "full_page_writes": "on"}
PARTS = ("component", "ejabberd", "database")

Figures = dict[str, list[Measured]]


@contextmanager
def new_postgresql() -> Iterator[PostgreSQLServer]:
    server = PostgreSQLServer.new()
    try:
        server.start(**DURABLE)
        yield server
    finally:
        server.remove()


@contextmanager
def serving(
    tenants: list[str], pairs: int, loop: asyncio.Runner, postgresql: PostgreSQLServer | None
) -> Iterator[tuple[BenchServer, int]]:
    """An ejabberd, and the process id of the deskbridge beside it."""
    names = chain.from_iterable(accounts(tenant, pairs) for tenant in tenants)
    with bench_server(tenants, archived=["bridgemam"], accounts=names, postgresql=postgresql) as bench:
        process = bench.bridge({tenant: directory(pairs) for tenant in tenants})
        loop.run(process.start())
        try:
            yield bench, process.pid
        finally:
            loop.run(process.stop())


@contextmanager
def running(pairs: int) -> Iterator[tuple[dict[str, Load], dict[str, Clocks]]]:
    with ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        postgresql = stack.enter_context(new_postgresql())
        first = stack.enter_context(serving(["bridge", "bridgemam"], pairs, loop, None))
        second = stack.enter_context(serving(["bridgemam"], pairs, loop, postgresql))
        of = {"none": first, "sqlite": first, "postgresql": second}
        loads = {way: Load(make_pairs(bench, TENANTS[way], pairs)) for way, (bench, _) in of.items()}
        processes = {
            way: {
                "component": [bridge],
                "ejabberd": family(bench.pid),
                "database": with_children(postgresql.pid) if way == "postgresql" else [],
            }
            for way, (bench, bridge) in of.items()
        }
        wait_until_idle({pid for parts in processes.values() for pids in parts.values() for pid in pids})
        yield loads, {way: Clocks(parts) for way, parts in processes.items()}


def measure(pairs: int, window: int, seconds: float, rounds: int) -> Figures:
    figures: Figures = {way: [] for way in TENANTS}
    with running(pairs) as (loads, clocks):
        for _ in range(rounds):
            for way, measured in figures.items():
                measured.append(loads[way].throughput(window, seconds, clocks[way]))
    return figures


def tell(figures: Figures) -> None:
    rows = [
        (
            way,
            f"{middle(measured, 'per second'):,.0f}",
            f"{spread([one.per_second for one in measured]):.0%}",
            *(f"{middle(measured, part):.0f}" for part in PARTS),
            f"{middle(measured, 'p50'):.0f}",
            f"{middle(measured, 'p99'):.0f}",
        )
        for way, measured in figures.items()
    ]
    table(
        ("", "messages/s", "spread", "component us/msg", "ejabberd us/msg", "PostgreSQL us/msg", "p50 ms", "p99"), rows
    )
    ratio = paired(figures["postgresql"], figures["sqlite"], "per second")
    print(f"PostgreSQL takes {ratio:.1f} times the messages of SQLite (the median of neighbours' ratios).")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--window", type=int, default=5, help="messages under way in each pair")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    given = parser.parse_args()
    print(machine_line(), end="\n\n", flush=True)
    figures = measure(given.pairs, given.window, given.seconds, given.rounds)
    tell(figures)
    save(
        "ejabberd_database",
        {
            way: {name: [round(one.cpu[name], 1) for one in measured] for name in PARTS}
            | {"per second": [round(one.per_second, 1) for one in measured]}
            for way, measured in figures.items()
        },
    )


if __name__ == "__main__":
    main()
