"""How a helper process is started: a new Python that runs one of our modules and shares nothing with this one."""

import os
import sys


def command(module: str, *arguments: str) -> list[str]:
    """The command line of ``python -m MODULE``."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """With our module path, and without the current folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
