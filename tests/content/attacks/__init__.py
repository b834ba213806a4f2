"""Markup that was written to break sanitisers, from several collections."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    name: str
    markup: str


def cases() -> Iterator[Case]:
    for path in sorted(Path(__file__).parent.glob("*.json")):
        for number, markup in enumerate(json.loads(path.read_text())["cases"]):
            yield Case(f"{path.stem}-{number}", markup)
