"""Which part a stanza goes to."""

from xml.etree.ElementTree import Element

from component.xep.stanza_errors import is_error
from component.xml import MESSAGE, PRESENCE

from .iq.delegated_requests import Delegation
from .iq.iq_handler import IqHandler
from .messages.undelivered import Undelivered
from .presence.presence_handler import PresenceHandler
from .stream.back_pressure import Pressure
from .stream.gate import Gate
from .stream.grants import Grants
from .stream.guard_proof import Guard
from .stream.iqs import Iqs
from .supervision.supervision import Supervision


class Router:
    """Gets every stanza of the stream, once it is sure that the hosts are ours."""

    def __init__(
        self,
        presence: PresenceHandler,
        iqs: Iqs,
        delegation: Delegation,
        requests: IqHandler,
        undelivered: Undelivered,
        grants: Grants,
        guard: Guard,
        supervision: Supervision,
        gate: Gate,
        pressure: Pressure,
    ) -> None:
        self._presence = presence
        self._iqs = iqs
        self._delegation = delegation
        self._requests = requests
        self._undelivered = undelivered
        self._grants = grants
        self._guard = guard
        self._supervision = supervision
        self._gate = gate
        self._pressure = pressure

    def route(self, stanza: Element) -> None:
        if stanza.tag == MESSAGE:
            self._message(stanza)
        elif stanza.tag == PRESENCE:
            self._presence.receive_presence(stanza)
        elif not self._iqs.take(stanza) and not self._delegation.receive_delegated(stanza):
            self._requests.receive_iq(stanza)

    def _message(self, message: Element) -> None:
        if is_error(message):
            if not self._supervision.watching.copy_bounced(message):
                self._undelivered.bounced(message)
        elif self._grants.take(message):
            self._guard.ask()
        elif not self._guard.take(message) and not self._supervision.copies.is_returned_copy(message):
            self._gate.receive(message)
            self._pressure.check()
