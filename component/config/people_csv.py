"""People from a spreadsheet: RFC 4180 with a header line that names the columns."""

import csv
import io
import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .problems import Place, Problem
from .toml_source import MOST_BYTES, read_text

_SEPARATOR = re.compile(r"[;\s]+")

Row = tuple[Place, dict[str, Any]]
"""A line and its filled cells by column, in the form of a table of a TOML file."""


def read_rows(
    path: Path, columns: Collection[str], lists: Collection[str], problems: list[Problem], below: Path
) -> list[Row]:
    """The lines of a file in the folder ``below``, whose header may name ``columns`` in any order.

    Cells of the columns ``lists`` are lists separated by ``;`` or spaces. Blank lines and empty cells count
    as absent. A record that goes over several lines has the place of its first.
    """
    text = read_text(path, MOST_BYTES, problems, below)
    if text is None:
        return []
    records = _records(text, path, problems)
    header_place, cells = next(records, (Place(path, {}), []))
    header = [cell.strip() for cell in cells]
    if faults := list(_header_faults(header, columns)):
        problems += [Problem(header_place, fault) for fault in faults]
        return []
    return [
        (place, _table(header, record, lists))
        for place, record in records
        if any(record) and _fits(header, record, place, problems)
    ]


def _records(text: str, path: Path, problems: list[Problem]) -> Iterator[tuple[Place, list[str]]]:
    """The records up to the first that cannot be read, which is a problem."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        place = Place(path, {(): reader.line_num + 1})
        try:
            yield place, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(Problem(place, f'is not valid CSV: {error}; write " inside quotes as ""'))
            return


def _header_faults(header: list[str], columns: Collection[str]) -> Iterator[str]:
    if "name" not in header:
        yield "the first line must name the columns, separated by commas, among them name"
    for number, column in enumerate(header, 1):
        if column not in columns:
            yield f"column {number} has a name that is not known; {_known(column, columns)}"
        elif column in header[: number - 1]:
            yield f"the column {column} is there twice; keep one"


def _known(column: str, columns: Collection[str]) -> str:
    """What may have been meant. What stands there is not repeated: the file may be another one than was meant (R4)."""
    close = get_close_matches(column, columns, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(columns)}"


def _fits(header: list[str], record: list[str], place: Place, problems: list[Problem]) -> bool:
    if len(record) == len(header):
        return True
    text = f"has {len(record)} cells, the header {len(header)}; put a cell that contains a comma in quotes"
    problems.append(Problem(place, text))
    return False


def _table(header: list[str], record: list[str], lists: Collection[str]) -> dict[str, Any]:
    cells = {column: cell.strip() for column, cell in zip(header, record, strict=True)}
    return {
        column: [item for item in _SEPARATOR.split(cell) if item] if column in lists else cell
        for column, cell in cells.items()
        if cell
    }
