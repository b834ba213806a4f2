"""A1, A6: a history of 35 messages, read the way well-known clients do, under both versions: each message is shown once
and in order."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.past import MINUTE, chatter, past
from tests.support.readers import READERS, Reader
from tests.support.server import TestServer

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"


@pytest.fixture(params=["9.9", "9.10"])
def visible(request: pytest.FixtureRequest) -> int:
    """How many of the 35 can be seen."""
    return 30 if request.param == "9.9" else 35


@pytest.fixture
async def bridge(visible: int, ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """The 35 are of the last hour."""
    async with past(tmp_path, begin=time.time_ns() // 1000 - 60 * MINUTE) as written:
        await written.said(*chatter(ALICE, BOB, 35))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version="9.9" if visible == 30 else "9.10")
    async with process:
        yield process


def last(count: int, of: int = 35) -> list[str]:
    return [f"message {number}" for number in range(of - count + 1, of + 1)]


@pytest.mark.parametrize("kind", READERS)
async def test_reading(bridge: BridgeProcess, visible: int, login: LogIn, kind: type[Reader]) -> None:
    """A first log-in; one after four messages were missed, in both directions; and one after so many that 9.9 hides
    the newest one that the client knows: then the visible rest comes, once, and no error."""
    client = await login(ALICE, "reader")
    reader = kind(client, BOBS_FACE)
    await reader.first_login()
    assert reader.bodies == last(visible)
    await client.logout()

    other, bob = await login(ALICE, "other"), await login(BOB)
    for number in range(36, 39):
        await bob.say(ALICES_FACE, f"message {number}")
    await other.expect(message(body="message 38"))
    await other.say(BOBS_FACE, "message 39")
    await bob.expect(message(body="message 39"))
    reader.client = client = await login(ALICE, "reader again")
    await reader.catch_up()
    assert reader.bodies == last(visible + 4, of=39)
    await client.logout()

    for number in range(40, 80):
        await bob.say(ALICES_FACE, f"message {number}")
    await other.expect(message(body="message 79"))
    reader.client = await login(ALICE, "reader once more")
    await reader.catch_up()
    missed = last(30 if visible == 30 else 40, of=79)
    assert reader.bodies == last(visible + 4, of=39) + missed
