"""What ejabberd lets deskbridge do on its hosts. It says so after each connect, for that stream only."""

from xml.etree.ElementTree import Element

from component.stanza.delegation import delegated_namespaces
from component.stanza.privilege import outgoing_granted

from .state import State


class Grants:
    """Privileges (XEP-0356) and delegations (XEP-0355), by host."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._outgoing: dict[str, str] = {}
        self._delegated: set[tuple[str, str]] = set()

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
        """Whether requests of that namespace are handed to us by that host."""
        return (host, namespace) in self._delegated

    def forget(self) -> None:
        """The stream is lost, and all grants with it."""
        self._outgoing.clear()
        self._delegated.clear()
