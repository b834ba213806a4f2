"""What one ordinary message costs, in numbers that no machine changes: `python -m benchmarks.trace [--show]`.

The bridge runs in this process, from its source. A Work user and an agent chat until all that can be cached is. Then
the calls of the project's own functions are counted for one message, from the bytes read to the bytes written, the
thread that writes to the database and the mark of delivery included. ``--show`` prints them in their order.
"""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from benchmarks.bridge import accounts, directory, make_pairs
from benchmarks.support.load import Pair
from benchmarks.support.report import table
from benchmarks.support.server import bench_server
from component.bridge.process import serve
from component.compiled import IS_COMPILED
from component.loading import load

TENANT = "bridge"
WARM = 30
"""Messages before the one that counts."""

SETTLED_SECONDS = 2.0
"""After it, until its mark of delivery is on disk and all is quiet."""

PATIENCE_SECONDS = 60.0

OURS = f"{Path('component').resolve()}{os.sep}"


@dataclass
class Trace:
    """``calls`` are the modules and functions called, in order, by thread."""

    counting: bool = False
    calls: list[tuple[str, str, str]] = field(default_factory=list)

    def hook(self, frame: FrameType, event: str, _: object) -> None:
        if self.counting and event == "call" and frame.f_code.co_filename.startswith(OURS):
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


def stanza(to: str, number: int) -> bytes:
    """As today's clients send it: ids, a request for a receipt, a chat state."""
    return (
        f"<message xmlns='jabber:client' type='chat' to='{to}' id='warm-{number}'><body>Message ~{10**12 + number}~, "
        f"of some words as people write them.</body><origin-id xmlns='urn:xmpp:sid:0' id='warm-{number}'/>"
        "<request xmlns='urn:xmpp:receipts'/><active xmlns='http://jabber.org/protocol/chatstates'/></message>"
    ).encode()


async def say(pair: Pair, number: int) -> None:
    """Send one message, and wait until it is there."""
    pair.sender.send(stanza(pair.to, number))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while f"~{10**12 + number}~".encode() not in pair.receiver.read_all():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def traced(config: Path, pairs: Callable[[], list[Pair]]) -> Trace:
    trace = Trace()
    settings, world = load(config)
    with trace.installed():
        serving = asyncio.create_task(serve(config, settings, world))
        await asyncio.sleep(SETTLED_SECONDS)
        (pair,) = await asyncio.to_thread(pairs)
        await asyncio.sleep(SETTLED_SECONDS)
        for number in range(WARM):
            await say(pair, number)
        await asyncio.sleep(SETTLED_SECONDS)
        trace.counting = True
        await say(pair, WARM)
        await asyncio.sleep(SETTLED_SECONDS)
        trace.counting = False
    signal.raise_signal(signal.SIGTERM)
    await serving
    return trace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="every call, in order")
    options = parser.parse_args()
    if IS_COMPILED:
        parser.error("compiled functions cannot be counted: run `make uncompiled` first")
    with bench_server([TENANT], accounts=accounts(TENANT, 1)) as bench:
        process = bench.bridge({TENANT: directory(1)})
        os.environ["DESKBRIDGE_XMPP_SECRET"] = process.settings.xmpp.secret
        trace = asyncio.run(traced(process.config, lambda: make_pairs(bench, TENANT, 1)))
    if options.show:
        table(("thread", "module", "function"), trace.calls)
    modules = Counter(module for _, module, _ in trace.calls)
    table(("module", "calls"), [(module, str(calls)) for module, calls in modules.most_common()])
    functions = {(module, function) for _, module, function in trace.calls}
    head = ("calls", "functions", "modules", "returns into a module left before")
    table(head, [(str(len(trace.calls)), str(len(functions)), str(len(modules)), str(trace.returns))])


if __name__ == "__main__":
    main()
