"""One tenant's people, groups and queues, from TOML and CSV, checked as a whole (D1).

CSV is that of RFC 4180, with a header line that names the columns, as spreadsheets write it.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator

from component import jid as addresses
from component.model import EVERYBODY, RESERVED_PREFIX, Directory, Person, Photo, Settings, Side, Team, Tenant

from .photo import read_photo
from .problems import DirectoryError, Place, Problem, duplicates
from .table_shapes import OPTIONAL, Identifier, Name, OneOrMore, TableShape, Text, Value, read_all, required, toml
from .toml_source import MOST_BYTES, read_text, read_toml

_SEPARATOR = re.compile(r"[;\s]+")

Row = tuple[Place, dict[str, Any]]
"""The place of a line, and its non-empty cells by column, like a table of a TOML file."""


def read_rows(
    path: Path, columns: Collection[str], lists: Collection[str], problems: list[Problem], below: Path
) -> list[Row]:
    """The lines of a file in the folder ``below``, whose header may name ``columns`` in any order.

    Cells of the columns ``lists`` are lists separated by ``;`` or spaces. Blank lines and empty cells count as absent.
    A record of several lines has the place of the first.
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
    """The records before the first invalid one, which is reported."""
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
    """The column that may have been meant. The name in the file is not quoted: it may be the wrong file (R4)."""
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


def load_directories(settings: Settings) -> list[tuple[Tenant, Directory]]:
    """Each tenant with its directory. Raises DirectoryError with every problem of all of them."""
    directories: list[tuple[Tenant, Directory]] = []
    problems: list[Problem] = []
    for tenant in settings.tenants:
        try:
            directories.append((tenant, load_directory(tenant.directory)))
        except DirectoryError as error:
            problems += error.problems
    if problems:
        raise DirectoryError(problems)
    return directories


def load_directory(path: Path) -> Directory:
    """The directory in the TOML file ``path`` and the files it names, all of them in its folder or below.

    Raises DirectoryError with every problem of all of these files.
    """
    problems: list[Problem] = []
    file = read_toml(path, problems)
    if file is None:
        raise DirectoryError(problems)
    top = _File.read(file.data, file.place, problems)
    groups = read_all(_Team, top.groups or [], file.place.at("groups"), problems)
    queues = read_all(_Team, top.queues or [], file.place.at("queues"), problems)
    people = read_all(_Person, top.people or [], file.place.at("people"), problems)
    for name in top.people_csv or []:
        rows = read_rows(path.parent / name, _COLUMNS, _LISTS, problems, path.parent)
        people += [(place, _Person.read(cells, place, problems)) for place, cells in rows]
    photos = {
        number: read_photo(path.parent / person.photo, place.at("photo"), problems, path.parent)
        for number, (place, person) in enumerate(people)
        if person.photo
    }
    problems += _clashes(groups, queues, people)
    problems += _unknown_references(groups, queues, people)
    if problems:
        raise DirectoryError(problems)
    return make_directory(
        (person.built(photos.get(number)) for number, (_, person) in enumerate(people)),
        groups=(Team(**team.given()) for _, team in groups),
        queues=(Team(**team.given()) for _, team in queues),
    )


def make_directory(people: Iterable[Person], groups: Iterable[Team] = (), queues: Iterable[Team] = ()) -> Directory:
    """A directory of valid people and teams."""
    return Directory(
        people=tuple(people),
        groups=MappingProxyType({team.id: team for team in groups}),
        queues=MappingProxyType({team.id: team for team in queues}),
    )


def _local_part(text: str) -> str:
    """AD3. The reserved prefix is checked after normalisation, so no spelling can hide it."""
    if not text:
        raise ValueError("must not be empty; leave the key out for a person without this licence")
    if "@" in text:
        raise ValueError(f"must be the part before the @ only, not {toml(text)}")
    local_part = addresses.local_part(text)
    if local_part is None:
        raise ValueError(f"cannot be part of an address: {toml(text)}; spaces and \" & ' / : < > are not allowed")
    if local_part.startswith(RESERVED_PREFIX):
        raise ValueError(f'must not begin with "{RESERVED_PREFIX}", which is reserved: {toml(text)}')
    return local_part


LocalPart = Annotated[str, AfterValidator(_local_part)]


class _File(TableShape):
    people_csv: OneOrMore = OPTIONAL
    groups: list[dict[str, Any]] = OPTIONAL
    queues: list[dict[str, Any]] = OPTIONAL
    people: list[dict[str, Any]] = OPTIONAL


class _Team(TableShape):
    id: Identifier = required("sales")
    name: Name = required("Sales desk")
    watch: bool = OPTIONAL


class _Person(TableShape):
    name: Name = required("Alice Ames")
    work: LocalPart = OPTIONAL
    agent: LocalPart = OPTIONAL
    title: Text = OPTIONAL
    groups: list[str] = OPTIONAL
    queues: list[str] = OPTIONAL
    supervises: OneOrMore = OPTIONAL
    photo: Value = OPTIONAL

    def built(self, photo: Photo | None) -> Person:
        lists = {key: _one_copy(frozenset(getattr(self, key) or ())) for key in _LISTS}
        return Person(**{**self.given(), **lists, "photo": photo})


@lru_cache(maxsize=4096)
def _one_copy(names: frozenset[str]) -> frozenset[str]:
    """Many people are in the same groups, so the sets are shared."""
    return names


_COLUMNS = tuple(_Person.model_fields)
_LISTS = ("groups", "queues", "supervises")

Teams = list[tuple[Place, _Team]]
People = list[tuple[Place, _Person]]


def _clashes(groups: Teams, queues: Teams, people: People) -> Iterator[Problem]:
    for what, teams in (("the group id", groups), ("the queue id", queues)):
        yield from duplicates(what, ((place.at("id"), team.id) for place, team in teams if team.id))
    for side in Side:  # the sides of Person and of the file are named alike
        entries = ((place.at(side), getattr(person, side)) for place, person in people)
        used = ((place, local_part) for place, local_part in entries if local_part)
        yield from duplicates(f"the {side} account", used)


def _unknown_references(groups: Teams, queues: Teams, people: People) -> Iterator[Problem]:
    group_ids = {team.id for _, team in groups}
    queue_ids = {team.id for _, team in queues}
    for key, table, known in (
        ("groups", "groups", group_ids),
        ("queues", "queues", queue_ids),
        ("supervises", "groups", group_ids | {EVERYBODY}),
    ):
        named = ((place.at(key), team) for place, person in people for team in getattr(person, key) or ())
        for place, team in named:
            if team not in known:
                advice = f"correct it or add a section [[{table}]] with this id"
                yield Problem(place, f"there is no {toml(team)} among the {table}; {advice}")
