"""What ejabberd lets deskbridge do on its hosts. It says so after each connect, for that stream only."""

import asyncio
import logging
from xml.etree.ElementTree import Element

from component.xep.mam import MAM_NS
from component.xep.namespace_delegation import delegated_namespaces
from component.xep.privileged_entity import outgoing_granted

from ..state.state import State

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
"""An ejabberd that has just started takes its time to grant."""


class Grants:
    """Privileges (XEP-0356) and delegations (XEP-0355), by host."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._outgoing: dict[str, str] = {}
        self._delegated: set[tuple[str, str]] = set()
        self._check: asyncio.TimerHandle | None = None

    def take(self, message: Element) -> bool:
        """Whether this message is one that grants something, and is noted. Only a tenant's own hosts are believed."""
        host = message.get("from", "")
        tenant = self._state.world.tenant_of_account_host(host)
        if tenant is None or message.get("to") != tenant.service:
            return False
        namespace, delegated = outgoing_granted(message), delegated_namespaces(message)
        if namespace is not None:
            self._outgoing[host] = namespace
        self._delegated.update((host, each) for each in delegated)
        return namespace is not None or bool(delegated)

    def outgoing(self, host: str) -> str | None:
        """The namespace in which messages of that host's accounts can be sent; None if they cannot."""
        return self._outgoing.get(host)

    def delegated(self, host: str, namespace: str) -> bool:
        """Whether requests in that namespace to that host's accounts come here."""
        return (host, namespace) in self._delegated

    def missing(self) -> list[str]:
        """What is not granted and has to be, in words; nothing if all is."""
        return [
            f"agents of {tenant.desk_host} cannot read their history: ejabberd does not hand it to deskbridge (is all "
            "in its configuration that `deskbridge ejabberd-config --part` prints?)"
            for tenant in self._state.world.tenants
            if self.outgoing(tenant.desk_host) is None or not self.delegated(tenant.desk_host, MAM_NS)
        ]

    def expect(self) -> None:
        """A new stream: warn of what is still missing in a while."""
        self._check = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._warn_of_missing)

    def forget(self) -> None:
        """The stream is lost, and all grants with it."""
        if self._check:
            self._check.cancel()
        self._outgoing.clear()
        self._delegated.clear()

    def _warn_of_missing(self) -> None:
        for what in self.missing():
            log.warning(what)
