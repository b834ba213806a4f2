"""One bridge for all scripts of this folder, and people who log in for one script each."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.support.archived import all_ended
from tests.support.bridge import BridgeProcess
from tests.support.client import PING, XmppClient
from tests.support.log_ins import (
    LogIn,
    LogIns,
    Reconfigure,
    alice,
    bob,
    carol,
    contacts_are_there,
    dan,
    erin,
    lena,
    sue,
)
from tests.support.scripts import ALICE, BOB, CAROL
from tests.support.server import TestServer

ACCOUNTS = (
    *(f"{name}@cc.acme.test" for name in ("alice", "carol", "dan", "sue", "lena")),
    *(f"{name}@work.acme.test" for name in ("alice.ames", "sue", "lena", "bob", "erin")),
    *("alice@cc.globex.test", "bob@work.globex.test"),
)
STRANGER = "stranger@work.acme.test"
"""Has an account on the Work host, and is in no directory."""

__all__ = ["alice", "bob", "carol", "dan", "erin", "lena", "sue"]


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS, STRANGER)
    await ejabberd.empty_rosters()
    async with BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings) as process:
        await contacts_are_there(ejabberd, ACCOUNTS)
        yield process


@pytest.fixture(scope="package")
async def bystander(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[XmppClient]:
    """Somebody whom nobody writes to, logged in all the time."""
    async with await ejabberd.client("sue@work.acme.test") as client:
        yield client


@pytest.fixture
async def log_in(ejabberd: TestServer, bridge: BridgeProcess, bystander: XmppClient) -> AsyncIterator[LogIn]:
    """``await log_in("alice@cc.acme.test")``: a client that the bridge knows of; all are logged out at the end."""
    log_ins = LogIns(ejabberd, ACCOUNTS)
    yield log_ins
    await log_ins.log_out()
    # The last to leave are told that others left before them. The next script shall not hear of it.
    await all_ended(bridge)
    await bridge.people_are(1)
    await bystander.request(f"<iq type='get' to='agents.acme.test'><ping xmlns='{PING}'/></iq>")


@pytest.fixture
async def reconfigure(bridge: BridgeProcess) -> AsyncIterator[Reconfigure]:
    """``await reconfigure(mode=1)``: a reload with other keys for acme, or other limits, for one script."""

    async def reconfigure(**changes: object) -> None:
        bridge.write_config(**changes)
        await bridge.reload()

    yield reconfigure
    await reconfigure()


@dataclass(frozen=True)
class Direction:
    """``sender`` writes to ``receiver``, each known to the other under a face."""

    sender: XmppClient
    receiver: XmppClient
    sender_face: str
    receiver_face: str


@pytest.fixture(params=["work-to-agent", "agent-to-work", "agent-to-agent"])
async def chat(request: pytest.FixtureRequest, log_in: LogIn) -> AsyncIterator[Direction]:
    alice = await log_in("alice@cc.acme.test")
    match request.param:
        case "work-to-agent":
            yield Direction(await log_in("bob@work.acme.test"), alice, BOB, ALICE)
        case "agent-to-work":
            yield Direction(alice, await log_in("bob@work.acme.test"), ALICE, BOB)
        case "agent-to-agent":
            yield Direction(alice, await log_in("carol@cc.acme.test"), ALICE, CAROL)
