"""CPU time and memory of processes, as the kernel counts them."""

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used so far. Threads that ended are forgotten: none do while we measure."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_mb(pid: int) -> float:
    """Everything a process has in memory, shared libraries included: the number that `ps` and `top` show."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def private_mb(pid: int) -> float:
    """What of it nobody else uses, which would be free if the process ended."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024 / 1e6


def family(pid: int) -> list[int]:
    """The processes of a process group, so that ejabberd's helpers count as ejabberd."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            group = int((entry / "stat").read_text().rpartition(")")[2].split()[2])
        except OSError:
            continue
        if group == pid:
            found.append(int(entry.name))
    return found


def with_children(pid: int) -> list[int]:
    """A process and those that it started itself: PostgreSQL's have groups of their own."""
    found = [pid]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(entry.name))
    return found


class Clocks:
    """CPU time of some processes, by name, between ``start`` and ``stop``; and our own."""

    def __init__(self, processes: Mapping[str, Iterable[int]]) -> None:
        self._processes = {name: list(pids) for name, pids in processes.items()}

    def start(self) -> None:
        self._began = time.monotonic()
        self._own = time.process_time()
        self._before = self._now()

    def stop(self, messages: int) -> tuple[dict[str, float], float]:
        """us a message of each process, and which share of one core we took ourselves."""
        used = {name: total - self._before[name] for name, total in self._now().items()}
        share = (time.process_time() - self._own) / (time.monotonic() - self._began)
        return {name: seconds * 1e6 / max(messages, 1) for name, seconds in used.items()}, share

    def _now(self) -> dict[str, float]:
        return {name: sum(map(cpu_seconds, pids)) for name, pids in self._processes.items()}


def wait_until_idle(pids: Iterable[int], share: float = 0.05, seconds: float = 60.0) -> None:
    """Until these have little to do: what follows a start or a thousand log-ins is over."""
    processes = list(pids)
    until = time.monotonic() + seconds
    before = sum(map(cpu_seconds, processes))
    while time.monotonic() < until:
        time.sleep(0.5)
        now = sum(map(cpu_seconds, processes))
        if now - before < 0.5 * share:
            return
        before = now
    raise AssertionError("deskbridge or ejabberd did not come to rest")
