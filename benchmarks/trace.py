"""What ordinary things cost, in numbers that no machine changes: `python -m benchmarks.trace [WHAT ...] [--show]`.

The bridge runs in this process, from its source. A Work user and an agent chat, ask and change their presence until
all that can be cached is. Then the calls of the project's own functions are counted while one more thing happens, from
the bytes read to the bytes written, the thread that writes to the database and the mark of delivery included; the
fewest of three times, as something else may happen meanwhile. What is done every second, whether anything happens or
not, is not counted. ``--show`` prints the calls in their order.
"""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, MappingProxyType

from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.client import Client
from benchmarks.support.load import Pair
from benchmarks.support.report import table
from benchmarks.support.server import bench_server
from component.bridge.process import serve
from component.compiled import IS_COMPILED
from component.loading import load

TENANT = "bridge"
SERVICE = f"agents.{TENANT}.test"
WORK_FACE = f"work0@directory.{TENANT}.test"
WARM = 30
"""How often each thing is done before it is counted."""

TIMES = 3
PAGE = 10
"""Messages of a page."""

SETTLED_SECONDS = 2.0
"""After it, until its mark of delivery is on disk and all is quiet."""

PATIENCE_SECONDS = 60.0

OURS = f"{Path('component').resolve()}{os.sep}"


PERIODIC = frozenset({"Connection._watch", "Store.look_after_files"})
"""What goes on all the time, with all that it calls."""

PARTS = (
    ("store", ("store/", "folding.py", "metrics.py")),  # with the words it indexes, and what counts its transactions
    ("policy", ("policy/",)),
    ("outgoing", ("outgoing/",)),
    ("stream", ("bridge/stream/", "xml.py")),
    ("bridge", ("",)),
)
"""Parts of the way, and how the paths of their modules begin; the first that fits counts."""


@dataclass
class Trace:
    """``calls`` are the modules and functions called, in order, by thread."""

    counting: bool = False
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    periodic: FrameType | None = None

    def hook(self, frame: FrameType, event: str, _: object) -> None:
        if not self.counting or not frame.f_code.co_filename.startswith(OURS):
            return
        if event == "call" and frame.f_code.co_qualname in PERIODIC:
            self.periodic = frame
        elif event == "return" and frame is self.periodic:
            self.periodic = None
        elif event == "call" and (self.periodic is None or threading.current_thread() is not threading.main_thread()):
            module = frame.f_code.co_filename.removeprefix(OURS)
            self.calls.append((threading.current_thread().name, module, frame.f_code.co_qualname))

    @contextmanager
    def installed(self) -> Iterator[None]:
        """For this thread and all that begin meanwhile."""
        threading.setprofile(self.hook)
        sys.setprofile(self.hook)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    async def of(self, happening: Callable[[], Awaitable[None]]) -> "Counted":
        self.calls = []
        self.counting = True
        await happening()
        arrived = len(self.calls)
        await asyncio.sleep(SETTLED_SECONDS)
        self.counting = False
        return Counted(self.calls, arrived)


def part_of(module: str) -> str:
    return next(part for part, beginnings in PARTS if module.startswith(beginnings))


@dataclass(frozen=True)
class Counted:
    """Of the calls, the first ``arrived`` were made before the answer, or the message, was there."""

    calls: Sequence[tuple[str, str, str]]
    arrived: int = 0

    def of_part(self, part: str) -> "Counted":
        return Counted([call for call in self.calls if part_of(call[1]) == part])

    @property
    def on_the_way(self) -> "Counted":
        """Without what comes later: the mark of delivery, words for the index."""
        return Counted(self.calls[: self.arrived])

    @property
    def functions(self) -> int:
        return len({(module, function) for _, module, function in self.calls})

    @property
    def modules(self) -> int:
        return len({module for _, module, _ in self.calls})

    @property
    def returns(self) -> int:
        """How often a module is entered again that was left before."""
        seen: set[tuple[str, str]] = set()
        entered = 0
        last: dict[str, str] = {}
        for thread, module, _ in self.calls:
            if last.get(thread) != module:
                entered += (thread, module) in seen
                seen.add((thread, module))
                last[thread] = module
        return entered


@dataclass(frozen=True)
class Scene:
    """Two people: ``pair.sender`` is a Work user, whose presence the agent ``pair.receiver`` sees."""

    pair: Pair
    reloaded: asyncio.Event

    async def message(self, number: int) -> None:
        """From the Work user to the agent, as today's clients send it: ids, a request for a receipt, a chat state."""
        mark = f"~{10**12 + number}~"
        stanza = (
            f"<message xmlns='jabber:client' type='chat' to='{self.pair.to}' id='warm-{number}'><body>Message {mark}, "
            f"of some words as people write them.</body><origin-id xmlns='urn:xmpp:sid:0' id='warm-{number}'/>"
            "<request xmlns='urn:xmpp:receipts'/><active xmlns='http://jabber.org/protocol/chatstates'/></message>"
        )
        self.pair.sender.send(stanza.encode())
        await heard(self.pair.receiver, mark)

    async def page(self, number: int) -> None:
        """The newest messages of the agent's archive."""
        query = (
            f"<iq type='set' id='page-{number}'><query xmlns='urn:xmpp:mam:2'>"
            f"<set xmlns='http://jabber.org/protocol/rsm'><max>{PAGE}</max><before/></set></query></iq>"
        )
        self.pair.receiver.send(query.encode())
        await heard(self.pair.receiver, "</fin>")

    async def presence(self, number: int) -> None:
        """The Work user's status changes, which the agent sees."""
        show = f"<show>{'dnd' if number % 2 else 'away'}</show>"
        self.pair.sender.send(f"<presence>{show}</presence>".encode())
        await heard(self.pair.receiver, show)

    async def command(self, number: int) -> None:
        """The agent looks at a list that a command shows."""
        request = (
            f"<iq type='set' id='command-{number}' to='{SERVICE}'>"
            "<command xmlns='http://jabber.org/protocol/commands' node='my-conversations' action='execute'/></iq>"
        )
        self.pair.receiver.send(request.encode())
        await heard(self.pair.receiver, "</command>")

    async def reload(self, _: int) -> None:
        """Of files that nobody has changed."""
        self.reloaded.clear()
        signal.raise_signal(signal.SIGHUP)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.reloaded.wait()


THINGS: Mapping[str, Callable[[Scene, int], Awaitable[None]]] = MappingProxyType(
    {
        "message": Scene.message,
        "page": Scene.page,
        "presence": Scene.presence,
        "command": Scene.command,
        "reload": Scene.reload,
    }
)


async def heard(client: Client, text: str) -> None:
    found = b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while text.encode() not in found:
            await asyncio.sleep(0.01)
            found += client.read_all()


async def counted(config: Path, pairs: Callable[[], list[Pair]], things: Sequence[str]) -> dict[str, Counted]:
    trace = Trace()
    settings, world = load(config)
    reloaded = asyncio.Event()
    found: dict[str, Counted] = {}
    with trace.installed():
        serving = asyncio.create_task(serve(config, settings, world, reloaded=reloaded.set))
        await asyncio.sleep(SETTLED_SECONDS)
        (pair,) = await asyncio.to_thread(pairs)
        pair.receiver.send(f"<presence type='subscribe' to='{WORK_FACE}'/>".encode())
        await asyncio.sleep(SETTLED_SECONDS)
        scene = Scene(pair, reloaded)
        for number in range(PAGE):
            await scene.message(WARM + TIMES + number)  # for a page to have something
        for thing in things:
            happen = THINGS[thing]
            for number in range(WARM if thing != "reload" else TIMES):
                await happen(scene, number)
                await asyncio.sleep(0.2)  # no faster than anybody may
            await asyncio.sleep(SETTLED_SECONDS)
            times = [await trace.of(lambda: happen(scene, WARM + time)) for time in range(TIMES)]  # noqa: B023
            found[thing] = min(times, key=lambda one: len(one.calls))
    signal.raise_signal(signal.SIGTERM)
    await serving
    return found


def traced(things: Sequence[str]) -> dict[str, Counted]:
    """What each of these ``THINGS`` costs."""
    with bench_server([TENANT], accounts=accounts(TENANT, 1)) as bench:
        process = bench.bridge({TENANT: directory(1)})
        os.environ["DESKBRIDGE_XMPP_SECRET"] = process.settings.xmpp.secret
        return asyncio.run(counted(process.config, lambda: make_pairs(bench, TENANT, 1), things))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("things", nargs="*", metavar="WHAT", help=f"of {', '.join(THINGS)}; a message if nothing else")
    parser.add_argument("--show", action="store_true", help="every call, in order")
    options = parser.parse_args()
    things = options.things or ["message"]
    if unknown := set(things) - set(THINGS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(THINGS)}")
    if IS_COMPILED:
        parser.error("compiled functions cannot be counted: run `make uncompiled` first")
    for thing, found in traced(things).items():
        if options.show:
            table(("thread", "module", "function"), found.calls)
        modules = Counter(module for _, module, _ in found.calls)
        table((f"{thing}: module", "calls"), [(module, str(calls)) for module, calls in modules.most_common()])
        head = (thing, "calls", "functions", "modules", "returns into a module left before")
        rows = [(part, found.of_part(part)) for part, _ in PARTS]
        rows += [("all", found), ("until it arrived", found.on_the_way)]
        table(
            head, [(name, *map(str, (len(one.calls), one.functions, one.modules, one.returns))) for name, one in rows]
        )


if __name__ == "__main__":
    main()
