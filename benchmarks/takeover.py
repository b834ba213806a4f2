"""What becomes of messages while a standby takes over again and again (H2, H3, A5).

Bob, a Work user, and Carol, an agent, write to each other all the time, while two processes have one database: one
serves, the other stands by. Every few seconds something befalls the one that serves: it is killed, stopped in order,
frozen (SIGSTOP) until the other one has taken over and then woken up, or cut off until then, from ejabberd and the
database or from the database alone. In the end everything is counted, as in `benchmarks/kills.py`. Whoever comes back
has to end by itself, and stands by again.

On SQLite both are on one machine, where a frozen process keeps its lock, and nothing can be cut. On PostgreSQL each has
its own files, and reaches the others over a network of its own.
"""

import argparse
import asyncio
import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.support.promises import Outcome, Side, chatting, counted, log_in, tell
from benchmarks.support.report import Target, median, save, table, targets
from tests.support.bridge import READY, BridgeProcess
from tests.support.postgresql import PostgreSQLServer
from tests.support.server import TestServer, running_ejabberd
from tests.support.storage import shared_server, stop_server
from tests.support.wire import Wire

TAKEOVERS = 20
LONGEST = 4.0
"""Seconds of chat between two, at most."""

KINDS = {"sqlite": ("kill", "stop"), "postgresql": ("kill", "freeze", "cut", "stop", "database")}
WANTED = {"kill": 15.0, "freeze": 15.0, "cut": 15.0, "database": 15.0, "stop": 2.0}
"""Seconds after which the other one is ready (H3)."""

TAKEN_OVER = 4
"""The status of a process that was taken over from."""


@dataclass
class Machine:
    """A process that serves or stands by, and what it reaches others by."""

    process: BridgeProcess
    wires: Sequence[Wire]
    """The last one leads to the database."""

    async def stand_by(self) -> None:
        await self.process.stand_by()

    async def strike(self, kind: str) -> None:
        match kind:
            case "kill":
                await self.process.kill()
            case "stop":
                await self.process.stop()
            case "freeze":
                self.process.signal(signal.SIGSTOP)
            case "cut":
                for wire in self.wires:
                    wire.freeze()
            case "database":
                self.wires[-1].freeze()

    def reconnect(self) -> None:
        for wire in self.wires:
            wire.thaw()

    async def come_back(self, kind: str) -> None:
        """It is awake, or connected again: it has to notice that it was taken over from, and to end."""
        if kind in ("kill", "stop"):
            return
        if kind == "freeze":
            self.process.signal(signal.SIGCONT)
        self.reconnect()
        status = await self.process.ended()
        assert status == TAKEN_OVER, f"ended with {status}:\n{self.process.log.read_text()}"


class Campaign:
    """``machines`` are the one that serves, and the one that stands by."""

    def __init__(
        self, machines: tuple[Machine, Machine], sides: Sequence[Side], kinds: Sequence[str], seed: int
    ) -> None:
        self._serving, self._waiting = machines
        self._sides = sides
        self._kinds = kinds
        self._chance = random.Random(seed)
        self.times: dict[str, list[float]] = {kind: [] for kind in kinds}

    async def run(self, takeovers: int) -> list[Outcome]:
        await log_in(self._sides)
        for number in range(takeovers):
            await asyncio.sleep(self._chance.uniform(0.5, LONGEST))
            kind = self._kinds[number % len(self._kinds)]
            seconds = await self._take_over(kind)
            self.times[kind].append(seconds)
            print(f"{number + 1} of {takeovers}: {kind}; the other one was ready after {seconds:.1f} s", flush=True)
        return await counted(self._sides, self._serving.process)

    async def _take_over(self, kind: str) -> float:
        """How many seconds it took from what befell the first, or its end in order, to the other's being ready."""
        first, second = self._serving, self._waiting
        ready = second.process.count(READY)
        began = time.monotonic()
        await first.strike(kind)
        if kind == "stop":
            began = time.monotonic()
        await second.process.logged(READY, ready + 1)
        seconds = time.monotonic() - began
        await asyncio.sleep(self._chance.uniform(0, 1))
        await first.come_back(kind)
        await first.stand_by()
        self._serving, self._waiting = second, first
        return seconds


@asynccontextmanager
async def machines(
    ejabberd: TestServer, folder: Path, postgresql: PostgreSQLServer | None
) -> AsyncIterator[tuple[Machine, Machine]]:
    """Of which the first serves already, and the second stands by."""
    async with AsyncExitStack() as stack:
        if postgresql is None:
            process = BridgeProcess(folder, ejabberd.settings)
            pair = Machine(process, ()), Machine(process.beside("second"), ())
        else:
            database = postgresql.new_database()
            for name in ("first", "second"):
                (folder / name).mkdir()
            pair = (
                await _apart(stack, ejabberd, folder / "first", postgresql, database),
                await _apart(stack, ejabberd, folder / "second", postgresql, database),
            )
        try:
            await pair[0].process.start("--standby")
            await pair[1].stand_by()
            yield pair
        finally:
            for machine in pair:
                await machine.process.kill()


async def _apart(
    stack: AsyncExitStack, ejabberd: TestServer, folder: Path, postgresql: PostgreSQLServer, database: str
) -> Machine:
    """With files and a network of its own."""
    settings = ejabberd.settings
    api = urlsplit(settings.ejabberd.api_url)
    to_ejabberd, to_api, to_database = [
        await stack.enter_async_context(Wire(port)) for port in (settings.xmpp.port, api.port, postgresql.port)
    ]
    settings = replace(
        settings,
        xmpp=replace(settings.xmpp, port=to_ejabberd.port),
        ejabberd=replace(settings.ejabberd, api_url=api._replace(netloc=f"{api.hostname}:{to_api.port}").geturl()),
    )
    storage = database.replace(f":{postgresql.port}/", f":{to_database.port}/")
    process = BridgeProcess(folder, settings, storage=storage)
    process.storage = database  # by which we ask ourselves
    return Machine(process, (to_ejabberd, to_api, to_database))


async def campaign(
    ejabberd: TestServer,
    folder: Path,
    postgresql: PostgreSQLServer | None,
    takeovers: int = TAKEOVERS,
    seed: int = 1,
) -> tuple[list[Outcome], dict[str, list[float]]]:
    """What became of the messages, from Bob to Carol and from Carol to Bob; how long each kind of take-over took."""
    kinds = KINDS["sqlite" if postgresql is None else "postgresql"]
    async with machines(ejabberd, folder, postgresql) as pair, chatting(ejabberd) as sides:
        running = Campaign(pair, sides, kinds, seed)
        return await running.run(takeovers), running.times


def tell_times(times: dict[str, list[float]]) -> list[Target]:
    """The longest counts."""
    print("Seconds until the other one was ready")
    found = {kind: each for kind, each in times.items() if each}
    table(
        ("kind", "times", "shortest", "median", "longest"),
        [
            (kind, str(len(each)), f"{min(each):.1f}", f"{median(each):.1f}", f"{max(each):.1f}")
            for kind, each in found.items()
        ],
    )
    goals = [Target(f"{kind}: longest", max(each), WANTED[kind], False, " s") for kind, each in found.items()]
    targets(goals)
    return goals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=KINDS, default="sqlite")
    parser.add_argument("--takeovers", type=int, default=TAKEOVERS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with ExitStack() as stack:
        ejabberd = stack.enter_context(running_ejabberd())
        stack.callback(stop_server)
        postgresql = shared_server() if given.engine == "postgresql" else None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-takeover-"))
        outcomes, times = asyncio.run(campaign(ejabberd, Path(folder), postgresql, given.takeovers, given.seed))
    goals = tell(outcomes, f"{given.takeovers} take-overs on {given.engine}") + tell_times(times)
    result = {**vars(given), "outcomes": [vars(each) for each in outcomes], "times": times}
    save(f"takeover-{given.engine}", result, goals)


if __name__ == "__main__":
    main()
