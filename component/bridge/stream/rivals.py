"""Another deskbridge for the same component hosts (H2), which may run on any machine.

ejabberd takes several streams for one host, hands each stanza to one of them by chance, and takes the rights of all
away when one of them leaves. So who connects sends questions to itself. If all come back, it is alone. If not, it is
told by the other one who has them, leaves, and turns back what it was handed meanwhile; and the other one connects
anew, for its rights.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from enum import Enum, auto
from xml.etree.ElementTree import Element

from component.xep.instance import Instance, answer, answers, asks, question
from component.xml import MESSAGE

from ..host_claim import HostsTaken
from .connection import Connection
from .gate import MOST_HELD_BYTES, turn_back

log = logging.getLogger(__name__)

QUESTIONS = 32
"""That all of them come to one of two streams by chance happens once in four thousand million times."""

ANSWER_SECONDS = 3.0
LEAVING_SECONDS = 1.0
"""Within which another one that was answered is gone."""


class _Is(Enum):
    LOOKING = auto()
    ALONE = auto()
    LEAVING = auto()


class Rivals:
    """Takes what other instances say, and all else until it is known that nobody else should have it."""

    def __init__(self, host: str, holder: str, link: Connection) -> None:
        self._host = host
        self._me = Instance(time.time_ns(), secrets.token_hex(8), holder)
        self._link = link
        self._is = _Is.LOOKING
        self._held: list[Element] = []
        self._since_byte = 0
        self._back = 0
        self._first: Instance | None = None
        self._known = asyncio.Event()
        self._renewal: asyncio.TimerHandle | None = None

    def take(self, stanza: Element) -> bool:
        """Whether a stanza is not to be handled now. One that is kept comes over the link once more."""
        if stanza.get("from") == self._host and stanza.get("to") == self._host and stanza.tag == MESSAGE:
            self._between_us(stanza)
        elif self._is is _Is.ALONE:
            return False
        elif self._is is _Is.LOOKING and self._link.bytes_received - self._since_byte < MOST_HELD_BYTES:
            self._held.append(stanza)
        else:
            turn_back(stanza, self._link)
        return True

    def up(self) -> None:
        """A new stream: hold what comes, until `look` is through."""
        self._is = _Is.LOOKING
        self._since_byte = self._link.bytes_received
        self._back = 0
        self._first = None
        self._known.clear()

    def down(self) -> None:
        """The stream is lost. Messages that are held are not."""
        self._held = [stanza for stanza in self._held if stanza.tag == MESSAGE]
        self.release()
        if self._renewal:
            self._renewal.cancel()

    def release(self) -> None:
        """Let everything through: nobody else should have it, or nothing will be decided any more."""
        self._is = _Is.ALONE
        held, self._held = self._held, []
        for stanza in held:
            self._link.receive(stanza)

    async def look(self) -> None:
        """Let everything through once nobody else is found. Raises ``HostsTaken``; then everything is turned back."""
        for _ in range(QUESTIONS):
            self._link.send(question(self._host, self._me))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._known.wait()
        if self._first is not None:
            self._is = _Is.LEAVING
            held, self._held = self._held, []
            for stanza in held:
                turn_back(stanza, self._link)
            raise HostsTaken(self._host, self._first.holder)
        if self._back < QUESTIONS:
            log.warning(
                "of %d messages to %s %d came back: ejabberd is slow, or hands the others to another stream for that "
                "host; end what has it",
                *(QUESTIONS, self._host, self._back),
            )
        self.release()

    def _between_us(self, message: Element) -> None:
        """From the host to itself: ours, of another one like us, or its barriers."""
        asking, answering = asks(message), answers(message)
        if asking is not None and asking.token == self._me.token:
            self._back += 1
            if self._back == QUESTIONS:
                self._known.set()
        elif asking is not None and (self._is is _Is.ALONE or (self._is is _Is.LOOKING and self._me < asking)):
            self._turn_away(asking)
        elif answering is not None and answering.token != self._me.token and self._is is _Is.LOOKING:
            self._first = answering
            self._known.set()

    def _turn_away(self, other: Instance) -> None:
        """Say that we were first, and connect anew when the other one has left."""
        self._link.send(answer(self._host, self._me))
        if self._renewal:
            self._renewal.cancel()
        why = f"another deskbridge ({other.holder}) connected for the same hosts and was turned away"
        self._renewal = asyncio.get_running_loop().call_later(LEAVING_SECONDS, self._link.renew, why)
