"""How a process of our own is started: a fresh Python that runs one of our modules and shares nothing with this one."""

import os
import sys


def command(module: str, *arguments: str) -> list[str]:
    """What to start for ``python -m MODULE``."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """It finds modules where we do, and not in the folder that we happen to be in."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
