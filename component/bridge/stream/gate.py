"""Where messages wait while it is not known who is logged in: a verdict then could only be invented (P6)."""

from xml.etree.ElementTree import Element

from component.policy.classify import classify
from component.policy.decide import Refuse, refuse
from component.policy.reasons import Reason
from component.xep.stanza_errors import refusal
from component.xml import IQ, MESSAGE, serialise

from .connection import Connection

MOST_HELD_BYTES = 16 * 1024 * 1024
"""What ejabberd may send in such a time; messages beyond it are refused for now."""


class Gate:
    """Open or not. What is kept while it is not comes over the link once more, in order, when it opens."""

    def __init__(self, link: Connection) -> None:
        self._link = link
        self.is_open = False
        self._is_shut = False
        self._held: list[Element] = []
        self._since_byte = 0

    def keep(self, message: Element) -> None:
        """What comes while it is not open."""
        if self._is_shut or self._link.bytes_received - self._since_byte >= MOST_HELD_BYTES:
            turn_back(message, self._link)
        else:
            self._held.append(message)

    def hold(self) -> None:
        """Keep messages until ``open``. Those that are kept already stay."""
        self.is_open = self._is_shut = False
        self._since_byte = self._link.bytes_received

    def open(self) -> None:
        self.is_open = True
        held, self._held = self._held, []
        for message in held:
            self._link.receive(message)  # as if it came now: one that cannot be handled costs none behind it

    def shut(self) -> None:
        """Refuse what is held and what still comes: we are about to stop."""
        self.is_open, self._is_shut = False, True
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
