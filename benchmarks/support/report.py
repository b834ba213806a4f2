"""Figures for people, and the same as JSON for machines."""

import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path("benchmarks/results")


@dataclass(frozen=True)
class Target:
    """``figure`` must be at least, or at most, ``wanted``."""

    name: str
    figure: float
    wanted: float
    at_least: bool = True
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.figure >= self.wanted if self.at_least else self.figure <= self.wanted


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """How noisy a median is: the distance of the outermost values, as a share of it."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    for line in (head, *rows):
        cells = [
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    print(flush=True)


def targets(found: Sequence[Target]) -> None:
    rows = [
        (
            t.name,
            f"{t.figure:,.2f}{t.unit}",
            f"{'at least' if t.at_least else 'at most'} {t.wanted:g}{t.unit}",
            "met" if t.met else "MISSED",
        )
        for t in found
    ]
    table(("target", "measured", "wanted", ""), rows)


def save(name: str, figures: Mapping[str, object], found: Sequence[Target] = ()) -> None:
    """``benchmarks/results/NAME.json``, beside what kind of machine it was."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    document = {
        "benchmark": name,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "python": platform.python_version()},
        "load_average": os.getloadavg()[0],
        "targets": [
            {"name": t.name, "measured": t.figure, "wanted": t.wanted, "at_least": t.at_least, "met": t.met}
            for t in found
        ],
        **figures,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"written to {path}")


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine_line() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {processor()}, Python {platform.python_version()}, load average {load:.1f}"
