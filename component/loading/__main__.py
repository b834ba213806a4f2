"""The process that reads: ``python -m component.loading FILE`` writes what it found to its output, pickled."""

import copyreg
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from component.config import load_settings
from component.directory import load_directories
from component.files.problems import LoadError, Problem
from component.world import World

from . import Read, read_only


def main(path: Path) -> None:
    copyreg.pickle(MappingProxyType, _as_dict)
    pickle.dump(_read(path), sys.stdout.buffer)


def _read(path: Path) -> Read | LoadError:
    warnings: list[Problem] = []
    try:
        settings = load_settings(path, warn=warnings.append)
        return Read(settings, World.of(load_directories(settings)), warnings)
    except LoadError as problem:
        return problem


def _as_dict(mapping: "MappingProxyType[Any, Any]") -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
    """pickle itself knows no read-only mappings."""
    return read_only, (dict(mapping),)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
