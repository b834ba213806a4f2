"""Asking the database: a few threads, each with a connection that only reads."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .sqlite import cause, reader_engine
from .store_errors import StoreError

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""More would only wait for each other, as rows become objects under Python's lock."""


class Readers:
    """Runs queries: functions that take a connection first."""

    def __init__(self, url: str) -> None:
        self._engine = reader_engine(url, THREADS)
        self._reading = 0
        self._may_read = True
        self._changed = threading.Condition()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store-reader")

    async def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``query(connection, ...)`` answers; it sees the database at one moment.

        :raises StoreError: the database cannot answer, or is closed
        """
        call = partial(self._call, query, *args, **kwargs)
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._threads, call)
        except RuntimeError as error:
            raise StoreError("the store is closed") from error
        return await answer

    async def close(self) -> None:
        """Let the queries that are running end."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Nobody reads meanwhile, and no connection is open. For another thread than ours."""
        with self._changed:
            self._may_read = False
            self._changed.wait_for(lambda: not self._reading)
        try:
            self._engine.dispose()
            yield
        finally:
            with self._changed:
                self._may_read = True
                self._changed.notify_all()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._may_read)
            self._reading += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    def _call(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with self._turn(), self._engine.connect() as connection:
                return query(connection, *args, **kwargs)
        except SQLAlchemyError as error:
            raise StoreError(f"cannot be read: {cause(error)}") from error
