"""Where messages wait while it is not known who is logged in: a verdict then could only be invented (P6)."""

from collections.abc import Callable
from enum import Enum, auto
from xml.etree.ElementTree import Element

from component.policy.classify import classify
from component.policy.decide import Refuse, refuse
from component.policy.reasons import Reason
from component.xep.stanza_errors import refusal
from component.xml import IQ, MESSAGE, serialise

from .connection import Connection

MOST_HELD_BYTES = 16 * 1024 * 1024
"""What ejabberd may send in such a time; messages beyond it are refused for now."""


class _Is(Enum):
    HOLDING = auto()
    OPEN = auto()
    SHUT = auto()


class Gate:
    """``let_through`` gets every message that comes while open. Those that were held come once more, in order."""

    def __init__(self, link: Connection, let_through: Callable[[Element], None]) -> None:
        self._link = link
        self._let_through = let_through
        self._is = _Is.HOLDING
        self._held: list[Element] = []
        self._since_byte = 0

    @property
    def is_open(self) -> bool:
        return self._is is _Is.OPEN

    def receive(self, message: Element) -> None:
        if self._is is _Is.OPEN:
            self._let_through(message)
        elif self._is is _Is.HOLDING and self._link.bytes_received - self._since_byte < MOST_HELD_BYTES:
            self._held.append(message)
        else:
            turn_back(message, self._link)

    def hold(self) -> None:
        """Keep messages until ``open``. Those that are kept already stay."""
        self._is = _Is.HOLDING
        self._since_byte = self._link.bytes_received

    def open(self) -> None:
        self._is = _Is.OPEN
        held, self._held = self._held, []
        for message in held:
            self._link.receive(message)  # as if it came now: one that cannot be handled costs none behind it

    def shut(self) -> None:
        """Refuse what is held and what still comes: we are about to stop."""
        self._is = _Is.SHUT
        held, self._held = self._held, []
        for message in held:
            turn_back(message, self._link)


def turn_back(stanza: Element, link: Connection) -> None:
    """Ask its sender to send it again, if it is a message that somebody meant, or a request."""
    if stanza.tag == IQ:
        asks = stanza.get("type") in ("get", "set")
    else:
        asks = stanza.tag == MESSAGE and isinstance(refuse(Reason.OVERLOADED, classify(stanza)), Refuse)
    if asks:
        link.send(serialise(refusal(stanza, Reason.OVERLOADED)))
