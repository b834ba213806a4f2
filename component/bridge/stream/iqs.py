"""Questions of our own to ejabberd and its services, and their answers."""

import asyncio
import secrets
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.xml import attribute

SECONDS = 20.0
"""For an answer."""


class Iqs:
    """Sends iqs of type get. ``send`` takes stanza text."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._waiting: dict[tuple[str, str], asyncio.Future[Element]] = {}

    async def get(self, sender: str, receiver: str, payload: str) -> Element:
        """The answer to the text ``payload``, a result or an error. Raises ``TimeoutError`` if there is none, as when
        the stream is lost."""
        id = secrets.token_hex(8)
        done: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[receiver, id] = done
        try:
            self._send(f'<iq type="get" from="{sender}" to="{attribute(receiver)}" id="{id}">{payload}</iq>')
            async with asyncio.timeout(SECONDS):
                return await done
        finally:
            del self._waiting[receiver, id]

    def take(self, iq: Element) -> bool:
        """Whether this iq is an answer to one of ours, and is dealt with. Only who was asked can answer (R1)."""
        done = self._waiting.get((iq.get("from", ""), iq.get("id", "")))
        if done is None or iq.get("type") not in ("result", "error"):
            return False
        if not done.done():
            done.set_result(iq)
        return True
