"""Text and TOML files, and the line of each key of a TOML file."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bounded_file import UnfitFile, read_bytes
from .problems import Keys, Place, Problem

MOST_BYTES = 32 * 1024 * 1024
"""Of a TOML or CSV file: some hundred thousand people."""

_COMPLAINTS = {
    "Invalid value": "this is no value; text needs quotes",
    "Invalid statement": "this is neither a key nor a table",
    "Invalid initial character for a key part": "a key is missing here, or needs quotes",
    "Invalid date or datetime": "this is no date",
    "Expected '='": "after a key there must be = and a value",
    "Expected newline or end of document": "there is more on the line than one statement",
    "Unescaped '\\'": "a backslash in double quotes must be written twice",
    "Unterminated string": "the closing quotes are missing",
    "Unclosed array": "the closing bracket is missing",
    "Unclosed inline table": "the closing brace is missing",
    "Illegal character": "a character that cannot be here, or closing quotes are missing",
    "Found invalid character": "a character that cannot be here",
    "Cannot declare": "this table is there twice",
    "Cannot redefine": "this table is there twice",
    "Cannot overwrite": "this key is there twice",
    "Cannot mutate": "this was written as a value before, and cannot get more keys",
    "Duplicate": "this key is there twice",
    "Exceeds the limit": "a huge number",
    "Escaped character": "a character that does not exist",
    "Invalid hex value": "a character that does not exist",
    "Expected": "something is missing before this",
    "maximum recursion": "it is nested too deeply",
}
"""The beginning of a message of Python's parser -> what the operator is told."""

_TABLE = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]", re.ASCII)
_KEY = re.compile(r"\s*([\w.-]+)\s*=", re.ASCII)


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file and the place of its top level, from which all others follow."""

    data: dict[str, Any]
    place: Place


def read_text(path: Path, most: int, problems: list[Problem], below: Path | None = None) -> str | None:
    """The file as text, or None and a problem; see ``read_bytes``. A byte order mark, as some editors write it, is
    dropped."""
    try:
        raw = read_bytes(path, most, below)
    except UnfitFile as unfit:
        problems.append(Problem(Place(path, {}), str(unfit)))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(Place(path, {(): line}), "is not UTF-8 text; save the file as UTF-8"))
        return None


def read_toml(path: Path, problems: list[Problem]) -> TomlFile | None:
    """The file's tables, or None and a problem."""
    text = read_text(path, MOST_BYTES, problems)
    if text is None:
        return None
    try:
        return TomlFile(tomllib.loads(text), Place(path, line_index(text)))
    except (ValueError, RecursionError) as error:  # also for numbers and nesting beyond Python's limits
        problems.append(_invalid(path, str(error)))
        return None


def _invalid(path: Path, complaint: str) -> Problem:
    """The parser's error without its quotes from the file: it may be the wrong file (R4)."""
    where = re.search(r"at line (\d+), column (\d+)", complaint)
    place = Place(path, {(): int(where[1])} if where else {})
    at = f" at column {where[2]}" if where else ""
    what = next((words for beginning, words in _COMPLAINTS.items() if complaint.startswith(beginning)), "")
    return Problem(place, f"is not valid TOML{at}{what and f': {what}'}")


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
