"""One process for a database (H2): a lock beside it, which the kernel lets go of however that process ends.

Only the bridge takes it. Commands on the command line write beside it, in transactions of their own.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .sqlite import file_of
from .store_errors import StoreError

MOST_BYTES = 4096


class StoreInUse(StoreError):
    """Another bridge runs on the database; the text says which."""


@contextmanager
def locked(url: str, holder: str) -> Iterator[None]:
    """The database ``sqlite:///PATH`` is this process's alone, of which ``holder`` says in one line which it is.

    :raises StoreInUse: another has it
    :raises StoreError: the file ``PATH.lock`` cannot be written
    """
    path = f"{os.path.realpath(file_of(url))}.lock"  # the same for all names of one database
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    try:
        _take(lock)
        os.truncate(lock, 0)
        os.pwrite(lock, f"{holder}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


def _take(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        first = os.pread(lock, MOST_BYTES, 0).decode(errors="replace").strip() or "another process"
        raise StoreInUse(f"deskbridge runs on it already: {first}; end that one first") from None
