"""How fast messages cross, and what that costs: `python -m benchmarks.bridge [--long]`.

Pairs of real clients over a private ejabberd, all ways of a message in turn, again and again, so that whatever else
the machine does hits them alike; medians of the turns. The ways:

bridge      deskbridge: every rule, every message on disk (synchronous=FULL) before it is delivered
bare        a component on expat that only changes addresses: no rules, nothing kept
kept        the same with one row a message on disk (synchronous=FULL) first: the least that durability costs
plain       the same the way slixmpp's documentation shows it
direct      two users of one host, without any component
mam         two users with ejabberd's own archive (mod_mam) on SQLite
bridge+mam  deskbridge again, with that archive on for its Work users, as `deskbridge ejabberd-config` prints it

Half of the pairs write from the Work user to the agent, half the other way. Only ratios within one run mean something.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain

from benchmarks.support.client import Client
from benchmarks.support.cpu import Clocks, family, wait_until_idle
from benchmarks.support.load import Load, Measured, Pair
from benchmarks.support.report import Target, machine_line, median, save, spread, table, targets
from benchmarks.support.server import PASSWORD, BenchServer, bench_server
from component.model import Tenant

BRIDGED, ROUTED = ("bridge", "bridgemam"), ("bare", "kept", "plain", "direct", "mam")
WAYS = {
    "bridge": "bridge",
    "bare": "bare",
    "kept": "kept",
    "plain": "plain",
    "direct": "direct",
    "mam": "mam",
    "bridgemam": "bridge+mam",
}
SLOW = ("mam", "bridgemam")
"""ejabberd's archive is measured with a window only, as its limit is below all rates."""

RATES = (500, 1_000, 3_000)


@dataclass(frozen=True)
class Plan:
    pairs: int
    window: int
    seconds: float
    rounds: int
    rates: tuple[int, ...]
    ways: tuple[str, ...]


def work(tenant: Tenant, number: int) -> str:
    return f"work{number}@{tenant.work_host}"


def desk(tenant: Tenant, number: int) -> str:
    return f"agent{number}@{tenant.desk_host}"


def directory(pairs: int) -> str:
    agents = [f'[[people]]\nname = "Agent {n}"\nagent = "agent{n}"\n' for n in range(pairs)]
    users = [f'[[people]]\nname = "Work {n}"\nwork = "work{n}"\n' for n in range(pairs)]
    return "\n".join(agents + users)


def accounts(tenant: str, pairs: int) -> Iterator[str]:
    for n in range(pairs):
        yield f"work{n}@work.{tenant}.test"
        yield f"agent{n}@{'work' if tenant in ('direct', 'mam') else 'cc'}.{tenant}.test"


def make_pairs(bench: BenchServer, way: str, count: int) -> list[Pair]:
    """Logged in."""
    tenant = bench.tenants[way]
    return [_pair(bench, tenant, way in ("direct", "mam"), number) for number in range(count)]


def _pair(bench: BenchServer, tenant: Tenant, same_host: bool, number: int) -> Pair:
    first, second = work(tenant, number), desk(tenant, number)
    if same_host:
        second = second.replace(tenant.desk_host, tenant.work_host)
    one, other = (Client(account, PASSWORD, bench.client_port) for account in (first, second))
    one.connect()
    other.connect()
    if same_host:
        return Pair(one, other, second)
    if number % 2:
        return Pair(other, one, f"work{number}@{tenant.work_faces}")
    return Pair(one, other, f"agent{number}@{tenant.agent_faces}")


@contextmanager
def router(bench: BenchServer, kind: str) -> Iterator[int]:
    """A component other than deskbridge; its process id."""
    tenant = bench.tenants[kind]
    arguments = [kind, tenant.service, bench.settings.xmpp.secret, str(bench.ports[kind])]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.support.routers", *arguments], stdout=subprocess.PIPE)
    try:
        assert process.stdout and process.stdout.readline() == b"ready\n", f"the {kind} router did not connect"
        yield process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running(plan: Plan) -> Iterator[tuple[dict[str, Load], dict[str, Clocks], dict[str, list[int]]]]:
    """Everything started and everybody logged in: for each way its load and its clocks."""
    bridged = [way for way in BRIDGED if way in plan.ways]
    routed = [way for way in ROUTED if way in plan.ways]
    names = chain.from_iterable(accounts(way, plan.pairs) for way in plan.ways)
    archived = [way for way in SLOW if way in plan.ways]
    with bench_server(bridged, routed, archived, names) as bench, ExitStack() as stack:
        ejabberd = family(bench.pid)
        component: dict[str, list[int]] = {way: [] for way in plan.ways}
        for kind in ("bare", "kept", "plain"):
            if kind in plan.ways:
                component[kind] = [stack.enter_context(router(bench, kind))]
        if bridged:
            loop = stack.enter_context(asyncio.Runner())
            process = bench.bridge({way: directory(plan.pairs) for way in bridged})
            loop.run(process.start())
            stack.callback(lambda: loop.run(process.stop()))
            component |= {way: [process.pid] for way in bridged}
        loads = {way: Load(make_pairs(bench, way, plan.pairs)) for way in plan.ways}
        wait_until_idle([*ejabberd, *chain.from_iterable(component.values())])
        clocks = {way: Clocks({"component": component[way], "ejabberd": ejabberd}) for way in plan.ways}
        yield loads, clocks, component


# Measuring

Figures = dict[str, list[Measured]]


def throughput(plan: Plan, loads: dict[str, Load], clocks: dict[str, Clocks]) -> Figures:
    figures: Figures = {way: [] for way in plan.ways}
    for _ in range(plan.rounds):
        for way in plan.ways:
            figures[way].append(loads[way].throughput(plan.window, plan.seconds, clocks[way]))
    return figures


def latency(plan: Plan, rate: int, loads: dict[str, Load], clocks: dict[str, Clocks]) -> Figures:
    ways = [way for way in plan.ways if way not in SLOW]
    figures: Figures = {way: [] for way in ways}
    for _ in range(plan.rounds):
        for way in ways:
            figures[way].append(loads[way].at_rate(rate, plan.seconds, clocks[way]))
    return figures


# Telling


def middle(figures: list[Measured], of: str) -> float:
    return median([_value(measured, of) for measured in figures])


def _value(measured: Measured, of: str) -> float:
    match of:
        case "per second":
            return measured.per_second
        case "component" | "ejabberd" | "database":
            return measured.cpu[of]
        case "load":
            return measured.load * 100
        case _:
            return measured.percentile(float(of.removeprefix("p")))


def print_throughput(plan: Plan, figures: Figures) -> None:
    print(f"Throughput: {plan.pairs} pairs, {plan.window} messages under way in each")
    rows = [
        (
            WAYS[way],
            f"{middle(measured, 'per second'):,.0f}",
            f"{spread([one.per_second for one in measured]):.0%}",
            f"{middle(measured, 'component'):.0f}" if way not in ("direct", "mam") else "-",
            f"{middle(measured, 'ejabberd'):.0f}",
            f"{middle(measured, 'load'):.0f}%",
        )
        for way, measured in figures.items()
    ]
    table(("", "messages/s", "spread", "component us/msg", "ejabberd us/msg", "load generator"), rows)


def print_latency(rate: int, figures: Figures) -> None:
    print(f"Latency at {rate:,} messages a second, in ms")
    rows = [
        (
            WAYS[way],
            *(f"{middle(measured, of):.1f}" for of in ("p50", "p90", "p99")),
            f"{spread([one.percentile(99) for one in measured]):.0%}",
            f"{middle(measured, 'component'):.0f}",
            "" if all(one.held for one in measured) else "the rate was not held",
        )
        for way, measured in figures.items()
    ]
    table(("", "p50", "p90", "p99", "spread of p99", "component us/msg", ""), rows)


def paired(one: list[Measured], other: list[Measured], of: str) -> float:
    """The median of the ratios of neighbours: what disturbs one turn disturbs both."""
    return median([_value(a, of) / _value(b, of) for a, b in zip(one, other, strict=True)])


def judge(speed: Figures, waits: dict[int, Figures]) -> list[Target]:
    """The targets of which all that is compared was measured."""
    found = []
    for other, wanted in (("bare", 0.95), ("plain", 1.2), ("mam", 20)):
        if {"bridge", other} <= speed.keys():
            ratio = paired(speed["bridge"], speed[other], "per second")
            found.append(Target(f"throughput, times that of {WAYS[other]}", ratio, wanted))
    if "bridge" in speed:
        found.append(Target("CPU of deskbridge a message", middle(speed["bridge"], "component"), 100, False, " us"))
    for rate, wanted in ((1_000, 1.5), (3_000, 3.0)):
        figures = waits.get(rate, {})
        if {"bridge", "bare"} <= figures.keys():
            ratio = paired(figures["bridge"], figures["bare"], "p99")
            found.append(Target(f"p99 at {rate:,} a second, times that of bare", ratio, wanted, False))
    return found


def as_json(figures: Figures) -> dict[str, object]:
    names = ("per second", "p50", "p90", "p99", "component", "ejabberd", "load")
    return {
        WAYS[way]: {name: [round(_value(one, name), 3) for one in measured] for name in names}
        for way, measured in figures.items()
    }


def run(plan: Plan) -> None:
    print(machine_line(), end="\n\n", flush=True)
    with running(plan) as (loads, clocks, _):
        speed = throughput(plan, loads, clocks)
        print_throughput(plan, speed)
        waits = {}
        for rate in plan.rates:
            waits[rate] = latency(plan, rate, loads, clocks)
            print_latency(rate, waits[rate])
    found = judge(speed, waits)
    targets(found)
    save("bridge", {"throughput": as_json(speed), "latency": {r: as_json(f) for r, f in waits.items()}}, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--long", action="store_true", help="11 turns of 5 s instead of 3 of 1.5 s")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--window", type=int, default=5, help="messages under way in each pair")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each turn")
    parser.add_argument("--rates", type=int, nargs="*", default=RATES, help="messages a second for latencies")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    given = parser.parse_args()
    rounds = given.rounds or (11 if given.long else 3)
    seconds = given.seconds or (5.0 if given.long else 1.5)
    run(Plan(given.pairs, given.window, seconds, rounds, tuple(given.rates), tuple(given.ways)))


if __name__ == "__main__":
    main()
