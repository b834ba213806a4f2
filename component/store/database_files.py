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
        self._known: dict[str, Identity] = {}

    def opened(self) -> None:
        """They have just been opened: from now on they are these."""
        found = {path: _identity(path) for path in (self.path, *(self.path + suffix for suffix in _BESIDE))}
        self._known = {path: identity for path, identity in found.items() if identity is not None}

    def closed(self) -> None:
        """What is beside the database may go, which SQLite does by itself."""
        self._known = {path: identity for path, identity in self._known.items() if path == self.path}

    @property
    def has_main(self) -> bool:
        """Whether the database itself is what it was at first."""
        return self.path not in self._known or _identity(self.path) == self._known[self.path]

    def lacking(self) -> list[str]:
        """The paths of those that are not there any more, or others."""
        lacking = []
        for path, identity in self._known.items():
            try:
                found = os.stat(path)
            except OSError:
                lacking.append(path)
                continue
            if (found.st_dev, found.st_ino) != identity:
                lacking.append(path)
        return lacking

    def accept(self) -> None:
        """What stands at the path now is the database."""
        self.opened()
        self.closed()


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
