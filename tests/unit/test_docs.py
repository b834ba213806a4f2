"""The documentation names files, modules and classes that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|txt|cfg)")
CLASS = re.compile(r"[A-Z][a-z]\w*(?:\.\w+)?")

MADE = {"run/", "run/certificate.crt", "benchmarks/results/"}
"""Made when something is run."""

OTHERS = {"ejabberdctl.cfg", "poezio.cfg"}
"""Files of others."""

ACTORS = {"ejabberd", "browser", "proxy", "watchers", "process", "look-ups", "a session changes"}
"""In diagrams, beside modules and classes."""


def spans(document: str) -> list[str]:
    """What stands in backticks, outside of blocks of code."""
    text = re.sub(r"^\s*```.*?^\s*```", "", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", text)]


@cache
def sources() -> tuple[Path, ...]:
    return tuple(path for path in (ROOT / "component").rglob("*.py") if "node_modules" not in path.parts)


@cache
def classes() -> dict[str, set[str]]:
    """Class -> its members: methods, attributes of the class, and those that it sets on itself."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "component").rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = {
                    each.name for each in ast.walk(node) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                }
                found[node.name] |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                found[node.name] |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_exists(document: str) -> None:
    """Below the repository's root, the package, or the tests."""
    named = {span.partition("::")[0] for span in spans(document) if PATH.fullmatch(span)} - MADE - OTHERS
    missing = {name for name in named if not any((ROOT / base / name).exists() for base in ("", "component", "tests"))}
    assert missing == set()


def test_every_class_that_the_architecture_names_exists() -> None:
    named = {span for span in spans("docs/architecture.md") if CLASS.fullmatch(span)}
    missing = set()
    for name in named:
        owner, _, member = name.partition(".")
        if owner not in classes() or (member and member not in classes()[owner]):
            missing.add(name)
    assert missing == set()


def test_every_station_in_a_diagram_exists() -> None:
    """The first line of a diagram goes from module to module, or from class to class."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    lines = re.findall(r"^```\n(.+ ─+ .+)$", text, re.MULTILINE)
    stations = {station.strip() for line in lines for station in re.split("─+", line)}
    known = {path.stem for path in sources()} | {path.parent.name for path in sources()} | set(classes()) | ACTORS
    assert lines and stations - known == set()


def test_every_module_in_the_list_of_imports_exists() -> None:
    """In the left column: packages and modules of the package, and, indented, of the bridge."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    block = re.search(r"## Who may import whom\n\n```\n(.+?)```", text, re.DOTALL)
    assert block
    for line in block[1].splitlines():
        names = re.match(r"(  )?(\S.*?)(?:   |$)", line)
        if names and not line.startswith("   "):
            folder = ROOT / "component" / ("bridge" if names[1] else "")
            for name in re.findall(r"\w+", names[2]):
                assert (folder / name).is_dir() or (folder / f"{name}.py").exists(), name
