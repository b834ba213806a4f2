"""Where the database is: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE`` (H1).

The latter is libpq's form (PostgreSQL's manual, *Connection URIs*), without a password, because the URL is in the log
and in error messages.
"""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

SQLITE = "sqlite:///"
POSTGRESQL = "postgresql://"
FILES = ("passfile", "sslrootcert", "sslcert", "sslkey")
"""Options of PostgreSQL's that name files."""

_OPTIONS = (*FILES, "sslmode")


def storage_url(text: str) -> str:
    """``text``, if it is such a URL; raises ``ValueError`` else."""
    if text.startswith(POSTGRESQL):
        _check_postgresql(text)
        return text
    file = text.removeprefix(SQLITE)
    if file == text or not file or file == ":memory:" or "?" in file:
        raise ValueError(f"must be {SQLITE} and the name of a file, or {POSTGRESQL}USER@HOST/DATABASE")
    return text


def resolved(url: str, folder: Path) -> str:
    """The same with absolute paths: of SQLite with four slashes."""
    if not url.startswith(POSTGRESQL):
        return f"{SQLITE}{folder / url.removeprefix(SQLITE)}"
    parts = urlsplit(url)
    options = [(name, str(folder / value) if name in FILES else value) for name, value in parse_qsl(parts.query)]
    return parts._replace(query=urlencode(options, safe="/")).geturl()


def _check_postgresql(text: str) -> None:
    parts = urlsplit(text)
    user, at, hosts = parts.netloc.rpartition("@")
    database = parts.path.removeprefix("/")
    if ":" in user:
        raise ValueError(
            "must hold no password: write the line *:*:*:USER:PASSWORD into a file of mode 0600, and add ?passfile=FILE"
        )
    if not (user and at and all(hosts.split(","))) or not database or "/" in database or parts.fragment:
        raise ValueError(f"must be {POSTGRESQL}USER@HOST/DATABASE; several hosts of one cluster as HOST,HOST")
    if unknown := _unknown(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise ValueError(f"knows the options {', '.join(_OPTIONS)} behind its ?, not {unknown}")


def _unknown(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name not in _OPTIONS)
