"""Connections to PostgreSQL, and what can go wrong with them, in words for operators."""

import asyncio
from typing import TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .engine import Faults
from .store_errors import StoreError

Pg: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECT_SECONDS = 3.0
"""To get a connection. A sender shall hear within five seconds that nothing can be kept (R3)."""

PROBLEMS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, asyncio.TimeoutError)
"""What the driver raises. TimeoutError comes without a text."""

READ_ONLY = "default_transaction_read_only"

_SETTINGS = {
    # What was acknowledged survives a crash of the server (A5), whatever its own setting is.
    "synchronous_commit": "on",
    "timezone": "UTC",
    # A client that is gone, or stopped, keeps nobody waiting: who takes over waits for its transaction (H2).
    "idle_in_transaction_session_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""About what was to be written."""


async def connect(url: str, purpose: str, answer_seconds: float | None, **settings: str) -> Pg:
    """A connection to the one server of those in ``url`` that takes writes; ``purpose`` is what operators see in
    ``pg_stat_activity``. Whatever is asked has to be answered within ``answer_seconds``.

    :raises StoreError: there is none; the text says why, and nothing of a password
    """
    try:
        return await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            command_timeout=answer_seconds,
            target_session_attrs=SessionAttribute.primary if READ_ONLY in settings else SessionAttribute.read_write,
            server_settings={"application_name": f"deskbridge {purpose}", **_SETTINGS, **settings},
        )
    except PROBLEMS as problem:
        raise StoreError(f"PostgreSQL cannot be reached: {cause(problem)}") from problem
    except ValueError as problem:  # of the URL's options: a file of keys that is none
        raise StoreError(f"PostgreSQL cannot be reached: {problem}") from problem


def cause(error: Exception) -> str:
    """What PostgreSQL or the network said, without the details, which hold what was to be written."""
    problem = _of_driver(error)
    if isinstance(problem, asyncpg.exceptions.TargetServerAttributeNotMatched | asyncpg.ReadOnlySQLTransactionError):
        return "it takes no writes now, as during a failover"
    if isinstance(problem, asyncpg.InvalidPasswordError):
        return f"{problem.args[0]} (deskbridge reads passwords from the passfile, which no other user may read)"
    if isinstance(problem, asyncio.TimeoutError):
        return "it did not answer in time"
    if isinstance(problem, asyncpg.DataError):
        return "a value that PostgreSQL does not take"  # its own text may have that value
    if isinstance(problem, asyncpg.PostgresError) and problem.args:
        return str(problem.args[0])
    text = str(problem)
    if "connection_lost" in text:  # the driver's words for a connection that ends while it is made
        return "it has ended the connection"
    return text or type(problem).__name__


def is_lost(error: Exception) -> bool:
    """Is the connection of no use any more, or not known to be?"""
    problem = _of_driver(error)
    if isinstance(problem, asyncpg.ReadOnlySQLTransactionError):
        return True
    return isinstance(problem, PROBLEMS) and not _is_answer(problem)


def is_certain(error: Exception) -> bool:
    """Has the server said that nothing came of it? What ends the session may come after a commit."""
    return _is_answer(_of_driver(error))


def is_busy(error: Exception) -> bool:
    """Did others hold what was needed, for too long?"""
    return isinstance(_of_driver(error), asyncpg.LockNotAvailableError | asyncpg.QueryCanceledError)


def _is_operational(error: Exception) -> bool:
    problem = _of_driver(error)
    return isinstance(problem, PROBLEMS) and not isinstance(problem, _REFUSED)


def _is_answer(problem: BaseException) -> bool:
    severity = getattr(problem, "severity_en", None)
    if isinstance(problem, asyncpg.DataError) and severity is None:
        return True  # the driver's: it has not even sent it
    return isinstance(problem, asyncpg.PostgresError) and severity == "ERROR"


def _of_driver(error: BaseException) -> BaseException:
    """What the driver raised, if SQLAlchemy raised ``error``."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


FAULTS = Faults((SQLAlchemyError, *PROBLEMS), _is_operational, cause)
