"""Every rule that code and tests name is defined in docs/rules.md; README's table says what the matrix says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from component.model import Profile, Side
from component.policy.matrix import MATRIX, Act

ROOT = Path(__file__).parents[2]
RULE = re.compile(r"(?<![\w/.#-])((?:AD|[MPCVASDORH])\d{1,2})(?![\w.])")
ROW = re.compile(r"\| ((?:AD|[MPCVASDORH])\d{1,2}) \| (.+) \| (.+) \| (.+) \|")
NOT_RULES = {"A0"}
"""A byte, in a test."""

DIRECTIONS = ((Side.WORK, Side.AGENT), (Side.AGENT, Side.WORK), (Side.AGENT, Side.AGENT))


def defined() -> dict[str, tuple[list[str], list[str]]]:
    """Rule -> files that decide it, below component/, and files that hold it, below tests/."""
    rows = ROW.findall((ROOT / "docs" / "rules.md").read_text())
    return {rule: (re.findall("`(.+?)`", code), re.findall("`(.+?)`", tests)) for rule, _, code, tests in rows}


def sources(folder: str) -> Iterator[Path]:
    return (path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


@pytest.mark.parametrize("folder", ["component", "tests"])
def test_every_rule_that_is_named_is_defined(folder: str) -> None:
    named = {rule for path in sources(folder) for rule in RULE.findall(path.read_text())}
    assert named - NOT_RULES - set(defined()) == set()


@pytest.mark.parametrize("rule", defined())
def test_a_rule_is_decided_and_held_where_it_says(rule: str) -> None:
    decided, held = defined()[rule]
    assert decided and held
    for folder, names in (("component", decided), ("tests", held)):
        for name in names:
            assert rule in RULE.findall((ROOT / folder / name).read_text()), name


def readme_rows() -> list[tuple[set[str], list[str]]]:
    """The rules of each row of README's table of content, and its three cells."""
    lines = re.findall(
        r"^\| (C[\dC, ]+) \| .+? \| (.+) \| (.+) \| (.+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    return [
        (set(rules.split(", ")), [first, first if second == "same" else second, first if third == "same" else third])
        for rules, first, second, third in lines
    ]


def words(cell: str) -> set[str]:
    """What a cell says becomes of something: pass, strip, drop, or the condition of an error."""
    plain = re.sub("`.*?`", "", cell).lower()
    said = {word for word in ("pass", "strip", "drop") if re.search(rf"\b{word}\b", plain)}
    return said | set(re.findall(r"`([a-z-]+)`", cell))


def decided(rule: str, sender: Side, receiver: Side) -> set[str]:
    """The same from the matrix. What is made into something else counts as words that no cell has to have."""
    found: set[str] = set()
    for (_, one, other, _profile), cell in MATRIX.items():
        if cell.spec == rule and (one, other) == (sender, receiver):
            if cell.reason:
                found.add(cell.reason.value.condition)
            elif cell.act in (Act.PASS, Act.STRIP, Act.DROP):
                found.add(cell.act.name.lower())
    return found


@pytest.mark.parametrize("rule", sorted({cell.spec for cell in MATRIX.values()} - {"C0"}))
def test_readme_says_what_the_matrix_says(rule: str) -> None:
    """In every direction nothing that README does not tell; C2, C4, C17 and C18 are decided elsewhere too."""
    rows = [cells for rules, cells in readme_rows() if rule in rules]
    assert rows, f"README does not name {rule}"
    for number, (sender, receiver) in enumerate(DIRECTIONS):
        told = set().union(*(words(cells[number]) for cells in rows))
        assert decided(rule, sender, receiver) <= told, f"{sender} to {receiver}"


def test_the_matrix_is_the_same_in_both_profiles() -> None:
    """README has one table for both."""
    for feature, sender, receiver, _ in MATRIX:
        assert len({MATRIX[feature, sender, receiver, profile] for profile in Profile}) == 1
