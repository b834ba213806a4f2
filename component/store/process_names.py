"""A name for this process, by which another on the same machine can tell that it is gone."""

import os
import uuid
from pathlib import Path

_PROC = Path("/proc")


def process_name() -> str:
    """A new one; two of the same process differ."""
    return f"{_place()} {os.getpid()} {_started(os.getpid())} {uuid.uuid4().hex}"


def is_gone(name: str) -> bool:
    """Has the process of that name certainly ended? False if it was on another machine or in another container."""
    place, _, rest = name.partition(" ")
    if place != _place() or len(rest.split()) != 3:
        return False
    number, started, _ = rest.split()
    return _started(int(number)) != started


def _place() -> str:
    """This start of this machine, and on it the space of process numbers (pid_namespaces(7))."""
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{os.stat(_PROC / 'self/ns/pid').st_ino}"


def _started(number: int) -> str:
    """When it did, in ticks; empty if there is none that does anything (proc(5), /proc/PID/stat)."""
    try:
        state, *rest = (_PROC / str(number) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else rest[18]
