"""A standby takes over, on PostgreSQL too: from a process that is frozen, or cut off (H2, H3, A5)."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.support.promises import tell
from benchmarks.takeover import TAKEOVERS, Machine, campaign, machines, tell_times
from tests.support.archive import ask
from tests.support.bridge import READY
from tests.support.faces import ALICE, BOB, face
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.postgresql import PostgreSQLServer
from tests.support.server import TestServer


@pytest.fixture
async def pair(
    ejabberd: TestServer, tmp_path: Path, postgresql: PostgreSQLServer
) -> AsyncIterator[tuple[Machine, Machine]]:
    """One that serves and one that stands by, on two machines as it were."""
    async with machines(ejabberd, tmp_path, postgresql) as both:
        yield both


class TestOnTwoMachines:
    async def test_the_second_says_for_whom_it_waits(self, pair: tuple[Machine, Machine]) -> None:
        first, second = pair
        assert second.process.count(f"standing by for process {first.process.pid} on ") == 1
        assert second.process.count("connected to ejabberd") == 0

    @pytest.mark.parametrize("kind", ["freeze", "database"])
    async def test_who_was_taken_over_from_does_nothing_more(
        self, pair: tuple[Machine, Machine], login: LogIn, kind: str
    ) -> None:
        """It was frozen, and messages wait for it in its socket when it wakes up; or it has lost the database, and
        leaves ejabberd before anybody else comes. It says so in one line, and ends with a status that has systemd start
        it again, to stand by."""
        first, second = pair
        bob, alice = await login(BOB), await login(ALICE)
        said = [await bob.say(face(ALICE), "before")]
        await alice.expect(message(id=said[0]))
        await first.strike(kind)
        if kind == "freeze":
            for _ in range(20):
                await bob.say(face(ALICE), "to nobody")
        await second.process.logged(READY)
        said.append(await bob.say(face(ALICE), "after"))
        await alice.expect(message(id=said[1]))
        connected = first.process.count("connected to ejabberd")
        await first.come_back(kind)
        told = first.process.log.read_text()
        assert len(re.findall(r"ERROR .*closing the connection to ejabberd|ERROR .*another process", told)) <= 1, told
        assert told.splitlines()[-1].startswith("Error: the database postgresql://")
        assert first.process.count("connected to ejabberd") == connected
        said.append(await bob.say(face(ALICE), "and after that"))
        await alice.expect(message(id=said[2]))
        assert (await ask(alice)).bodies[-3:] == ["before", "after", "and after that"]
        await first.stand_by()
        await second.strike("stop")
        await first.process.logged(READY, 2)
        said.append(await bob.say(face(ALICE), "and back"))
        await alice.expect(message(id=said[3]))

    async def test_a_standby_that_loses_the_database_waits_for_that(self, pair: tuple[Machine, Machine]) -> None:
        first, second = pair
        await second.strike("database")
        await second.process.logged("standing by, and cannot tell for whom: PostgreSQL does not tell")
        second.reconnect()
        await second.process.logged("standing by for process", 2)
        await first.strike("stop")
        await second.process.logged(READY)

    async def test_nobody_takes_over_and_the_database_is_back(
        self, pair: tuple[Machine, Machine], login: LogIn
    ) -> None:
        """The process leaves ejabberd in time, as somebody could have, and goes on by itself (R3)."""
        first, second = pair
        await second.process.stop()
        bob, alice = await login(BOB), await login(ALICE)
        said = [await bob.say(face(ALICE), "before")]
        await alice.expect(message(id=said[0]))
        await first.strike("database")
        await first.process.logged("closing the connection to ejabberd: the database has not been reached for so long")
        first.reconnect()
        await first.process.logged(READY, 2)
        said.append(await bob.say(face(ALICE), "after"))
        await alice.expect(message(id=said[1]))
        assert (await ask(alice)).bodies[-2:] == ["before", "after"]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_no_promise_is_broken_by_twenty_take_overs(
    ejabberd: TestServer, tmp_path: Path, postgresql: PostgreSQLServer, engine: str
) -> None:
    outcomes, times = await campaign(ejabberd, tmp_path, postgresql if engine == "postgresql" else None, TAKEOVERS)
    tell(outcomes, f"{TAKEOVERS} take-overs")
    tell_times(times)
    for outcome in outcomes:
        assert outcome.accepted, outcome
        assert outcome.promises_kept, outcome
    assert sum(map(len, times.values())) == TAKEOVERS
