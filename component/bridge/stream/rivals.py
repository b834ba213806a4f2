"""One deskbridge at a time for the component hosts (H2), by the word of the guard in ejabberd.

ejabberd takes several streams for one host and hands each stanza to one of them by chance. So who connects tells the
guard module who it is, before anything that comes is looked at, and again every few seconds. The guard ends streams of
those who had the database before, and says who has the hosts with another database. Then this one leaves.
"""

import asyncio
import logging
import secrets
from enum import Enum, auto
from xml.etree.ElementTree import Element

from component.model import Tenant
from component.store.api import Lease, LeaseLost
from component.xep.guard import Judgement, address, claim, judgement
from component.xml import IQ, MESSAGE

from ..state.state import State
from .connection import Connection
from .gate import MOST_HELD_BYTES, turn_back
from .iqs import Iqs

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
"""The guard takes a stream for dead of which it has heard nothing for three times as long."""


class HostsTaken(Exception):
    """Another deskbridge serves the same hosts at the same ejabberd; the text says which, and what to do."""

    def __init__(self, host: str, first: str) -> None:
        super().__init__(f"deskbridge serves {host} already: {first}; end that one first")


class _Is(Enum):
    LOOKING = auto()
    ALONE = auto()
    LEAVING = auto()


class Rivals:
    """Takes what other instances say, and all else until it is known that nobody else should have it."""

    def __init__(self, state: State, lease: Lease, link: Connection, iqs: Iqs) -> None:
        self._state = state
        self._lease = lease
        self._process = secrets.token_hex(8)
        self._link = link
        self._iqs = iqs
        self._is = _Is.LOOKING
        self._held: list[Element] = []
        self._since_byte = 0
        self._silent: set[str] = set()

    def take(self, stanza: Element) -> bool:
        """Whether a stanza is not to be handled now. One that is kept comes over the link once more."""
        if self._is is _Is.ALONE:
            return False
        if stanza.tag == IQ and self._iqs.take(stanza):  # the guard's answer
            pass
        elif self._is is _Is.LOOKING and self._link.bytes_received - self._since_byte < MOST_HELD_BYTES:
            self._held.append(stanza)
        else:
            turn_back(stanza, self._link)
        return True

    def up(self) -> None:
        """A new stream: hold what comes, until `look` is through."""
        self._is = _Is.LOOKING
        self._since_byte = self._link.bytes_received

    def down(self) -> None:
        """The stream is lost. Messages that are held are not."""
        self._held = [stanza for stanza in self._held if stanza.tag == MESSAGE]
        self.release()

    def release(self) -> None:
        """Let everything through: nobody else should have it, or nothing will be decided any more."""
        self._is = _Is.ALONE
        held, self._held = self._held, []
        for stanza in held:
            self._link.receive(stanza)

    async def look(self) -> None:
        """Let everything through once the hosts are ours. Raises like `run`; then everything is turned back."""
        try:
            await self._claim()
        except (HostsTaken, LeaseLost):
            self._is = _Is.LEAVING
            held, self._held = self._held, []
            for stanza in held:
                turn_back(stanza, self._link)
            raise
        self.release()

    async def run(self) -> None:
        """Go on saying that the hosts are ours, until cancelled.

        Raises ``HostsTaken`` if they are another process's, ``LeaseLost`` if that has our database.
        """
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            if self._link.up and self._is is _Is.ALONE:
                await self._claim()

    async def _claim(self) -> None:
        tenants = self._state.world.tenants
        for tenant, said in zip(tenants, await asyncio.gather(*map(self._ask, tenants)), strict=True):
            if said is None:
                self._miss(tenant)
                continue
            self._silent.discard(tenant.desk_host)
            if said.newer:
                raise LeaseLost(f"another process has taken it over: {said.holder}")
            if said.holder:
                raise HostsTaken(tenant.service, said.holder)
            if said.ended:
                log.warning("ended %d older stream(s) of %s at ejabberd", said.ended, tenant.service)

    async def _ask(self, tenant: Tenant) -> Judgement | None:
        """What the guard of the tenant's desk host says; None if it does not."""
        lease = self._lease
        payload = claim(lease.database, lease.epoch, self._process, lease.holder)
        try:
            return judgement(await self._iqs.get(tenant.service, address(tenant.desk_host), payload))
        except TimeoutError:
            return None

    def _miss(self, tenant: Tenant) -> None:
        """Log it once."""
        if tenant.desk_host not in self._silent and self._link.up:
            self._silent.add(tenant.desk_host)
            log.warning(
                "the guard module of %s does not say whether another deskbridge has the same hosts, nor would it end a "
                "stream that is left over: compile ejabberd/mod_desk_guard.erl of this version, and restart ejabberd",
                tenant.desk_host,
            )
