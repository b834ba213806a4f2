"""Acknowledgements that XEP-0114 does not have, made from stanzas to ourselves.

ejabberd handles a stream in order. So a message that the component sends to itself comes back only after everything
that was sent before it has been routed, and after the bounces that this caused.
"""

import asyncio
import secrets
import time
from xml.etree.ElementTree import Element

from component.xml import attribute


class Barriers:
    """The barriers that are under way on one stream; ``host`` is the address that sends to itself."""

    def __init__(self, host: str) -> None:
        self._host = host
        # Nobody can guess the id; ejabberd vouches for the address.
        self._prefix = f"barrier-{secrets.token_hex(8)}-"
        self._count = 0
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._sent_at: dict[str, float] = {}

    @property
    def oldest(self) -> float | None:
        """When that was sent, by the monotonic clock, which has been under way the longest; None if nothing is."""
        return next(iter(self._sent_at.values()), None)

    def new(self) -> tuple[str, asyncio.Future[None]]:
        """The stanza to send, and what is done when it has come back."""
        self._count += 1
        id = f"{self._prefix}{self._count}"
        done = self._waiting[id] = asyncio.get_running_loop().create_future()
        self._sent_at[id] = time.monotonic()
        done.add_done_callback(lambda done: self._forget(id, done))
        host = attribute(self._host)
        return f'<message from="{host}" to="{host}" id="{id}"/>', done

    def _forget(self, id: str, done: asyncio.Future[None]) -> None:
        self._waiting.pop(id, None)
        self._sent_at.pop(id, None)
        if not done.cancelled():
            done.exception()  # not everybody who sends a barrier waits for it

    def take(self, stanza: Element) -> bool:
        """Whether this stanza is a barrier, and is done with."""
        id = stanza.get("id", "")
        if not id.startswith(self._prefix) or stanza.get("from") != self._host:
            return False
        done = self._waiting.get(id)
        if done is not None and not done.done():
            done.set_result(None)
        return True

    def fail(self, problem: Exception) -> None:
        """None of them will come back."""
        for done in list(self._waiting.values()):
            if not done.done():
                done.set_exception(problem)
