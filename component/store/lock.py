"""The lease on an SQLite database (H2): a lock beside it, which the kernel lets go of however its process ends.

Only the bridge takes it. Commands on the command line write beside it, in transactions of their own.
"""

import asyncio
import fcntl
import hashlib
import os
import socket
import time

from .sqlite_connection import file_of
from .store_errors import StoreError, StoreInUse

MOST_BYTES = 4096


class FileLease:
    """A `Lease`. A process that is stopped or suspended keeps it, so it never runs out and is never lost."""

    def __init__(self, url: str, holder: str) -> None:
        """``url`` is ``sqlite:///PATH``."""
        self._path = f"{os.path.realpath(file_of(url))}.lock"  # the same for all names of one database
        self.holder = holder
        self._lock: int | None = None
        self.database = hashlib.sha256(f"{socket.gethostname()}:{self._path}".encode()).hexdigest()[:32]
        self.epoch = 0
        self.lost = asyncio.Event()

    async def acquire(self) -> None:
        try:
            lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error
        try:
            _take(lock)
            os.truncate(lock, 0)
            os.pwrite(lock, f"{self.holder}\n".encode(), 0)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        self.epoch = time.time_ns()

    def valid(self) -> bool:
        return self._lock is not None

    async def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _take(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreInUse(os.pread(lock, MOST_BYTES, 0).decode(errors="replace").strip()) from None
