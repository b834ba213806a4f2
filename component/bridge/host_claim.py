"""One process for the component hosts at an ejabberd, as far as this machine goes (H2).

Each host is claimed by a socket in Linux's abstract namespace, which no two processes can have, and which goes however
its process ends. Who finds one taken is told there by whom.
"""

import asyncio
import errno
import hashlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from component.model import Settings, XmppSettings

ANSWER_SECONDS = 2.0
MOST_BYTES = 4096


class HostsTaken(Exception):
    """Another deskbridge serves the same hosts at the same ejabberd; the text says which, and what to do."""

    def __init__(self, host: str, first: str) -> None:
        super().__init__(f"deskbridge serves {host} already: {first or 'another process'}; end that one first")


@asynccontextmanager
async def claimed(settings: Settings, holder: str) -> AsyncIterator[None]:
    """The component hosts are this process's, of which ``holder`` says in one line which it is.

    Raises ``HostsTaken``.
    """
    async with AsyncExitStack() as claims:
        for host in (host for tenant in settings.tenants for host in tenant.component_hosts):
            await claims.enter_async_context(await _claim(host, _name(settings.xmpp, host), holder))
        yield


async def _claim(host: str, name: str, holder: str) -> asyncio.Server:
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(name)
    except OSError as problem:
        listening.close()
        if problem.errno == errno.EADDRINUSE:
            raise HostsTaken(host, await _holder(name)) from None
        raise
    return await asyncio.start_unix_server(partial(_answer, holder), sock=listening)


def _name(xmpp: XmppSettings, host: str) -> str:
    """The same for all ways of writing this machine."""
    with suppress(ValueError):
        at = "localhost" if ipaddress.ip_address(xmpp.host).is_loopback else xmpp.host
        return _digest(f"{at}:{xmpp.port}/{host}")
    return _digest(f"{xmpp.host}:{xmpp.port}/{host}")


def _digest(text: str) -> str:
    """A name may have no more than a hundred characters."""
    return f"\0deskbridge-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


async def _answer(holder: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(holder.encode())
    writer.close()


async def _holder(name: str) -> str:
    """What the one says who has it; empty if it does not say."""
    asking = socket.socket(socket.AF_UNIX)
    asking.setblocking(False)
    with asking, suppress(OSError, TimeoutError):
        asking.connect(name)  # uvloop takes no such name
        async with asyncio.timeout(ANSWER_SECONDS):
            return (await asyncio.get_running_loop().sock_recv(asking, MOST_BYTES)).decode(errors="replace")
    return ""
