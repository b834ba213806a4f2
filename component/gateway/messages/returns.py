"""Telling senders that a message did not arrive: at once, or when they are back."""

from collections import OrderedDict
from collections.abc import Callable

from component.element import parse_children, serialise, stanza
from component.model import Party
from component.policy.reasons import Reason
from component.stanza.errors import refusal
from component.store.archive import ArchivedMessage

from ..state import State

MOST_SENDERS = 10_000
MOST_OF_ONE = 100


class Returns:
    """Keeps what cannot be told yet: after a crash of ejabberd, both sides of a chat are logged out.

    ``send`` takes stanza text. What is kept is bounded, and lost when the bridge stops.
    """

    def __init__(self, state: State, send: Callable[[str], None]) -> None:
        self._state = state
        self._send = send
        self._kept: OrderedDict[str, list[tuple[ArchivedMessage, Reason]]] = OrderedDict()

    def tell(self, message: ArchivedMessage, reason: Reason) -> None:
        """Tell the client that sent it, or another one of its account if that one is gone.

        Nobody is told in the name of a host that is not ours any more: ejabberd would close the stream for it.
        """
        if self._state.world.tenant_of_component_host(message.receiver.partition("/")[0].rpartition("@")[2]) is None:
            return
        account = message.sender_account
        resources = [f"{account}/{resource}" for resource in self._state.sessions.of(account)]
        if resources and message.sender not in resources:
            self._return(message, reason, resources[0])
            return
        # Who is not known to be logged in may be all the same, without showing it.
        self._return(message, reason, message.sender)
        if not resources:
            self._keep(message, reason)

    def logged_in(self, party: Party, address: str) -> None:
        """Somebody is back, with the full address ``address``."""
        self._return_all(party.account, address)

    def settle(self) -> None:
        """It is known again who is logged in."""
        for account in [account for account in self._kept if self._state.sessions.logged_in(account)]:
            resource = next(iter(self._state.sessions.of(account)))
            self._return_all(account, f"{account}/{resource}")

    def _return_all(self, account: str, address: str) -> None:
        for message, reason in self._kept.pop(account, ()):
            self._return(message, reason, address)

    def _keep(self, message: ArchivedMessage, reason: Reason) -> None:
        kept = self._kept.setdefault(message.sender_account, [])
        kept.append((message, reason))
        del kept[:-MOST_OF_ONE]
        if len(self._kept) > MOST_SENDERS:
            self._kept.popitem(last=False)

    def _return(self, message: ArchivedMessage, reason: Reason, address: str) -> None:
        returned = stanza("message", address, message.receiver, id=message.client_id)
        returned.extend(parse_children(message.payload))
        self._send(serialise(refusal(returned, reason)))
