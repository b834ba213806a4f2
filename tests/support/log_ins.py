"""People who log in for one test, and the service that all of them have as a contact.

Folders of scripts import the people they need into their ``conftest.py``, next to a fixture ``log_in`` of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

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


def somebody(account: str) -> Any:
    """A fixture: this account's client, logged in."""

    @pytest.fixture
    async def logged_in(log_in: LogIn) -> XmppClient:
        return await log_in(account)

    return logged_in


alice = somebody("alice@cc.acme.test")
"""An agent in sales, who has a Work licence too."""
carol = somebody("carol@cc.acme.test")
"""An agent in sales and support."""
dan = somebody("dan@cc.acme.test")
"""An agent in support."""
lena = somebody("lena@cc.acme.test")
"""An agent, who has a Work licence too."""
sue = somebody("sue@cc.acme.test")
"""A supervisor, who has a Work licence too."""
bob = somebody("bob@work.acme.test")
"""A Work user."""
erin = somebody("erin@work.acme.test")
"""A Work user."""
