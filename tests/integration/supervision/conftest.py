"""One bridge for all scripts of this folder, and people who log in for one script each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.archived import all_ended
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.matching import presence
from tests.support.server import TestServer
from tests.support.watching import ACCOUNTS, PEOPLE, SUPERVISORS, stop_watching

LogIn = Callable[..., Awaitable[XmppClient]]
Reconfigure = Callable[..., Awaitable[None]]


def service_of(account: str) -> str:
    return f"agents.{account.partition('@')[2].partition('.')[2]}"


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge with supervisors in both tenants, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS)
    process = BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings)
    for tenant in ejabberd.settings.tenants:
        process.write_people(tenant.id, PEOPLE)
    async with process:
        async with ejabberd.api() as api, asyncio.timeout(90):
            for account in ACCOUNTS:
                while service_of(account) not in await api.roster(account):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        yield process


@pytest.fixture
async def log_in(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[LogIn]:
    """``await log_in("alice@cc.acme.test")``: a client that the bridge knows of; all are logged out at the end."""
    clients: list[XmppClient] = []

    async def log_in(account: str, resource: str = "test") -> XmppClient:
        client = await ejabberd.client(account, resource)
        clients.append(client)
        await client.login()
        await client.expect(presence(sender=service_of(account), type=None))
        return client

    yield log_in
    for client in clients:
        if client.account.partition("@")[0] in SUPERVISORS and client.connected:
            await stop_watching(client)
    await asyncio.gather(*(client.logout() for client in clients))
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


@pytest.fixture
async def alice(log_in: LogIn) -> XmppClient:
    """An agent in sales, who has a Work licence too."""
    return await log_in("alice@cc.acme.test")


@pytest.fixture
async def carol(log_in: LogIn) -> XmppClient:
    """An agent in sales and support."""
    return await log_in("carol@cc.acme.test")


@pytest.fixture
async def dan(log_in: LogIn) -> XmppClient:
    """An agent in support."""
    return await log_in("dan@cc.acme.test")


@pytest.fixture
async def lena(log_in: LogIn) -> XmppClient:
    """An agent in support, who has a Work licence too."""
    return await log_in("lena@cc.acme.test")


@pytest.fixture
async def sue(log_in: LogIn) -> XmppClient:
    """A supervisor of sales, logged in as an agent."""
    return await log_in("sue@cc.acme.test")


@pytest.fixture
async def max_(log_in: LogIn) -> XmppClient:
    """A supervisor of everybody, logged in as a Work user."""
    return await log_in("max@work.acme.test")


@pytest.fixture
async def bob(log_in: LogIn) -> XmppClient:
    """A Work user."""
    return await log_in("bob@work.acme.test")


@pytest.fixture
async def alice_at_work(log_in: LogIn) -> XmppClient:
    """Alice, logged in as a Work user."""
    return await log_in("alice.ames@work.acme.test")


@pytest.fixture
async def lena_at_work(log_in: LogIn) -> XmppClient:
    """Lena, logged in as a Work user."""
    return await log_in("lena@work.acme.test")


@pytest.fixture
def archives_in_their_name(ejabberd: TestServer) -> bool:
    """Whether ejabberd archives what a component sends in an account's name."""
    major, minor = (int(part) for part in ejabberd.version.split(".")[:2])
    return (major, minor) >= (23, 10)
