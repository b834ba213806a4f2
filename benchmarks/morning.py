"""Nine o'clock: a thousand agents log in within a minute, `python -m benchmarks.morning [--first]`.

Agents in groups, so that each has as many contacts as `--contacts` says, log in evenly over `--seconds`, from a process
of their own. Their contacts are in place, as deskbridge has left them yesterday; with `--first` they are not, and
appear meanwhile. Others chat at a steady rate all the time: what was sent before the log-ins began is compared with
what was sent while they went on. In the end each must see all of their contacts.
"""

import argparse
import asyncio
import json
import random
import re
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.client import Client
from benchmarks.support.cpu import Clocks, family, wait_until_idle
from benchmarks.support.load import Load, Measured
from benchmarks.support.report import Target, machine_line, save, table, targets
from benchmarks.support.server import PASSWORD, BenchServer, bench_server

TENANT = "bridge"
DESK, FACES = f"cc.{TENANT}.test", f"agents.{TENANT}.test"
CALM_SECONDS = 15.0
PATIENCE = 300.0
AT_ONCE = 8
"""Log-ins under way at a time, at most."""

_PRESENCE = re.compile(rb"<presence [^>]*>")
_FACE = re.compile(rb"from='a(\d+)@agents\.")


# --- the agents who log in, in a process of their own ---


class Agent:
    """Number ``number``, whose contacts are the others of the group."""

    def __init__(self, number: int, contacts: set[int], port: int) -> None:
        self.contacts = contacts
        self.expected: set[int] = set()
        self.seen: set[int] = set()
        self.client = Client(f"a{number}@{DESK}", PASSWORD, port)
        self.began = self.logged_in = self.in_order = 0.0

    def log_in(self, due: float, there: set[int]) -> "Agent":
        """At ``due``. Blocks until it is done; ``there`` are those who logged in before."""
        time.sleep(max(0.0, due - time.monotonic()))
        self.began = time.monotonic()
        self.expected = self.contacts & there.copy()
        self.client.connect()
        self.logged_in = time.monotonic()
        return self

    def read(self) -> None:
        for tag in _PRESENCE.findall(self.client.read_all()):
            if b"type=" not in tag and (face := _FACE.search(tag)):
                self.seen.add(int(face[1]))
        if not self.in_order and self.expected <= self.seen:
            self.in_order = time.monotonic()


class Floor:
    """All agents, logged in one after the other in random order."""

    def __init__(self, port: int, people: int, contacts: int) -> None:
        groups = [range(first, min(people, first + contacts + 1)) for first in range(0, people, contacts + 1)]
        self.agents = {n: Agent(n, set(group) - {n}, port) for group in groups for n in group}
        self._there: set[int] = set()
        self._poll = select.epoll()
        self._of: dict[int, Agent] = {}

    def log_in(self, seconds: float) -> None:
        """Until all are logged in. Whatever comes to those who are is read."""
        order = random.Random(9).sample(sorted(self.agents), len(self.agents))
        began, gap = time.monotonic(), seconds / len(order)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            turns = enumerate(order)
            futures = {pool.submit(self.agents[n].log_in, began + turn * gap, self._there): n for turn, n in turns}
            while futures:
                for done in [future for future in futures if future.done()]:
                    self._arrived(futures.pop(done), done.result())
                self._read(0.02)

    def _arrived(self, number: int, agent: Agent) -> None:
        self._there.add(number)
        descriptor = agent.client.socket.fileno()
        self._of[descriptor] = agent
        self._poll.register(descriptor, select.EPOLLIN)

    def _read(self, seconds: float) -> None:
        for descriptor, _ in self._poll.poll(seconds):
            self._of[descriptor].read()

    def settle(self) -> None:
        """Until each has seen all contacts. Raises ``AssertionError`` if some do not."""
        until = time.monotonic() + PATIENCE
        while missing := [agent for agent in self.agents.values() if not agent.contacts <= agent.seen]:
            assert time.monotonic() < until, f"{len(missing)} people do not see all of their contacts"
            self._read(0.5)


def storm(port: int, people: int, contacts: int, seconds: float) -> None:
    """Begins with a line from standard input; prints a line of JSON when all is in order."""
    floor = Floor(port, people, contacts)
    sys.stdin.readline()
    began = time.monotonic()
    floor.log_in(seconds)
    logged_in = time.monotonic()
    floor.settle()
    agents = floor.agents.values()
    found = {
        "log_ins_over_seconds": logged_in - began,
        "all_in_order_seconds": time.monotonic() - began,
        "list_ms": sorted((agent.logged_in - agent.began) * 1e3 for agent in agents),
        "presence_ms": sorted((agent.in_order - agent.began) * 1e3 for agent in agents),
    }
    print(json.dumps(found), flush=True)
    sys.stdin.readline()  # they stay until the measurement is over


@contextmanager
def storm_process(*amounts: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.morning", "--storm", *map(str, amounts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def outcome(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout
    line = process.stdout.readline()
    assert line, "not everybody could log in"
    found: dict[str, object] = json.loads(line)
    return found


# --- who they are ---


def group_of(number: int, contacts: int) -> int:
    return number // (contacts + 1)


def floor_directory(people: int, contacts: int) -> str:
    groups = [f'\n[[groups]]\nid = "g{n}"\nname = "Group {n}"\n' for n in range(group_of(people - 1, contacts) + 1)]
    agents = [
        f'\n[[people]]\nname = "A {n}"\nagent = "a{n}"\ngroups = ["g{group_of(n, contacts)}"]\n' for n in range(people)
    ]
    return "".join(groups + agents)


def fill_rosters(bench: BenchServer, people: int, contacts: int) -> None:
    """As deskbridge has left them yesterday."""
    group = {n: group_of(n, contacts) for n in range(people)}
    pairs = [(one, other) for one in group for other in group if one != other and group[one] == group[other]]
    item = (
        "INSERT INTO rosterusers (username, jid, nick, subscription, ask, askmessage, server, subscribe, type)"
        " VALUES (?, ?, ?, 'T', 'N', '', 'N', '', 'item')"
    )
    in_group = "INSERT INTO rostergroups (username, jid, grp) VALUES (?, ?, ?)"
    with closing(sqlite3.connect(bench.folder / "spool" / f"{DESK}.sqlite", timeout=30)) as database, database:
        database.executemany(item, [(f"a{one}", f"a{other}@{FACES}", f"A {other}") for one, other in pairs])
        database.executemany(
            in_group, [(f"a{one}", f"a{other}@{FACES}", f"Group {group[other]}") for one, other in pairs]
        )


# --- what is measured ---


def run(people: int, contacts: int, seconds: float, pairs: int, rate: int, first: bool) -> None:
    print(machine_line(), end="\n\n", flush=True)
    names = [*accounts(TENANT, pairs), *(f"a{n}@{DESK}" for n in range(people))]
    with bench_server([TENANT], accounts=names) as bench, asyncio.Runner() as loop:
        if not first:
            fill_rosters(bench, people, contacts)
        text = directory(pairs) + floor_directory(people, contacts)
        process = bench.bridge({TENANT: text}, roster_limit=contacts)
        loop.run(process.start())
        try:
            ejabberd = family(bench.pid)
            load = Load(make_pairs(bench, TENANT, pairs))
            if not first:
                loop.run(process.logged("up to date after", seconds=PATIENCE))
                wait_until_idle([*ejabberd, process.pid], seconds=PATIENCE)
            clocks = Clocks({"component": [process.pid], "ejabberd": ejabberd})
            load.at_rate(rate, 1.0, clocks)  # the first message of two people takes a look at the archive
            before = load.at_rate(rate, CALM_SECONDS, clocks)
            with storm_process(bench.client_port, people, contacts, seconds) as agents:
                during = load.at_rate(rate, seconds, clocks, [(0.0, lambda: go(agents))])
                found = outcome(agents)
        finally:
            loop.run(process.stop())
    tell(people, contacts, rate, before, during, found)


def tell(people: int, contacts: int, rate: int, before: Measured, during: Measured, found: dict[str, object]) -> None:
    print(
        f"{people:,} people with {contacts} contacts each log in over {found['log_ins_over_seconds']:.0f} s; all see "
        f"all after {found['all_in_order_seconds']:.0f} s; {rate} messages a second between others"
    )
    head = ("chat", "p50 ms", "p99 ms", "longest ms", "CPU us/msg", "ejabberd us/msg")
    rows = [
        (
            name,
            *(f"{chat.percentile(percent):.1f}" for percent in (50, 99, 100)),
            f"{chat.cpu['component']:.0f}",
            f"{chat.cpu['ejabberd']:.0f}",
        )
        for name, chat in (("before", before), ("during", during))
    ]
    table(head, rows)
    waits = {name: found[f"{name}_ms"] for name in ("list", "presence")}
    rows = [(name, *(f"{at(times, percent):.0f}" for percent in (50, 99, 100))) for name, times in waits.items()]
    table(("since a log-in began", "p50 ms", "p99 ms", "longest ms"), rows)
    goal = Target(
        "chat p99 while people log in, times that before", during.percentile(99) / before.percentile(99), 3, False
    )
    targets([goal])
    chat = {"before_ms": before.latencies_ms, "during_ms": during.latencies_ms}
    save("morning", {"people": people, "contacts": contacts, "rate": rate, **found, **chat}, [goal])


def at(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--contacts", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--first", action="store_true", help="contacts are not in place yet")
    parser.add_argument("--storm", type=float, nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.storm:
        port, people, contacts, seconds = given.storm
        storm(int(port), int(people), int(contacts), seconds)
    else:
        run(given.people, given.contacts, given.seconds, given.pairs, given.rate, given.first)


if __name__ == "__main__":
    main()
