"""The shape of the source, in numbers: `python -m benchmarks.structure [--traces]`.

Anybody gets the same ones for the same source, whatever the machine. ``--traces`` adds what ordinary things cost
(`benchmarks.trace`), which needs ejabberd and takes some minutes.
"""

import argparse
import ast
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path("component")
SMALL = 110
"""Lines; a module of fewer that has one importer had better be a part of it."""

ON_PURPOSE = ("component/cli/", "component/bridge/commands/", "component/xep/", "component/store/migrations/")
"""Folders with one file for each command, protocol or migration, however small."""

Graph = Mapping[str, Counter[str]]
"""Node -> what it imports, and in how many statements."""


@dataclass(frozen=True, eq=False)
class Module:
    path: Path
    tree: ast.Module
    lines: int


Modules = Mapping[str, Module]
"""By dotted name."""


def modules() -> Modules:
    """All that hold more than a docstring."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        text = path.read_text()
        tree = ast.parse(text)
        if len(tree.body) > (ast.get_docstring(tree) is not None):
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            found[name] = Module(path, tree, len(text.splitlines()))
    return found


def imports(name: str, module: Module, known: Modules) -> Iterator[str]:
    """The project's own modules that one imports, one for each statement and name."""
    package = name.split(".") if module.path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & set(known)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            inner = {f"{target}.{alias.name}" for alias in node.names} & set(known)
            yield from inner or ({target} & set(known))


def graph(known: Modules) -> Graph:
    return {name: Counter(imports(name, module, known)) - Counter([name]) for name, module in known.items()}


def by_package(edges: Graph, known: Modules) -> Graph:
    """A folder without folders in it is one node; of any other folder each file is one."""
    folders = {name: module.path.parent for name, module in known.items()}
    outer = {folder.parent for folder in folders.values()}
    node = {name: name if folder in outer else ".".join(folder.parts) for name, folder in folders.items()}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, targets in edges.items():
        for target, times in targets.items():
            if node[name] != node[target]:
                found[node[name]][node[target]] += times
    return found


def cycles(edges: Graph) -> list[frozenset[str]]:
    """Nodes of which each reaches each other (strongly connected components of more than one)."""

    @cache
    def reached(start: str) -> frozenset[str]:
        seen: set[str] = set()
        coming = list(edges.get(start, ()))
        while coming:
            node = coming.pop()
            if node not in seen:
                seen.add(node)
                coming += edges.get(node, ())
        return frozenset(seen)

    circular = [node for node in edges if node in reached(node)]
    return list({frozenset(other for other in circular if other in reached(node) and node in reached(other))
                 for node in circular})  # fmt: skip


def upward(edges: Graph) -> int:
    """The fewest imports that run up, in the best of all orders of the packages."""
    return sum(_fewest(tuple(cycle), edges) for cycle in cycles(edges))


def _fewest(nodes: tuple[str, ...], edges: Graph) -> int:
    """Which nodes are below is all that matters to who is put on top of them next, so 2^n steps do."""
    best = {0: 0}
    for below in range(1 << len(nodes)):
        for number, node in enumerate(nodes):
            if not below >> number & 1:
                up = sum(edges[node][other] for place, other in enumerate(nodes) if not below >> place & 1)
                after = below | 1 << number
                best[after] = min(best.get(after, best[below] + up), best[below] + up)
    return best[(1 << len(nodes)) - 1]


def small(known: Modules, edges: Graph) -> list[str]:
    """Those that had better be a part of their only importer."""
    importers = Counter(target for targets in edges.values() for target in targets)
    return [
        name
        for name, module in known.items()
        if importers[name] == 1 and module.lines < SMALL and not str(module.path).startswith(ON_PURPOSE)
    ]


def shape() -> dict[str, str]:
    """What is counted -> the number."""
    known = modules()
    edges = graph(known)
    packages = by_package(edges, known)
    return {
        "modules": str(len(known)),
        "lines of a module, median": f"{statistics.median(module.lines for module in known.values()):.0f}",
        f"modules of fewer than {SMALL} lines with one importer": str(len(small(known, edges))),
        "imports that run up": str(upward(packages)),
        "cycles of packages": str(len(cycles(packages))),
        "cycles of modules": str(len(cycles(edges))),
    }


def costs() -> dict[str, str]:
    """In calls and modules: all of each thing, and what of it is the store's."""
    from benchmarks.trace import THINGS, traced

    rows = {}
    for thing, found in traced(list(THINGS)).items():
        rows[thing] = found
        rows[f"{thing}, in the store"] = found.of_part("store")
    return {f"{name}: calls, modules": f"{len(found.calls)}, {found.modules}" for name, found in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="the small modules with one importer, too")
    parser.add_argument("--traces", action="store_true", help="what ordinary things cost, too")
    options = parser.parse_args()
    if options.list:
        print("\n".join(small(modules(), graph(modules()))))
    for what, number in (shape() | (costs() if options.traces else {})).items():
        print(f"{what:60} {number:>10}", flush=True)


if __name__ == "__main__":
    main()
