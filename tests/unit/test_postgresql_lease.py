"""The lease on a PostgreSQL database (H2): one holder at a time, whatever becomes of processes, networks and clocks."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from component.store import postgresql_lease
from component.store.postgresql_lease import PostgreSQLLease
from component.store.process_names import is_gone, process_name
from component.store.store_errors import StoreError, StoreInUse
from tests.support.postgresql import PostgreSQLServer

HOLD = """
import asyncio, sys
from component.store.postgresql_lease import PostgreSQLLease

async def hold():
    await PostgreSQLLease(sys.argv[1], "a process of its own").acquire()
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.fixture
def url(postgresql: PostgreSQLServer) -> str:
    return postgresql.new_database()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases run out soon, and are not renewed meanwhile."""
    monkeypatch.setattr(postgresql_lease, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(postgresql_lease, "RENEW_SECONDS", 5.0)


@pytest.fixture
async def first(url: str) -> AsyncIterator[PostgreSQLLease]:
    """Holds the lease."""
    lease = PostgreSQLLease(url, "the first")
    await lease.acquire()
    yield lease
    await lease.release()


async def acquired(url: str, holder: str = "the second", seconds: float = 60.0) -> PostgreSQLLease:
    """The lease, once it can be had."""
    lease = PostgreSQLLease(url, holder)
    async with asyncio.timeout(seconds):
        while True:
            try:
                await lease.acquire()
                return lease
            except StoreInUse:
                await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60.0):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_who_comes_second_is_told_who_is_first(url: str, first: PostgreSQLLease) -> None:
    with pytest.raises(StoreInUse, match="the first"):
        await PostgreSQLLease(url, "the second").acquire()
    assert first.valid()


async def test_of_many_who_come_at_once_one_gets_it(url: str) -> None:
    """Also the table, which is not there yet, is made once."""
    leases = [PostgreSQLLease(url, f"number {number}") for number in range(8)]
    results = await asyncio.gather(*(lease.acquire() for lease in leases), return_exceptions=True)
    assert sorted(map(str, map(type, results))) == sorted([str(type(None)), *[str(StoreInUse)] * 7])
    await asyncio.gather(*(lease.release() for lease in leases))


async def test_released_it_is_free_at_once_with_a_higher_epoch(url: str, first: PostgreSQLLease) -> None:
    await first.release()
    assert not first.valid()
    second = await acquired(url, seconds=postgresql_lease.LEASE_SECONDS / 2)
    assert second.epoch > first.epoch
    assert second.database == first.database
    await second.release()


async def test_another_database_is_another_lease(postgresql: PostgreSQLServer, first: PostgreSQLLease) -> None:
    """H7: on the same server."""
    other = await acquired(postgresql.new_database())
    assert other.valid() and first.valid()
    assert other.database != first.database
    await other.release()


async def test_a_holder_that_does_not_renew_it_stops_before_another_can_have_it(url: str, short: None) -> None:
    first = PostgreSQLLease(url, "the first")
    await first.acquire()
    second = await acquired(url)
    assert not first.valid()
    assert second.valid()
    await asyncio.gather(first.release(), second.release())
    third = await acquired(url)
    assert third.epoch == second.epoch + 1
    await third.release()


async def test_a_holder_learns_that_another_has_taken_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_lease, "RENEW_SECONDS", 0.5)
    first = await acquired(url)
    await execute(url, "UPDATE lease SET epoch = epoch + 1, holder = 'an operator'")
    await asyncio.wait_for(first.lost.wait(), 60.0)
    assert not first.valid()
    await first.release()
    with pytest.raises(StoreInUse, match="an operator"):
        await PostgreSQLLease(url, "the second").acquire()


async def test_it_is_valid_again_after_the_server_was_away(
    postgresql: PostgreSQLServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R3. Nobody else can have had it meanwhile."""
    monkeypatch.setattr(postgresql_lease, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(postgresql_lease, "RENEW_SECONDS", 0.3)
    first = await acquired(url)
    postgresql.kill()
    await until(lambda: not first.valid())
    postgresql.start()
    await until(first.valid)
    assert not first.lost.is_set()
    await first.release()


async def test_a_clock_of_the_database_that_was_set_back_keeps_it_from_nobody_for_long(url: str, short: None) -> None:
    first = await acquired(url)
    await execute(url, "UPDATE lease SET expires_at = clock_timestamp() + interval '1 hour'")
    second = await acquired(url)
    assert second.valid()
    await asyncio.gather(first.release(), second.release())


async def test_after_a_kill_the_next_process_on_the_machine_need_not_wait(url: str) -> None:
    """H3. It can see that the first is gone."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, url, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreInUse, match="a process of its own"):
            await PostgreSQLLease(url, "the second").acquire()
    finally:
        process.kill()
        await process.wait()
    second = PostgreSQLLease(url, "the second")
    await second.acquire()
    await second.release()


async def test_who_cannot_reach_the_server_is_told_so_without_a_password(
    postgresql: PostgreSQLServer, url: str
) -> None:
    """R4."""
    with pytest.raises(StoreError, match=r"database .* does not exist"):
        await PostgreSQLLease(postgresql.url("nowhere"), "the first").acquire()
    with pytest.raises(StoreError, match="password authentication failed"):
        await PostgreSQLLease(url.partition("?")[0], "the first").acquire()


class TestProcessNames:
    def test_a_process_that_runs_is_not_gone(self) -> None:
        assert not is_gone(process_name())
        assert process_name() != process_name()

    def test_nor_is_one_elsewhere(self) -> None:
        place, _, started, nonce = process_name().split()
        assert not is_gone(f"another{place} 4194000 {started} {nonce}")
        assert not is_gone("")

    def test_its_number_may_be_another_process_now(self) -> None:
        place, number, started, nonce = process_name().split()
        assert is_gone(f"{place} {number} {int(started) - 1} {nonce}")
        assert number == str(os.getpid())
