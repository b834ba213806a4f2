"""Markup that is written to break sanitisers: ours, and with ``collected`` what others have written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.unit.richtext.attacks.tables import made


class Case(NamedTuple):
    name: str
    markup: str


def cases() -> Iterator[Case]:
    """Ours."""
    single = json.loads((Path(__file__).parent / "own.json").read_text())["cases"]
    for number, markup in enumerate([*single, *made()]):
        yield Case(f"own-{number}", markup)
