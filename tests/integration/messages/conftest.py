"""One bridge for all scripts of this folder, and people who log in for one script each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.support.archived import all_ended
from tests.support.bridge import BridgeProcess
from tests.support.client import PING, XmppClient
from tests.support.matching import presence
from tests.support.scripts import ALICE, BOB, CAROL
from tests.support.server import TestServer

ACCOUNTS = (
    *(f"{name}@cc.acme.test" for name in ("alice", "carol", "dan", "sue", "lena")),
    *(f"{name}@work.acme.test" for name in ("alice.ames", "sue", "lena", "bob", "erin")),
    *("alice@cc.globex.test", "bob@work.globex.test"),
)
STRANGER = "stranger@work.acme.test"
"""Has an account on the Work host, and is in no directory."""

LogIn = Callable[..., Awaitable[XmppClient]]
Reconfigure = Callable[..., Awaitable[None]]


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS, STRANGER)
    await ejabberd.empty_rosters()
    async with BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings) as process:
        await contacts_are_there(ejabberd)
        yield process


async def contacts_are_there(ejabberd: TestServer) -> None:
    """Whoever logs in from now on has the service as a contact."""
    async with ejabberd.api() as api, asyncio.timeout(90):
        for account in ACCOUNTS:
            while service_of(account) not in await api.roster(account):  # noqa: ASYNC110 - ejabberd does not say when
                await asyncio.sleep(0.05)


def service_of(account: str) -> str:
    """``agents.acme.test`` for ``bob@work.acme.test``"""
    _, _, host = account.partition("@")
    return f"agents.{host.partition('.')[2]}"


@pytest.fixture(scope="package")
async def bystander(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[XmppClient]:
    """Somebody whom nobody writes to, logged in all the time."""
    async with await ejabberd.client("sue@work.acme.test") as client:
        yield client


@pytest.fixture
async def log_in(ejabberd: TestServer, bridge: BridgeProcess, bystander: XmppClient) -> AsyncIterator[LogIn]:
    """``await log_in("alice@cc.acme.test")``: a client that the bridge knows of; all are logged out at the end."""
    clients: list[XmppClient] = []

    async def log_in(account: str, resource: str = "test", available: bool = True) -> XmppClient:
        client = await ejabberd.client(account, resource)
        clients.append(client)
        await client.login(available)
        if available and account in ACCOUNTS:
            # The service is a contact: its presence is an answer to the client's, which the bridge has read by then.
            await client.expect(presence(sender=service_of(account), type=None))
        return client

    yield log_in
    await asyncio.gather(*(client.logout() for client in clients))
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
async def sue(log_in: LogIn) -> XmppClient:
    """A supervisor, in no group, who has a Work licence too."""
    return await log_in("sue@cc.acme.test")


@pytest.fixture
async def lena(log_in: LogIn) -> XmppClient:
    """An agent in no group, who has a Work licence too."""
    return await log_in("lena@cc.acme.test")


@pytest.fixture
async def bob(log_in: LogIn) -> XmppClient:
    """A Work user."""
    return await log_in("bob@work.acme.test")


@pytest.fixture
async def erin(log_in: LogIn) -> XmppClient:
    """A Work user."""
    return await log_in("erin@work.acme.test")


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
