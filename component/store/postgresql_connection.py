"""Connections to PostgreSQL, and what can go wrong with them, in words for operators."""

import asyncio
from typing import TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from .store_errors import StoreError

Pg: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECT_SECONDS = 3.0
"""To get a connection. A sender shall hear within five seconds that nothing can be kept (R3)."""

PROBLEMS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, asyncio.TimeoutError)
"""What a connection raises. TimeoutError comes without a text."""

_SETTINGS = {
    # What was acknowledged survives a crash of the server (A5), whatever the server's own setting is.
    "synchronous_commit": "on",
    "timezone": "UTC",
    # A client that is gone, or stopped, holds nothing up: who takes over waits for its transaction to end (H2).
    "idle_in_transaction_session_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}


async def connect(url: str, purpose: str, answer_seconds: float, **settings: str) -> Pg:
    """A connection to the server among those of ``url`` that takes writes; ``purpose`` is what operators see in
    ``pg_stat_activity``. Whatever is asked has to be answered within ``answer_seconds``.

    :raises StoreError: there is none; the text says why, and nothing of a password
    """
    try:
        return await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            command_timeout=answer_seconds,
            target_session_attrs=SessionAttribute.read_write,
            server_settings={"application_name": f"deskbridge {purpose}", **_SETTINGS, **settings},
        )
    except PROBLEMS as problem:
        raise StoreError(f"PostgreSQL cannot be reached: {cause(problem)}") from problem
    except ValueError as problem:  # of the URL's options: a file of keys that is none
        raise StoreError(f"PostgreSQL cannot be reached: {problem}") from problem


def cause(problem: BaseException) -> str:
    """What PostgreSQL or the network said, without the details, which hold what was to be written."""
    if isinstance(problem, asyncpg.exceptions.TargetServerAttributeNotMatched):
        return "it takes no writes now, as during a failover"
    if isinstance(problem, asyncpg.InvalidPasswordError):
        return f"{problem.args[0]} (deskbridge reads passwords from the passfile, which no other user may read)"
    if isinstance(problem, asyncio.TimeoutError):
        return "it did not answer in time"
    if isinstance(problem, asyncpg.PostgresError) and problem.args:
        return str(problem.args[0])
    return str(problem) or type(problem).__name__
