"""People who log in for one test, and the service that all of them have as a contact.

Folders of scripts import the people they need into their ``conftest.py``, next to a fixture ``log_in`` of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import pytest

from tests.support.client import XmppClient
from tests.support.matching import presence
from tests.support.server import TestServer

LogIn = Callable[..., Awaitable[XmppClient]]
Reconfigure = Callable[..., Awaitable[None]]


class LogIns:
    """``await log_ins("alice@cc.acme.test")`` is a client that has logged in. Of the accounts ``known`` the bridge has
    read by then that they did."""

    def __init__(self, ejabberd: TestServer, known: Collection[str] = ()) -> None:
        self.clients: list[XmppClient] = []
        self._ejabberd = ejabberd
        self._known = known

    async def __call__(
        self, account: str, resource: str = "test", available: bool = True, **options: object
    ) -> XmppClient:
        client = await self._ejabberd.client(account, resource)
        self.clients.append(client)
        await client.login(available, **options)
        if available and account in self._known:
            # The service is a contact: its presence is an answer to the client's.
            await client.expect(presence(sender=service_of(account), type=None))
        return client

    async def log_out(self) -> None:
        """Everybody."""
        await asyncio.gather(*(client.logout() for client in self.clients))


async def contacts_are_there(ejabberd: TestServer, accounts: Collection[str]) -> None:
    """Whoever of these logs in from now on has the service as a contact."""
    async with ejabberd.api() as api, asyncio.timeout(90):
        for account in accounts:
            while service_of(account) not in await api.roster(account):
                await asyncio.sleep(0.05)


def service_of(account: str) -> str:
    """``agents.acme.test`` for ``bob@work.acme.test``"""
    _, _, host = account.partition("@")
    return f"agents.{host.partition('.')[2]}"


@pytest.fixture
async def alice(log_in: LogIn) -> XmppClient:
    """Alice as an agent in sales; she has a Work licence too."""
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
    """Lena as an agent; she has a Work licence too."""
    return await log_in("lena@cc.acme.test")


@pytest.fixture
async def sue(log_in: LogIn) -> XmppClient:
    """A supervisor, as an agent; she has a Work licence too."""
    return await log_in("sue@cc.acme.test")


@pytest.fixture
async def bob(log_in: LogIn) -> XmppClient:
    """A Work user."""
    return await log_in("bob@work.acme.test")


@pytest.fixture
async def erin(log_in: LogIn) -> XmppClient:
    """A Work user."""
    return await log_in("erin@work.acme.test")
