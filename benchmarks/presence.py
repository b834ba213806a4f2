"""How fast one change of presence reaches a thousand watchers: `python -m benchmarks.presence [--watchers N]`.

An agent changes status; agents who are logged in watch the face. Meanwhile a steady chat goes on between others, whose
latencies tell whether the change held anybody up: of what was sent within a quarter of a second after a change, against
what was sent in between.
"""

import argparse
import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Iterable

from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.client import Client
from benchmarks.support.cpu import Clocks, family, wait_until_idle
from benchmarks.support.load import Load, Measured
from benchmarks.support.report import Target, machine_line, median, save, spread, table, targets
from benchmarks.support.server import PASSWORD, bench_server

TENANT = "bridge"
FACE = f"changer@agents.{TENANT}.test"
SHOWS = itertools.cycle(("<show>dnd</show>", "", "<show>away</show>"))
AFTER = 0.25
"""Seconds after a change that count as *during* it."""


def people(watchers: int, pairs: int) -> str:
    names = ["changer", *(f"watcher{n}" for n in range(watchers))]
    return directory(pairs) + "".join(f'\n[[people]]\nname = "{name}"\nagent = "{name}"\n' for name in names)


def watching(count: int, port: int) -> list[Client]:
    """Logged in, and subscribed to the face."""
    clients = [Client(f"watcher{n}@cc.{TENANT}.test", PASSWORD, port) for n in range(count)]
    for number, client in enumerate(clients):
        client.connect()
        client.send(f"<presence type='subscribe' to='{FACE}'/>".encode())
        if number % 100 == 0:
            answer_pings(clients[:number])
    return clients


def answer_pings(clients: Iterable[Client]) -> None:
    """Who does not answer for long is thrown out, and a busy machine takes long."""
    for client in clients:
        client.read_all()


class Changer:
    """The agent, and when each change was made, in ns."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.made: list[int] = []

    def change(self) -> None:
        now = time.monotonic_ns()
        self.made.append(now)
        self._client.send(f"<presence>{next(SHOWS)}<status>~{now}~</status></presence>".encode())


def run(watchers: int, pairs: int, rate: int, changes: int) -> None:
    print(machine_line(), end="\n\n", flush=True)
    names = [f"{name}@cc.{TENANT}.test" for name in ("changer", *(f"watcher{n}" for n in range(watchers)))]
    with bench_server([TENANT], accounts=[*accounts(TENANT, pairs), *names]) as bench, asyncio.Runner() as loop:
        process = bench.bridge({TENANT: people(watchers, pairs)})
        loop.run(process.start())
        try:
            listeners = watching(watchers, bench.client_port)
            ejabberd = family(bench.pid)
            wait_until_idle([*ejabberd, process.pid])
            answer_pings(listeners)
            changer = Client(names[0], PASSWORD, bench.client_port)
            changer.connect()
            load = Load(make_pairs(bench, TENANT, pairs), listeners)
            clocks = Clocks({"component": [process.pid], "ejabberd": ejabberd})
            changing = Changer(changer)
            agenda = [(1.0 + 1.5 * number, changing.change) for number in range(changes)]
            measured = load.at_rate(rate, 1.0 + 1.5 * changes, clocks, agenda)
            tell(watchers, rate, changing.made, load.heard, measured)
        finally:
            loop.run(process.stop())


def tell(watchers: int, rate: int, made: list[int], heard: list[tuple[int, int]], chat: Measured) -> None:
    arrived: dict[int, list[float]] = defaultdict(list)
    for mark, at in heard:
        arrived[mark].append((at - mark) / 1e6)
    assert all(len(arrived[mark]) == watchers for mark in made), "not every watcher was told of every change"
    last = [max(arrived[mark]) for mark in made]
    first = [min(arrived[mark]) for mark in made]
    during, between = split(made, chat)
    print(f"{len(made)} changes to {watchers:,} watchers, {rate} messages a second meanwhile; ms, medians")
    table(
        ("first watcher", "last watcher", "spread", "chat p99 during", "chat p99 between"),
        [(
            f"{median(first):.1f}", f"{median(last):.1f}", f"{spread(last):.0%}",
            f"{percentile(during, 99):.1f}", f"{percentile(between, 99):.1f}",
        )],
    )  # fmt: skip
    found = [
        Target(f"a change to {watchers:,} watchers, the last", median(last), 100, False, " ms"),
        Target(
            "chat p99 during changes, times that between", percentile(during, 99) / percentile(between, 99), 3, False
        ),
    ]
    targets(found)
    save("presence", {"first_ms": first, "last_ms": last, "during_ms": during, "between_ms": between}, found)


def split(made: list[int], chat: Measured) -> tuple[list[float], list[float]]:
    """Latencies of messages sent during changes, and between them."""
    during, between = [], []
    for due, latency in chat.each:
        near = any(mark <= due < mark + AFTER * 1e9 for mark in made)
        (during if near else between).append(latency)
    return sorted(during), sorted(between)


def percentile(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--watchers", type=int, default=1_000)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--changes", type=int, default=15)
    given = parser.parse_args()
    run(given.watchers, given.pairs, given.rate, given.changes)


if __name__ == "__main__":
    main()
