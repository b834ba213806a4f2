"""The configuration and the directories, read by a separate process that ends after reading.

The memory that reading takes (pydantic, places and checks of every line, several times the result) is freed with that
process, and does not stay in the one that runs for months. The event loop is not blocked meanwhile (R2).
"""

import logging
import pickle
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from types import MappingProxyType
from typing import TypeVar

from component.config.problems import LoadError, Place, Problem
from component.directory.world import World
from component.model import Settings
from component.processes import command, environment

log = logging.getLogger(__name__)

SECONDS = 120.0
"""For all of the reading, which takes 2 s for ten thousand people."""

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Read:
    """The answer of the process. ``warnings`` are problems that are not errors."""

    settings: Settings
    world: World
    warnings: Sequence[Problem]


def load(path: Path) -> tuple[Settings, World]:
    """What the configuration file ``path`` says, and everybody it names.

    Raises LoadError with every problem of the configuration; if it has none, of all directories.
    """
    answer = _ask(path)
    if isinstance(answer, LoadError):
        raise answer
    for warning in answer.warnings:
        log.warning("%s", warning)
    return answer.settings, answer.world


def read_only(mapping: dict[Key, Value]) -> Mapping[Key, Value]:
    """Unpickles a read-only mapping."""
    return MappingProxyType(mapping)


def _ask(path: Path) -> Read | LoadError:
    asked = command(__name__, str(path))
    with subprocess.Popen(asked, stdout=subprocess.PIPE, env=environment()) as process:
        if process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        started = time.monotonic()
        too_long = Timer(SECONDS, process.kill)
        too_long.start()
        try:
            answer: Read | LoadError = pickle.load(process.stdout)
        except (EOFError, pickle.UnpicklingError):  # it ended early, and has written why
            return LoadError([Problem(Place(path, {}), _broken_off(time.monotonic() - started))])
        finally:
            too_long.cancel()
    return answer


def _broken_off(lasted: float) -> str:
    if lasted >= SECONDS:
        return f"could not be read, with its directories, within {SECONDS:g} s; do the disks that they are on answer?"
    return "could not be read: the process that reads it broke off"
