"""One bridge for all scripts of this folder, and people who log in for one script each."""

from collections.abc import AsyncIterator

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, LENA, SUE, forget_contacts
from tests.support.log_ins import LogIn, LogIns, contacts_are_there
from tests.support.server import TestServer

ACCOUNTS = (ALICE, CAROL, DAN, SUE, LENA, BOB, ERIN)


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS)
    await ejabberd.empty_rosters()
    async with BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings) as process:
        await contacts_are_there(ejabberd, ACCOUNTS)
        yield process


@pytest.fixture
async def login(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[LogIn]:
    """``await login(ALICE)``: a client, logged in. At the end all forget whom they watched, and are logged out."""
    log_ins = LogIns(ejabberd)
    yield log_ins
    await log_ins.log_out()
    for account in {client.account for client in log_ins.clients}:
        cleaner = await ejabberd.client(account, "cleaner")
        await cleaner.login(available=False)
        await forget_contacts(cleaner)
        await cleaner.logout()
