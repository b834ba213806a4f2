"""The layout shows the architecture: who may import whom, and where the outside world may be touched."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from benchmarks import structure

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "component"

# Part -> the parts it may import, besides itself. Arrows point one way only.
MAY_IMPORT = {
    "__init__": set(),
    "model": set(),
    "jid": set(),
    "xml": set(),
    "folding": set(),
    "certificates": set(),
    "processes": set(),
    "background_tasks": set(),
    "token_bucket": {"model"},
    "metrics": set(),
    "policy": {"model", "xml"},
    "richtext": {"model", "xml", "policy"},
    "outgoing": {"model", "xml", "policy", "richtext"},
    "xep": {"model", "xml", "policy", "outgoing"},
    "config": {"model", "jid"},
    "directory": {"model", "jid", "folding"},
    "loading": {"model", "config", "directory", "processes"},
    "sanitiser": {"xml", "policy", "richtext", "processes"},
    "compiled": {"policy"},
    "store": {"background_tasks", "model", "folding"},
    "ejabberd": {"model", "certificates"},
    "web": {"background_tasks", "model", "token_bucket", "metrics", "policy", "store"},
    "services": {"model", "jid", "xml", "policy", "outgoing", "xep", "store", "directory", "__init__"},
    "bridge": {
        *("model", "jid", "xml", "policy", "richtext", "outgoing", "xep", "store", "services", "ejabberd", "config"),
        *("directory", "folding", "loading", "token_bucket", "metrics", "web", "certificates", "sanitiser"),
        "background_tasks",
    },
    "demo": {"model", "config", "directory", "loading", "ejabberd", "bridge", "web"},
    "cli": {
        *("model", "jid", "config", "directory", "loading", "policy", "store", "ejabberd"),
        *("compiled", "bridge", "demo", "web", "services", "__init__"),
    },
}

# Inside the bridge: a layer may import those above it in this list, and nothing below.
BRIDGE_LAYERS = (
    *("clock", "throttled_log", "keyed_queue", "systemd", "standby"),
    "state",
    "incoming",
    "stream",
    "supervision",
    "presence",
    "roster",
    "messages",
    "iq",
    *("reloading", "retention"),
    "commands",
    "router",
    "gauges",
    "app",
    "lifecycle",
    "process",
)

# Inside the store, likewise.
STORE_LAYERS = (
    *("store_errors", "process_names", "dialects", "schema", "changes", "engine", "postgresql_connection"),
    *("postgresql_lease", "prepared", "records", "full_text", "archive", "write", "retention", "migrations"),
    *("copying", "database_files", "sqlite_connection", "sqlite", "sqlite_backup", "lock", "lease", "postgresql"),
    "api",
)

PURE = ("model", "xml", "directory", "policy", "xep", "outgoing", "richtext")
OUTSIDE = {
    *("asyncio", "aiohttp", "concurrent", "logging", "os", "pathlib", "random", "secrets", "slixmpp", "socket"),
    *("sqlalchemy", "sqlite3", "subprocess", "threading", "time", "uvloop"),
}
SLIXMPP = {"jid.py", "bridge/stream/connection.py"}
"""Its prepared addresses in one place, its stream in the other."""


@cache
def modules() -> Sequence[tuple[str, str, ast.Module]]:
    """``(path below the package, part, syntax tree)`` of every module."""
    paths = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))]
    return [(str(path), path.parts[0].removesuffix(".py"), ast.parse((PACKAGE / path).read_text())) for path in paths]


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


def layers(of: str) -> Iterator[tuple[str, str, set[str]]]:
    """``(module, its layer, the layers it imports)`` of a part."""
    for name, part, tree in modules():
        if part == of and name != f"{of}/__init__.py":
            here = f"component.{of}."
            found = {target.split(".")[2] for target in imports(name, tree) if target.startswith(here)}
            yield name, Path(name).parts[1].removesuffix(".py"), found


@pytest.mark.parametrize(
    ("order", "name", "layer", "found"),
    [
        pytest.param(order, *each, id=each[0])
        for of, order in (("bridge", BRIDGE_LAYERS), ("store", STORE_LAYERS))
        for each in layers(of)
    ],
)
def test_no_import_inside_a_part_runs_up(order: tuple[str, ...], name: str, layer: str, found: set[str]) -> None:
    assert layer in order, f"{layer} has no place in this part yet"
    assert found & set(order) <= set(order[: order.index(layer) + 1])


def test_the_store_has_one_door() -> None:
    inside = {
        (name, target)
        for name, part, tree in modules()
        for target in imports(name, tree)
        if part != "store" and target.startswith("component.store") and not target.startswith("component.store.api")
    }
    assert inside == set()


def test_no_two_files_have_one_name() -> None:
    """A file is a thing that one can name, and a name is one thing."""
    names = [Path(name).name for name, _, _ in modules() if "migrations" not in name and not name.endswith("__.py")]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_no_two_public_classes_have_one_name() -> None:
    classes = [
        node.name
        for _, _, tree in modules()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [name for name, times in Counter(classes).items() if times > 1] == []


def test_slixmpp_is_touched_in_two_places() -> None:
    users = {name for name, _, tree in modules() if any(t.split(".")[0] == "slixmpp" for t in imports(name, tree))}
    assert users <= SLIXMPP


def test_no_module_is_hidden_behind_a_type_checking_import() -> None:
    assert not [name for name, _, _ in modules() if "TYPE_CHECKING" in (PACKAGE / name).read_text()]


def test_nothing_is_imported_in_a_circle() -> None:
    known = structure.modules()
    edges = structure.graph(known)
    assert structure.cycles(edges) == []
    assert structure.cycles(structure.by_package(edges, known)) == []


def test_the_fewest_imports_that_run_up_are_counted() -> None:
    """Of two packages that import each other, the one with fewer such imports is below; a third makes no difference."""
    edges = {"a": Counter(b=3, c=1), "b": Counter(a=2), "c": Counter[str]()}
    assert structure.cycles(edges) == [{"a", "b"}]
    assert structure.upward(edges) == 2


STARTS_TASKS = {"background_tasks.py", "store/write/group_commit.py"}
"""The holder of all tasks in the background; and the writer, whose one task is its queue's next step."""


def test_tasks_are_started_by_their_holder() -> None:
    """So that each is kept, says how it failed, and has ended at the end."""
    calls = {"create_task", "ensure_future", "TaskGroup"}
    users = {
        name
        for name, _, tree in modules()
        if any(isinstance(node, ast.Attribute) and node.attr in calls for node in ast.walk(tree))
    }
    assert users <= STARTS_TASKS
