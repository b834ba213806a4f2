"""The layout shows the architecture: who may import whom, and where the outside world may be touched."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "component"

# Part -> the parts it may import, besides itself. Arrows point one way only.
MAY_IMPORT = {
    "__init__": set(),
    "model": set(),
    "addresses": set(),
    "element": set(),
    "certificates": set(),
    "processes": set(),
    "rate": {"model"},
    "metrics": set(),
    "policy": {"model", "element"},
    "stanza": {"model", "element", "policy", "content"},
    "content": {"model", "element", "policy"},
    "files": {"model", "addresses"},
    "config": {"model", "files"},
    "directory": {"model", "addresses", "files"},
    "finding": {"model"},
    "world": {"model", "addresses", "finding"},
    "loading": {"model", "files", "config", "directory", "world", "processes"},
    "sanitiser": {"element", "policy", "content", "stanza", "processes"},
    "explain": {"model", "addresses", "policy", "world"},
    "compiled": {"policy"},
    "store": {"model"},
    "ejabberd": {"model", "certificates"},
    "web": {"model", "rate", "metrics", "policy", "store"},
    "services": {
        *("model", "addresses", "element", "policy", "stanza", "content", "store", "world", "finding", "__init__"),
    },
    "gateway": {
        *("model", "addresses", "element", "policy", "stanza", "content", "store", "services", "ejabberd"),
        *("files", "finding", "world", "loading", "rate", "metrics", "web", "certificates", "sanitiser"),
    },
    "demo": {"model", "config", "world", "loading", "ejabberd", "gateway", "web"},
    "cli": {
        *("model", "addresses", "files", "config", "directory", "world", "loading", "explain", "store", "ejabberd"),
        *("compiled", "gateway", "demo", "web", "services", "__init__"),
    },
}

PURE = ("model", "element", "finding", "policy", "stanza", "content", "explain")
OUTSIDE = {
    *("asyncio", "aiohttp", "concurrent", "logging", "os", "pathlib", "random", "secrets", "slixmpp", "socket"),
    *("sqlalchemy", "sqlite3", "subprocess", "threading", "time", "uvloop"),
}
SLIXMPP = {"jid.py", "bridge/stream/connection.py"}
"""Its prepared addresses in one place, its stream in the other."""


def modules() -> Iterator[tuple[str, str, ast.Module]]:
    """``(path below the package, part, syntax tree)`` of every module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        yield str(name), name.parts[0].removesuffix(".py"), ast.parse(path.read_text())


def imports(name: str, tree: ast.Module) -> Iterator[str]:
    """Every imported module, relative ones made absolute."""
    package = ["component", *Path(name).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            yield target
            yield from (f"{target}.{alias.name}" for alias in node.names)


def parts_imported(name: str, tree: ast.Module) -> set[str]:
    known = set(MAY_IMPORT)
    found = {target.split(".")[1] for target in imports(name, tree) if target.startswith("component.")}
    bare = {"__init__"} if "component.__version__" in set(imports(name, tree)) else set()
    return (found & known) | bare


@pytest.mark.parametrize(("name", "part", "tree"), [pytest.param(*module, id=module[0]) for module in modules()])
def test_imports_point_one_way(name: str, part: str, tree: ast.Module) -> None:
    assert part in MAY_IMPORT, f"{part} has no place in the architecture yet"
    assert parts_imported(name, tree) <= MAY_IMPORT[part] | {part}


@pytest.mark.parametrize(
    ("name", "tree"), [pytest.param(name, tree, id=name) for name, part, tree in modules() if part in PURE]
)
def test_pure_parts_touch_nothing_outside(name: str, tree: ast.Module) -> None:
    touched = {target.split(".")[0] for target in imports(name, tree)}
    assert not touched & (OUTSIDE - {"pathlib"} if name == "model.py" else OUTSIDE)


def test_slixmpp_is_touched_in_two_places() -> None:
    users = {name for name, _, tree in modules() if any(t.split(".")[0] == "slixmpp" for t in imports(name, tree))}
    assert users <= SLIXMPP


def test_no_module_is_hidden_behind_a_type_checking_import() -> None:
    assert not [name for name, _, tree in modules() if "TYPE_CHECKING" in ast.dump(tree)]
