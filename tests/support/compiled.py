"""What of deskbridge is compiled, and whether that is what stands in the source."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).parents[2]


def listed() -> list[Path]:
    """The sources of what is to be compiled."""
    lines = (ROOT / "compiled.txt").read_text().splitlines()
    return [ROOT / line for line in lines if not line.startswith("#")]


def library(source: Path) -> Path:
    """Where a module is, once compiled."""
    return source.with_suffix(EXTENSION_SUFFIXES[0])


def outdated() -> list[Path]:
    """Sources that were changed after they were compiled. Without a compiler none is."""
    return [source for source in listed() if library(source).exists() and _age(source) > _age(library(source))]


def _age(path: Path) -> float:
    return path.stat().st_mtime
