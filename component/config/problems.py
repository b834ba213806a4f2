"""Problems in files: what is wrong, where, and how operators see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

Keys = tuple[str | int, ...]
"""A path in a file: ``("tenants", 0, "mode")``."""

_SHOWN = 50
"""Problems shown: a broken export of ten thousand people should not scroll the first one away."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file. ``lines`` has the line (from 1) of some of the file's keys."""

    file: Path
    lines: Mapping[Keys, int]
    keys: Keys = ()

    def at(self, *keys: str | int) -> Self:
        return type(self)(self.file, self.lines, self.keys + keys)

    @property
    def line(self) -> int | None:
        """The line of the key, or of the nearest table around it whose line is known."""
        for length in range(len(self.keys), -1, -1):
            if line := self.lines.get(self.keys[:length]):
                return line
        return None

    def __str__(self) -> str:
        """``acme.toml:12: people[0].work``, which editors and terminals turn into a link."""
        spot = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{spot}: {key_path(self.keys)}" if self.keys else spot


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem at one place; ``text`` says what is wrong and what to do."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class LoadError(Exception):
    """Files that cannot be used. ``problems`` has all of them, in the order of files and lines."""

    subject = "files"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_order))
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        lines = [f"{count} problem{'s' if count != 1 else ''} in the {self.subject}:"]
        lines += [f"  {problem}" for problem in self.problems[:_SHOWN]]
        if count > _SHOWN:
            lines.append(f"  … and {count - _SHOWN} more")
        return "\n".join(lines)


class ConfigError(LoadError):
    """A configuration that cannot be used; ``problems`` has everything that is wrong with it."""

    subject = "configuration"


class DirectoryError(LoadError):
    """A directory that cannot be used; ``problems`` has everything that is wrong with it."""

    subject = "directory"


def key_path(keys: Keys) -> str:
    """``tenants[0].mode``"""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def duplicates(what: str, uses: Iterable[tuple[Place, str]]) -> Iterable[Problem]:
    """A problem for every value after its first use, naming both places."""
    first: dict[str, Place] = {}
    for place, value in uses:
        if value in first:
            yield Problem(place, f'{what} "{value}" is already used at {first[value]}; each may appear once')
        else:
            first[value] = place


def _order(problem: Problem) -> tuple[str, int]:
    return str(problem.place.file), problem.place.line or 0
