"""Telling senders that a message did not arrive: at once, or when they are back."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.model import Party
from component.policy.reasons import Reason
from component.store.api import ArchivedMessage
from component.xep.stanza_errors import refusal
from component.xml import parse_children, serialise, stanza

from ..state.state import State

MOST = 5_000
MOST_OF_ONE = 100
"""Answers that are kept, of all senders and of one. Each repeats up to 8,000 characters of what was sent."""

ON_THE_WAY_SECONDS = 1.0
"""A session that ends so soon after a refusal was sent may not have got it."""


class Returns:
    """Keeps what cannot be told yet: after a crash of ejabberd, both sides of a chat are logged out.

    ``send`` takes stanza text. What is kept is bounded, and lost when the bridge stops.
    """

    def __init__(self, state: State, send: Callable[[str], None]) -> None:
        self._state = state
        self._send = send
        self._kept: OrderedDict[str, list[Element]] = OrderedDict()  # who came first, first
        self._number = 0
        self._sent: OrderedDict[str, deque[tuple[float, Element]]] = OrderedDict()  # the newest last

    def tell(self, message: ArchivedMessage, reason: Reason) -> None:
        """Tell the client that sent it, or another one of its account if that one is gone.

        Nobody is told in the name of a host that is not ours any more: ejabberd would close the stream for it.
        """
        if self._state.world.tenant_of_component_host(message.receiver.partition("/")[0].rpartition("@")[2]) is None:
            return
        account = message.sender_account
        resources = [f"{account}/{resource}" for resource in self._state.sessions.of(account)]
        returned = stanza("message", message.sender, message.receiver, id=message.client_id)
        returned.extend(parse_children(message.as_written))
        answer = refusal(returned, reason)
        if resources and message.sender not in resources:
            self._return(answer, resources[0])
            return
        # Who is not known to be logged in may be all the same, without showing it.
        self._return(answer, message.sender)
        if not resources:
            self._keep(account, answer)

    def refuse(self, message: Element, account: str, reason: Reason, shown: bool) -> None:
        """Refuse a message as it came. ``shown`` tells that its sender then had a session that shows itself, so that
        it shows too if they have gone meanwhile."""
        answer = refusal(message, reason)
        self._send(serialise(answer))
        if not shown:
            return
        if self._state.sessions.of(account):
            self._on_the_way(account, answer)
        else:
            self._keep(account, answer)

    def left(self, party: Party, goodbye: bool) -> None:
        """Somebody's last session has ended: if without a good-bye, perhaps before it got what was on its way."""
        now = time.monotonic()
        for at, answer in self._sent.pop(party.account, ()):
            if not goodbye and at >= now - ON_THE_WAY_SECONDS:
                self._keep(party.account, answer)

    def logged_in(self, party: Party, address: str) -> None:
        """Somebody is back, with the full address ``address``."""
        self._return_all(party.account, address)

    def settle(self) -> None:
        """It is known again who is logged in."""
        for account in [account for account in self._kept if self._state.sessions.of(account)]:
            resource = next(iter(self._state.sessions.of(account)))
            self._return_all(account, f"{account}/{resource}")

    def _return_all(self, account: str, address: str) -> None:
        kept = self._kept.pop(account, [])
        self._number -= len(kept)
        for answer in kept:
            self._return(answer, address)

    def _on_the_way(self, account: str, answer: Element) -> None:
        now = time.monotonic()
        sent = self._sent.setdefault(account, deque(maxlen=MOST_OF_ONE))
        sent.append((now, answer))
        self._sent.move_to_end(account)
        while sent[0][0] < now - ON_THE_WAY_SECONDS:
            sent.popleft()
        for other in list(self._sent):
            if self._sent[other][-1][0] >= now - ON_THE_WAY_SECONDS:
                break
            del self._sent[other]

    def _keep(self, account: str, answer: Element) -> None:
        kept = self._kept.setdefault(account, [])
        kept.append(answer)
        self._number += 1
        if len(kept) > MOST_OF_ONE:
            del kept[0]
            self._number -= 1
        while self._number > MOST:
            _, oldest = self._kept.popitem(last=False)
            self._number -= len(oldest)

    def _return(self, answer: Element, address: str) -> None:
        answer.set("to", address)
        self._send(serialise(answer))
