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
        # Nobody can guess the id; ejabberd vouches for the address.
        self.prefix = f"barrier-{secrets.token_hex(8)}-"
        """So begins the id of each."""
        self._host = host
        self._head = f'<message from="{attribute(host)}" to="{attribute(host)}" id="'
        self._count = 0
        self._under_way: dict[str, tuple[float, asyncio.Future[None]]] = {}  # by id, the oldest first

    @property
    def oldest(self) -> float | None:
        """When that was sent, by the monotonic clock, which has been under way the longest; None if nothing is."""
        for sent_at, _ in self._under_way.values():
            return sent_at
        return None

    def new(self) -> tuple[str, asyncio.Future[None]]:
        """The stanza to send, and what is done when it has come back."""
        self._count += 1
        id = f"{self.prefix}{self._count}"
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[id] = time.monotonic(), done
        return f'{self._head}{id}"/>', done

    def take(self, stanza: Element) -> bool:
        """Whether a stanza whose id begins like that of a barrier is one, and is done with."""
        if stanza.get("from") != self._host:
            return False
        found = self._under_way.pop(stanza.get("id", ""), None)
        if found is not None and not found[1].done():
            found[1].set_result(None)
        return True

    def fail(self, problem: Exception, sent_before: float = float("inf")) -> None:
        """Those that were sent before that time, by the monotonic clock, will not come back in time."""
        for id, (sent_at, done) in list(self._under_way.items()):
            if sent_at < sent_before:
                del self._under_way[id]
                if not done.done():
                    done.set_exception(problem)
                    done.exception()  # not everybody who sends a barrier waits for it
