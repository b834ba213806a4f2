"""Saying and hearing: what ``XmppClient`` and ``XmppComponent`` have in common."""

import asyncio
import contextlib
import itertools
from typing import Self
from xml.etree.ElementTree import Element, tostring

from tests.support.matching import Matcher, anything, iq
from tests.support.stream import StreamClosed, XmlStream

SECONDS = 60.0
"""How long a test waits for a stanza that should come."""

QUIET_SECONDS = 0.3
"""How long it waits to be sure that none comes."""

_counter = itertools.count(1)


def new_id() -> str:
    """A stanza id that no other stanza of this test run has."""
    return f"t{next(_counter)}"


class Dialogue:
    """One end of an XML stream that a test leads by the hand.

    ``received`` holds everything that ever came, in order; ``expect`` takes each stanza only once.
    """

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.received: list[Element] = []
        self._port = port
        self._pending: list[Element] = []
        self._arrived = asyncio.Event()
        self._stream: XmlStream | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._stream is not None

    async def send(self, xml: str) -> None:
        """Write raw XML."""
        if self._stream is None:
            raise StreamClosed(f"{self.name} is not connected")
        self._stream.write(xml)
        await self._stream.writer.drain()

    async def request(self, xml: str, seconds: float = SECONDS) -> Element:
        """Send an iq without id; its result or error."""
        stanza_id = new_id()
        await self.send(xml.replace("<iq ", f"<iq id='{stanza_id}' ", 1))
        return await self.expect(
            lambda stanza: iq(id=stanza_id)(stanza) and stanza.get("type") in ("result", "error"), seconds
        )

    async def expect(self, matcher: Matcher = anything, seconds: float = SECONDS) -> Element:
        """The first stanza that matches and was not taken before; the others stay for later."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for stanza in self._pending:
                        if matcher(stanza):
                            self._pending.remove(stanza)
                            return stanza
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} waited in vain for {matcher!r}; {self._unread()}") from None

    async def expect_or_closed(self, matcher: Matcher, seconds: float = SECONDS) -> Element | None:
        """Like ``expect``; None if the server ends the connection before."""
        assert self._reading is not None
        expected = asyncio.create_task(self.expect(matcher, seconds))
        await asyncio.wait({expected, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        if not expected.done():
            await asyncio.wait({expected}, timeout=QUIET_SECONDS)
        if not expected.done():
            expected.cancel()
            return None
        return expected.result()

    def take(self, matcher: Matcher) -> list[Element]:
        """Every stanza that matches, has come and was not taken before, in order."""
        found = [stanza for stanza in self._pending if matcher(stanza)]
        self._pending = [stanza for stanza in self._pending if stanza not in found]
        return found

    async def expect_nothing(self, matcher: Matcher = anything, seconds: float = QUIET_SECONDS) -> None:
        """Fails if a matching stanza is waiting, or comes within this time."""
        try:
            unwanted = await self.expect(matcher, seconds)
        except AssertionError:
            return
        raise AssertionError(f"{self.name} should not have got {tostring(unwanted, 'unicode')}")

    async def expect_closed(self, seconds: float = SECONDS) -> None:
        """Fails unless the server ends the connection."""
        if self._reading is not None:
            done, _ = await asyncio.wait({self._reading}, timeout=seconds)
            assert done, f"{self.name} is still connected"

    def forget(self) -> None:
        """What came so far is of no interest."""
        self._pending.clear()

    def forget_but(self, matcher: Matcher) -> None:
        """What came so far and does not match is of no interest."""
        self._pending = [stanza for stanza in self._pending if matcher(stanza)]

    # --- the end ----------------------------------------------------------------------------------------------------

    async def close(self, farewell: str = "") -> None:
        """End the stream in an orderly way."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                await self.send(f"{farewell}</stream:stream>")
            await self.expect_closed()
        self.kill()

    def kill(self) -> None:
        """Drop the connection without a word, as a killed program does."""
        if self._stream is not None:
            self._stream.writer.transport.abort()
        self.go_silent()
        self._stream = None

    def go_silent(self) -> None:
        """Keep the connection, but read and answer nothing any more, as behind a lost network."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def __aenter__(self) -> Self:
        await self.login()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.logout()

    async def login(self) -> None:
        raise NotImplementedError

    async def logout(self) -> None:
        await self.close()

    # --- reading ----------------------------------------------------------------------------------------------------

    def _listen(self, stream: XmlStream) -> None:
        self._stream = stream
        self._reading = asyncio.create_task(self._read(stream))

    async def _read(self, stream: XmlStream) -> None:
        with contextlib.suppress(StreamClosed, asyncio.CancelledError):
            while True:
                element = await stream.read()
                if not await self._answer(element):
                    self.received.append(element)
                    self._pending.append(element)
                    self._arrived.set()

    async def _answer(self, element: Element) -> bool:
        """Whether this was housekeeping, and is done."""
        return False

    def _unread(self) -> str:
        if not self._pending:
            return "nothing else is waiting"
        return "waiting are:\n" + "\n".join(tostring(stanza, "unicode") for stanza in self._pending)
