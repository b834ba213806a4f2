"""Reading a file that the configuration names: a regular one, of limited size, in an allowed folder (R2).

The author of a tenant's directory chooses what deskbridge opens, with deskbridge's rights. A pipe would block for ever,
a device has no end, and other files may be none of the author's business.
"""

import os
import stat
from pathlib import Path


class UnfitFile(Exception):
    """A file that is not read. The text says why and what to do, and quotes nothing of it."""


def read_bytes(path: Path, most: int, below: Path | None = None) -> bytes:
    """All of a regular file of at most ``most`` bytes, in the folder ``below`` or in folders of it, after symbolic
    links are resolved. Raises ``UnfitFile``."""
    try:
        real = os.path.realpath(path)
        if below is not None and not Path(real).is_relative_to(os.path.realpath(below)):
            raise UnfitFile("lies elsewhere; it has to be in the folder of the directory file, or below it")
        # Opening a pipe would block until there is a writer.
        opened = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            data = _read(opened, most)
        finally:
            os.close(opened)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise UnfitFile(f"cannot be read: {reason}; check the path and its permissions") from error
    if len(data) > most:
        raise UnfitFile(f"is larger than {most // 1024} KiB; is it the right file?")
    return data


def _read(opened: int, most: int) -> bytes:
    """Up to one byte more than allowed."""
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise UnfitFile("cannot be read: it is no regular file; name one")
    with open(opened, "rb", closefd=False) as file:
        return file.read(most + 1)
