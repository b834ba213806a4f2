"""One bridge for all scripts of this folder, and people who log in for one script each."""

from collections.abc import AsyncIterator

import pytest

from tests.support.archived import all_ended
from tests.support.bridge import BridgeProcess
from tests.support.log_ins import (
    LogIn,
    LogIns,
    Reconfigure,
    alice,
    bob,
    carol,
    contacts_are_there,
    dan,
    lena,
    somebody,
    sue,
)
from tests.support.server import TestServer
from tests.support.watching import ACCOUNTS, PEOPLE, SUPERVISORS, stop_watching

__all__ = ["alice", "bob", "carol", "dan", "lena", "sue"]


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge with supervisors in both tenants, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS)
    process = BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings)
    for tenant in ejabberd.settings.tenants:
        process.write_people(tenant.id, PEOPLE)
    async with process:
        await contacts_are_there(ejabberd, ACCOUNTS)
        yield process


@pytest.fixture
async def log_in(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[LogIn]:
    """``await log_in("alice@cc.acme.test")``: a client that the bridge knows of; all are logged out at the end."""
    log_ins = LogIns(ejabberd, ACCOUNTS)
    yield log_ins
    for client in log_ins.clients:
        if client.account.partition("@")[0] in SUPERVISORS and client.connected:
            await stop_watching(client)
    await log_ins.log_out()
    await all_ended(bridge)


@pytest.fixture
async def reconfigure(bridge: BridgeProcess) -> AsyncIterator[Reconfigure]:
    """``await reconfigure(watch=True)``: a reload with other keys for acme, or other people, for one script."""

    async def reconfigure(people: str = PEOPLE, **changes: object) -> None:
        bridge.write_people("acme", people)
        bridge.write_config(**changes)
        await bridge.reload()

    yield reconfigure
    await reconfigure()


max_ = somebody("max@work.acme.test")
"""A supervisor of everybody, as a Work user."""
alice_at_work = somebody("alice.ames@work.acme.test")
lena_at_work = somebody("lena@work.acme.test")


@pytest.fixture
def archives_in_their_name(ejabberd: TestServer) -> bool:
    """Whether ejabberd archives what a component sends in an account's name."""
    major, minor = (int(part) for part in ejabberd.version.split(".")[:2])
    return (major, minor) >= (23, 10)
