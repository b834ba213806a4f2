"""Chats between pairs of clients: as many as go through a window, or at a fixed rate.

Runs in the benchmark's own process, which has nothing else to do meanwhile; its share of the CPU is part of each
result. Every message has the parts that today's clients send: ids, a text of real words, a request for a receipt and a
chat state, which deskbridge has to take out, about 500 bytes in all.
"""

import gc
import random
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.store import TEXTS
from benchmarks.support.client import Client
from benchmarks.support.cpu import Clocks

WARM_UP_SECONDS = 0.4
PATIENCE_SECONDS = 20.0
"""Messages that have not come so long after the last one are lost."""

BYTES = 500


Latencies = list[tuple[int, float]]
"""When each message was due, in ns, and after how many ms it arrived."""

Event = tuple[float, Callable[[], object]]
"""What to do after so many seconds."""


@dataclass(frozen=True)
class Pair:
    """``sender`` writes to the address ``to``, and ``receiver`` gets it."""

    sender: Client
    receiver: Client
    to: str


@dataclass(frozen=True)
class Measured:
    """``cpu`` is CPU time in us for each message, by process; ``load`` the generator's share of one core."""

    messages: int
    per_second: float
    latencies_ms: list[float]
    cpu: dict[str, float]
    load: float
    held: bool = True
    each: Sequence[tuple[int, float]] = ()
    """When each message was due, in ns, and its latency; at fixed rates only."""

    def percentile(self, percent: float) -> float:
        ordered = self.latencies_ms
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Load:
    """The clients of all pairs, and one loop that reads whatever comes to them."""

    def __init__(self, pairs: Iterable[Pair], listeners: Iterable[Client] = ()) -> None:
        """``listeners`` take part in no chat; what they hear is in ``heard``, as mark and time in ns."""
        self.heard: list[tuple[int, int]] = []
        self._pairs = list(pairs)
        self._listeners = {client.socket.fileno(): client for client in listeners}
        self._poll = select.epoll()
        self._count = 0
        self._clients = {c.socket.fileno(): c for pair in self._pairs for c in (pair.sender, pair.receiver)}
        self._clients |= self._listeners
        self._of = {pair.receiver.socket.fileno(): pair for pair in self._pairs}
        for descriptor in self._clients:
            self._poll.register(descriptor, select.EPOLLIN)
        self._run = random.getrandbits(24)

    def throughput(self, window: int, seconds: float, clocks: Clocks) -> Measured:
        """Each pair has ``window`` messages under way, all the time."""
        with _undisturbed():
            for pair in self._pairs:
                self._send(pair, [time.monotonic_ns()] * window)
            self._go_on(time.monotonic() + WARM_UP_SECONDS)
            clocks.start()
            began = time.monotonic()
            latencies = self._go_on(began + seconds)
            elapsed = time.monotonic() - began
            cpu, load = clocks.stop(len(latencies))
            self._drain(window * len(self._pairs))
        return Measured(len(latencies), len(latencies) / elapsed, sorted(latencies), cpu, load)

    def _go_on(self, until: float) -> list[float]:
        """For each message that comes, send the next."""
        latencies: list[float] = []
        while (now := time.monotonic()) < until:
            for descriptor, _ in self._poll.poll(until - now):
                marks = self._receive(descriptor)
                if marks:
                    now_ns = time.monotonic_ns()
                    latencies += [(now_ns - mark) / 1e6 for mark in marks]
                    self._send(self._of[descriptor], [now_ns] * len(marks))
        return latencies

    def at_rate(self, rate: float, seconds: float, clocks: Clocks, events: Iterable[Event] = ()) -> Measured:
        """Messages evenly spread over time and pairs, sent whether or not those before have arrived.

        A latency counts from when the message was *due*, so a system that stalls cannot hide it. ``held`` is false
        if more than a second's worth was under way at the end: then the rate is beyond what is possible. ``events``, in
        their order, happen meanwhile.
        """
        agenda = deque(events)
        latencies: Latencies = []
        pairs, total = self._pairs, int(rate * (seconds + WARM_UP_SECONDS))
        gap = 1e9 / rate
        with _undisturbed():
            began = time.monotonic_ns() + 1_000_000
            measured_from = began + int(WARM_UP_SECONDS * 1e9)
            sent = got = 0
            clocks.start()
            while sent < total:
                due = began + int(sent * gap)
                now = time.monotonic_ns()
                while agenda and now >= measured_from + agenda[0][0] * 1e9:
                    agenda.popleft()[1]()
                while due <= now and sent < total:
                    self._send(pairs[sent % len(pairs)], [due])
                    sent += 1
                    due = began + int(sent * gap)
                for descriptor, _ in self._poll.poll(max(0, due - time.monotonic_ns()) / 1e9):
                    got += self._take(descriptor, latencies, measured_from)
            cpu, load = clocks.stop(got)
            held = sent - got < max(rate, 100)
            self._drain(sent - got, latencies, measured_from)
        times = sorted(latency for _, latency in latencies)
        return Measured(len(times), rate, times, cpu, load, held, latencies)

    # One thing each

    def _send(self, pair: Pair, due: list[int]) -> None:
        self._count += len(due)
        texts = [_message(pair.to, f"{self._run:x}-{self._count - number}", at) for number, at in enumerate(due)]
        while not pair.sender.send("".join(texts).encode()):
            texts = []
            select.select([], [pair.sender.socket], [], 1.0)

    def _receive(self, descriptor: int) -> list[int]:
        marks = self._clients[descriptor].receive()
        if descriptor in self._listeners:
            now = time.monotonic_ns()
            self.heard += [(mark, now) for mark in marks]
            return []
        return marks

    def _take(self, descriptor: int, latencies: Latencies, measured_from: int) -> int:
        marks = self._receive(descriptor)
        now = time.monotonic_ns()
        latencies += [(mark, (now - mark) / 1e6) for mark in marks if mark >= measured_from]
        return len(marks)

    def _drain(self, missing: int, latencies: Latencies | None = None, measured_from: int = 0) -> None:
        """Wait for what is under way, so that nothing of it falls into the next measurement."""
        into = [] if latencies is None else latencies
        last = time.monotonic()
        while missing > 0:
            events = self._poll.poll(0.5)
            for descriptor, _ in events:
                missing -= self._take(descriptor, into, measured_from)
            if events:
                last = time.monotonic()
            elif time.monotonic() - last > PATIENCE_SECONDS:
                raise AssertionError(f"{missing} messages did not arrive")


def _message(to: str, id: str, due: int) -> str:
    head = (
        f"<message to='{to}' type='chat' id='{id}'><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/>"
        "<request xmlns='urn:xmpp:receipts'/><active xmlns='http://jabber.org/protocol/chatstates'/>"
        f"<body>~{due}~ "
    )
    return f"{head}{random.choice(TEXTS)[: BYTES - len(head) - 17]}</body></message>"


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without pauses of our own."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
