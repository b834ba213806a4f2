"""Which part a stanza goes to.

Nearly all stanzas are messages of people who chat already. Their route is cached, and a message with a cached route can
be for nobody but these two people. So that is checked first, and all other checks are made only for what is left.
"""

import asyncio
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.xep.stanza_errors import is_error
from component.xml import MESSAGE, PRESENCE

from .incoming import Route, Routes
from .iq.delegated_requests import Delegation
from .iq.iq_handler import IqHandler
from .messages.message_handler import Messages
from .messages.undelivered import Undelivered
from .presence.presence_handler import PresenceHandler
from .state.state import State
from .stream.connection import Connection
from .stream.gate import Gate
from .stream.grants import Grants
from .stream.guard_proof import Guard
from .stream.iqs import Iqs
from .stream.rivals import Rivals
from .supervision.supervision import Supervision

CHECK_EVERY = 64
"""Messages between two looks at what waits for the disk."""


PAUSE_ABOVE = 4_000
RESUME_BELOW = 1_000
CHECK_SECONDS = 0.05


class Pressure:
    """Back-pressure: under overload no more is read until the disk has caught up, so memory stays bounded (R2, R3).

    ``backlog`` gives the number of submissions that wait for the disk."""

    def __init__(self, link: Connection, backlog: Callable[[], int]) -> None:
        self._link = link
        self._backlog = backlog
        self._paused = False

    def check(self) -> None:
        """Call after adding to the backlog."""
        if not self._paused and self._backlog() > PAUSE_ABOVE:
            self._paused = True
            self._link.pause_reading()
            self._check_again_later()

    def _check_again_later(self) -> None:
        asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_again)

    def _check_again(self) -> None:
        if self._backlog() > RESUME_BELOW:
            self._check_again_later()
        else:
            self._paused = False
            self._link.resume_reading()


class Router:
    """Gets every stanza of the stream."""

    def __init__(
        self,
        state: State,
        rivals: Rivals,
        presence: PresenceHandler,
        iqs: Iqs,
        delegation: Delegation,
        requests: IqHandler,
        messages: Messages,
        undelivered: Undelivered,
        grants: Grants,
        guard: Guard,
        supervision: Supervision,
        gate: Gate,
        pressure: Pressure,
    ) -> None:
        self._state = state
        self._rivals = rivals
        self._presence = presence
        self._iqs = iqs
        self._delegation = delegation
        self._requests = requests
        self._messages = messages
        self._undelivered = undelivered
        self._grants = grants
        self._guard = guard
        self._supervision = supervision
        self._gate = gate
        self._pressure = pressure
        self._routes = Routes()
        self._unchecked = 0

    def receive(self, stanza: Element) -> None:
        route: Route | None = None
        # An open gate means that the hosts are ours alone, and that it is known who is logged in.
        if stanza.tag == MESSAGE and self._gate.is_open and stanza.get("type") != "error":
            route = self._routes.known(self._state.world, stanza.get("from"), stanza.get("to"))
        if route is None:
            route = self._route(stanza)
        if route is not None:
            self._messages.receive(stanza, route)
            self._unchecked += 1
            if self._unchecked == CHECK_EVERY:
                self._unchecked = 0
                self._pressure.check()

    def _route(self, stanza: Element) -> Route | None:
        """That of a message to a face; everything else is handled."""
        if self._rivals.take(stanza):
            return None
        if stanza.tag == MESSAGE:
            return self._route_of_message(stanza)
        if stanza.tag == PRESENCE:
            self._presence.receive_presence(stanza)
        elif not self._iqs.take(stanza) and not self._delegation.receive_delegated(stanza):
            self._requests.receive_iq(stanza)
        return None

    def _route_of_message(self, message: Element) -> Route | None:
        if is_error(message):
            if not self._supervision.watching.copy_bounced(message):
                self._undelivered.bounced(message)
        elif self._grants.take(message):
            self._guard.ask()
        elif self._guard.take(message) or self._supervision.copies.is_returned_copy(message):
            pass
        elif not self._gate.is_open:
            self._gate.keep(message)
        else:
            return self._routes.find(self._state.world, message.get("from", ""), message.get("to", ""))
        return None
