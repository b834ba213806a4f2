"""Photos of people: PNG or JPEG, which every client shows, and small enough for one stanza (XEP-0153)."""

import hashlib
from pathlib import Path

from component.model import Photo

from .bounded_file import UnfitFile, read_bytes
from .problems import Place, Problem

MOST_BYTES = 65_536
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def read_photo(path: Path, place: Place, problems: list[Problem], below: Path) -> Photo | None:
    """The photo in a file, which has to be in the folder ``below``, or None and a problem. Only its hash is kept in
    memory."""
    try:
        data = read_bytes(path, MOST_BYTES, below)
    except UnfitFile as unfit:
        problems.append(Problem(place, f"{path} {unfit}"))
        return None
    type = next((type for beginning, type in _BEGINNINGS.items() if data.startswith(beginning)), None)
    if type is None:
        problems.append(Problem(place, f"{path} is neither a PNG nor a JPEG file; save it as one"))
        return None
    return Photo(path, type, hashlib.sha1(data, usedforsecurity=False).hexdigest())


def read_again(photo: Photo) -> bytes | None:
    """The photo's bytes; None if the file has changed since its directory was read."""
    try:
        data = read_bytes(photo.path, MOST_BYTES)
    except UnfitFile:
        return None
    return data if hashlib.sha1(data, usedforsecurity=False).hexdigest() == photo.sha1 else None
