"""Fixtures. What they are made of is in ``tests/support``."""

import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.bridge import BridgeProcess
from tests.support.compiled import outdated
from tests.support.log_ins import LogIn, LogIns
from tests.support.postgresql import PostgreSQLServer
from tests.support.server import TestServer, running_ejabberd
from tests.support.storage import shared_server, stop_server, use_postgresql

settings.register_profile("some", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("many", settings.get_profile("some"), max_examples=400)
settings.load_profile("some")
"""How many examples each property is tried with: ``--hypothesis-profile=many``, as `make test-all` has it, or some."""

# Python keeps what it compiled, or each of hundreds of processes that tests start would compile deskbridge anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure() -> None:
    if changed := outdated():
        names = ", ".join(source.name for source in changed)
        raise pytest.UsageError(f"changed since it was compiled: {names}; run `make uncompiled`, or `make compiled`")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if {"ejabberd", "postgresql"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def ejabberd() -> Iterator[TestServer]:
    """One real ejabberd for the whole session, with the tenants acme and globex."""
    with running_ejabberd() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> PostgreSQLServer:
    """One real PostgreSQL for the whole session; each test that wants one makes itself a database there."""
    return shared_server()


def pytest_sessionfinish() -> None:
    stop_server()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def each_storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The test runs once on each: `tests.support.store.url` of the test's folder leads there."""
    if request.param == "postgresql":
        use_postgresql(tmp_path, shared_server().database_with_tables())
    return request.param


@pytest.fixture
async def login(ejabberd: TestServer) -> AsyncIterator[LogIn]:
    """``await login("alice@cc.acme.test")``: a client, logged in; all are logged out at the end."""
    log_ins = LogIns(ejabberd)
    yield log_ins
    await log_ins.log_out()


@pytest.fixture
async def empty_rosters(ejabberd: TestServer) -> None:
    """Subscriptions last; those of earlier tests must not be seen in this one."""
    await ejabberd.empty_rosters()


@pytest.fixture
async def bridge(ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge for this one test."""
    async with BridgeProcess(tmp_path, ejabberd.settings) as process:
        yield process
