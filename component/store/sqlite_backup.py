"""Copies of an SQLite database, made while others write to it, and put back (H6).

A copy says of itself that it is one. Who opens it first for writing numbers on beyond everything that the original can
have given out since (`write/ids.py`), by whatever means it was put into place. So nothing has to be kept elsewhere that
could be lost or forgotten, and ids that clients have of messages which are gone are still known as such.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

from .records.meta import MARK_COPY, NEXT_CONVERSATION_ID, NEXT_MESSAGE_ID
from .sqlite import SqliteEngine
from .sqlite_connection import BUSY_TIMEOUT_MS, create_private, file_of
from .store_errors import StoreError
from .write.writer import Writer

_COUNTERS = f"SELECT key, value FROM meta WHERE key IN ('{NEXT_MESSAGE_ID}', '{NEXT_CONVERSATION_ID}')"
_RAISE = "UPDATE meta SET value = CAST(max(CAST(value AS INTEGER), ?) AS TEXT) WHERE key = ?"


def back_up(url: str, target: Path) -> None:
    """Write all of the database at ``url``, as it is at one moment, into the new file ``target``.

    :raises StoreError: it cannot be read or written, or is damaged; then there is no such file
    """
    if target.exists():
        raise StoreError(f"{target} is there already")
    partial = target.with_name(f"{target.name}.partial")
    with _explained(f"cannot write {target}"), _removed_on_failure(partial):
        _copy(Path(file_of(url)), partial)
        os.replace(partial, target)
        _sync_folder(target)


async def restore(url: str, source: Path) -> Path | None:
    """Put ``source`` in the place of the database at ``url``, which nobody uses; where that is now, if there was one.

    :raises StoreError: it is no database of deskbridge's, or cannot be put there; then nothing has changed
    """
    place = Path(file_of(url))
    new = place.with_name(f"{place.name}.restoring")
    with _explained(f"cannot restore {source}"), _removed_on_failure(new):
        _copy(source, new)
        _give_to_owner(new, place)
        _number_on_from(place, new)
        await _opened_once(new)
        aside = _put_aside(place)
        os.replace(new, place)
        _sync_folder(place)
    return aside


def _copy(source: Path, target: Path) -> None:
    """As one file, whole, and marked as a copy."""
    _remove(target)
    create_private(str(target))
    with closing(_opened(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {found}")
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            raise sqlite3.DatabaseError("it is no database of deskbridge's")
        with copy:
            copy.execute(MARK_COPY)


async def _opened_once(new: Path) -> None:
    """Migrated, and ready to number on.

    :raises StoreError: a later version has written it, for example
    """
    engine = SqliteEngine(f"sqlite:///{new}", Writer())
    try:
        await engine.open()
    finally:
        await engine.close()


def _number_on_from(place: Path, new: Path) -> None:
    """Beyond what the database in that place has given out, as far as it can be read."""
    with suppress(sqlite3.Error), closing(_opened(place)) as old, closing(sqlite3.connect(new)) as copy, copy:
        copy.executemany(_RAISE, [(int(value), key) for key, value in old.execute(_COUNTERS)])


def _give_to_owner(new: Path, place: Path) -> None:
    """If root does it, deskbridge shall be able to open it nevertheless."""
    if os.geteuid() == 0:
        owner = (place if place.exists() else place.parent).stat()
        os.chown(new, owner.st_uid, owner.st_gid)


def _put_aside(place: Path) -> Path | None:
    """A second name for the file, whose place can be taken from now on."""
    if not place.exists():
        return None
    with suppress(sqlite3.Error), closing(_opened(place)) as old:
        busy, *_ = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreError(f"another process uses {place}")
    aside = _free(place.with_name(f"{place.name}.replaced-{time.strftime('%Y%m%d-%H%M%S')}"))
    os.link(place, aside)
    # There is a log only if it could not be brought into the file. It must not be taken for one of the new file.
    _, log, shared = _files(place)
    if log.exists():
        os.replace(log, _files(aside)[1])
    shared.unlink(missing_ok=True)
    return aside


def _free(path: Path) -> Path:
    """Or with a number, if there is such a file."""
    names = (path if number == 1 else path.with_name(f"{path.name}-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _opened(path: Path) -> sqlite3.Connection:
    """The database in that file, which has to be there."""
    opened = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)
    opened.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return opened


def _files(path: Path) -> tuple[Path, Path, Path]:
    log, shared = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    return path, log, shared


def _remove(path: Path) -> None:
    for file in _files(path):
        file.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    """So that a new name outlives a power cut."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _remove(path)
        raise


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as problem:
        raise StoreError(f"{what}: {problem}") from problem
