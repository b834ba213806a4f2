"""Whether the files of the database are still those that were opened.

SQLite keeps its files open. If one of them is deleted or replaced meanwhile, it goes on with what has no name any more,
and all that it writes there is gone with the process.
"""

import os

_BESIDE = ("-wal", "-shm")

Identity = tuple[int, int]


class DatabaseFiles:
    """The database ``path`` and what SQLite puts beside it. ``opened`` and ``closed`` are called by its one writer."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._main: Identity | None = None
        self._beside: dict[str, Identity | None] = {}

    def opened(self) -> None:
        """They have just been opened: from now on they are these."""
        self._main = _identity(self.path)
        self._beside = {path: _identity(path) for path in (self.path + suffix for suffix in _BESIDE)}

    def closed(self) -> None:
        """What is beside the database may go, which SQLite does by itself."""
        self._beside = {}

    @property
    def has_main(self) -> bool:
        """Whether the database itself is what it was at first."""
        return self._main is None or _identity(self.path) == self._main

    def lacking(self) -> list[str]:
        """The paths of those that are not there any more, or others."""
        known = {self.path: self._main, **self._beside}
        return [path for path, identity in known.items() if identity and _identity(path) != identity]

    def accept(self) -> None:
        """What stands at the path now is the database."""
        self._main = _identity(self.path)


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
