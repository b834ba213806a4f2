"""The process that reads: ``python -m component.loading FILE`` writes what it found to its output, pickled."""

import copyreg
import os
import pickle
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from component.config.configuration import load_settings
from component.config.directory_file import load_directories
from component.config.problems import LoadError, Place, Problem
from component.directory.world import World

from . import Read, read_only

MOST_MEMORY = 4 * 1024**3
"""Bytes of address space. Ten thousand people take a twentieth."""


def main(path: Path) -> None:
    copyreg.pickle(MappingProxyType, _as_dict)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY if most == resource.RLIM_INFINITY else most, most))
    answer = _read(path)
    try:
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the parent has ended meanwhile
        os._exit(1)  # Python would try again at exit, and print an error


def _read(path: Path) -> Read | LoadError:
    warnings: list[Problem] = []
    try:
        settings = load_settings(path, warn=warnings.append)
        return Read(settings, World.of(load_directories(settings)), warnings)
    except LoadError as problem:
        return problem
    except MemoryError:
        return LoadError(
            [Problem(Place(path, {}), "and its directories are too much to read; are they the right files?")]
        )


def _as_dict(mapping: "MappingProxyType[Any, Any]") -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
    """pickle does not support read-only mappings."""
    return read_only, (dict(mapping),)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
