"""Whether the guard in ejabberd is in force, so that no path leads around deskbridge (M7)."""

import asyncio
import contextlib
import logging
import secrets
from xml.etree.ElementTree import Element

from component.model import Tenant
from component.xep.guard import proof, refused
from component.xep.privileged_entity import in_the_name_of_an_account

from ..state.state import State
from .connection import Connection, Disconnected
from .grants import Grants

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


class Guard:
    """Proves it for each desk host: by a message from an address there to the Work host, which has to be refused.

    ejabberd routes in order, so a barrier behind the message comes back after what the guard says of it.
    """

    def __init__(self, state: State, link: Connection, grants: Grants) -> None:
        self._state = state
        self._link = link
        self._grants = grants
        self._asked = asyncio.Event()
        self._under_way: set[str] = set()
        self._in_force: dict[str, bool] = {}
        self._logged: dict[str, bool] = {}

    def in_force(self, host: str) -> bool:
        """Whether the guard of that desk host has refused the last proof on this stream."""
        return self._in_force.get(host, False)

    def missing(self) -> list[str]:
        """What is wrong with the guard, in words; nothing if it is in force everywhere.

        Of a host whose grants are missing nothing can be proved, and `Grants` says what to do there.
        """
        return [
            _unguarded(tenant) if tenant.desk_host in self._in_force else _unknown(tenant)
            for tenant in self._provable()
            if not self.in_force(tenant.desk_host)
        ]

    def ask(self) -> None:
        """Prove it now, not only when its time has come: something has changed."""
        self._asked.set()

    def take(self, message: Element) -> bool:
        """Whether this message is a guard's word on a proof, and is noted. Only desk hosts are believed."""
        sender = message.get("from", "")
        if "@" in sender or not any(sender == tenant.desk_host for tenant in self._state.world.tenants):
            return False
        id = refused(message)
        if id is None:
            return False
        self._under_way.discard(id)
        return True

    def forget(self) -> None:
        """The stream is lost."""
        self._in_force.clear()

    async def run(self) -> None:
        """Prove it on each new stream, when asked, and every minute, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._asked.wait()
            self._asked.clear()
            with contextlib.suppress(Disconnected):
                await self._prove()

    async def _prove(self) -> None:
        """Raises ``Disconnected`` if the stream ended meanwhile."""
        sent = {tenant: self._send(tenant) for tenant in self._provable()}
        self._under_way = set(sent.values())
        await self._link.barrier()
        for tenant, id in sent.items():
            self._note(tenant, in_force=id not in self._under_way)

    def _provable(self) -> list[Tenant]:
        return [tenant for tenant in self._state.world.tenants if self._grants.outgoing(tenant.desk_host)]

    def _send(self, tenant: Tenant) -> str:
        """The id of the proof. Nobody can guess it, so nobody else can have a guard tell of it."""
        id = secrets.token_hex(16)
        message = proof(id, f"{id}@{tenant.desk_host}", tenant.work_host, tenant.service)
        namespace = self._grants.outgoing(tenant.desk_host) or ""
        self._link.send(in_the_name_of_an_account(message, tenant.service, tenant.desk_host, namespace))
        return id

    def _note(self, tenant: Tenant, *, in_force: bool) -> None:
        """Log it if it is news."""
        host = tenant.desk_host
        self._in_force[host] = in_force
        if self._logged.get(host) is in_force:
            return
        self._logged[host] = in_force
        if in_force:
            log.info("the guard of %s is in force", host)
        else:
            log.error("%s", _unguarded(tenant))


def _unknown(tenant: Tenant) -> str:
    return f"it is not known yet whether the guard of {tenant.desk_host} is in force"


def _unguarded(tenant: Tenant) -> str:
    return (
        f"agents of {tenant.desk_host} can get around deskbridge: no guard refuses there what it has to (is "
        f"mod_desk_guard, of this version of deskbridge, among the modules of {tenant.desk_host} in ejabberd's "
        "configuration, as `deskbridge ejabberd-config --part` prints it?)"
    )
