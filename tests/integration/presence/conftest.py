"""One bridge for all scripts of this folder, and people who log in for one script each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, LENA, SERVICE, SUE, forget_contacts
from tests.support.server import TestServer

ACCOUNTS = (ALICE, CAROL, DAN, SUE, LENA, BOB, ERIN)

Login = Callable[..., Awaitable[XmppClient]]


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS)
    await ejabberd.empty_rosters()
    async with BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings) as process:
        async with ejabberd.api() as api, asyncio.timeout(90):
            for account in ACCOUNTS:
                while SERVICE not in await api.roster(account):  # noqa: ASYNC110 - ejabberd does not say when
                    await asyncio.sleep(0.05)
        yield process


@pytest.fixture
async def login(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[Login]:
    """``await login(ALICE)``: a client, logged in. At the end all forget whom they watched, and are logged out."""
    clients: list[XmppClient] = []

    async def log_in(account: str, resource: str = "test", **options: object) -> XmppClient:
        client = await ejabberd.client(account, resource)
        clients.append(client)
        await client.login(**options)
        return client

    yield log_in
    await asyncio.gather(*(client.logout() for client in clients))
    for account in {client.account for client in clients}:
        cleaner = await ejabberd.client(account, "cleaner")
        await cleaner.login(available=False)
        await forget_contacts(cleaner)
        await cleaner.logout()
