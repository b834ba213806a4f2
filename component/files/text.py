"""Text and TOML files, and on which line each key of a TOML file stands."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from component.files.problems import Keys, Place, Problem

_TABLE = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]", re.ASCII)
_KEY = re.compile(r"\s*([\w.-]+)\s*=", re.ASCII)


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file and the place of its top level, from which all others follow."""

    data: dict[str, Any]
    place: Place


def read_text(path: Path, problems: list[Problem]) -> str | None:
    """The file as text, or None and a problem. A byte order mark, as some editors write it, is dropped."""
    place = Place(path, {})
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        problems.append(Problem(place, f"cannot be read: {reason}; check the path and its permissions"))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(Place(path, {(): line}), "is not UTF-8 text; save the file as UTF-8"))
        return None


def read_toml(path: Path, problems: list[Problem]) -> TomlFile | None:
    """The file's tables, or None and a problem."""
    text = read_text(path, problems)
    if text is None:
        return None
    try:
        return TomlFile(tomllib.loads(text), Place(path, line_index(text)))
    except (ValueError, RecursionError) as error:  # also for numbers and nesting beyond Python's limits
        line = re.search(r"at line (\d+)", str(error))
        place = Place(path, {(): int(line[1])} if line else {})
        problems.append(Problem(place, f"is not valid TOML: {error}"))
        return None


def line_index(text: str) -> dict[Keys, int]:
    """The line, from 1, of the tables and keys of a valid TOML text.

    Best effort, since the parser of the standard library keeps no positions: a key in quotes or in an
    inline table is left out, and its problems are shown at the line of the table around it.
    """
    lines: dict[Keys, int] = {}
    last: dict[Keys, int] = {}  # index of the newest table of each [[array of tables]]
    table: Keys = ()
    in_string = False
    for number, line in enumerate(text.split("\n"), 1):
        if not in_string:
            if header := _TABLE.match(line):
                table = _enter(header[2].split("."), header[1] == "[[", last)
                lines.setdefault(table, number)
            elif key := _KEY.match(line):
                lines.setdefault(table + tuple(key[1].split(".")), number)
        if (line.count('"""') + line.count("'''")) % 2:
            in_string = not in_string
    return lines


def _enter(names: list[str], is_array: bool, last: dict[Keys, int]) -> Keys:
    """The keys of a table header, with the index of every array of tables on the way."""
    table: Keys = ()
    for name in names[:-1]:
        table += (name,)
        if table in last:
            table += (last[table],)
    table += (names[-1],)
    if is_array:
        last[table] = last.get(table, -1) + 1
        table += (last[table],)
    return table
