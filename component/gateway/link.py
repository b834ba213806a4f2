"""The component stream to ejabberd (XEP-0114). The only module that touches slixmpp's stream.

Stanzas come in as raw elements, before slixmpp's event machinery, which would be the slowest part of the
bridge; they go out as ready text, written once per turn of the event loop.
"""

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ComponentXMPP

from component.element import attribute
from component.model import XmppSettings

log = logging.getLogger(__name__)

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
HANDSHAKE_SECONDS = 10.0
BARRIER_SECONDS = 30.0
IDLE_SECONDS = 15.0
WRITE_BUFFER_BYTES = 256 * 1024 * 1024


class LinkDown(ConnectionError):
    """There is no stream to ejabberd right now."""


class _Stream(ComponentXMPP):
    """slixmpp's component, with stanzas taken off before they become events."""

    def __init__(self, host: str, settings: XmppSettings, on_stanza: Callable[[Element], None]) -> None:
        super().__init__(host, settings.secret, settings.host, settings.port)  # type: ignore[no-untyped-call]
        self._on_stanza = on_stanza
        self.refused = ""
        self.add_event_handler("stream_error", self._note_refusal)

    def _note_refusal(self, error: Any) -> None:
        self.refused = error["text"] or error["condition"]

    def _spawn_event(self, xml: Element) -> None:
        if not xml.tag.endswith(("}message", "}presence", "}iq")):
            super()._spawn_event(xml)
            return
        try:
            self._on_stanza(xml)
        except Exception:
            # One stanza that we cannot handle must not cost the stream all others travel on (R2).
            log.exception("a %s stanza could not be handled and was dropped", xml.tag.rpartition("}")[2])


class Link:
    """Keeps a stream to ejabberd for as long as ``run`` runs.

    ``on_stanza`` gets every stanza; ``on_up`` and ``on_down`` are told of each connection and its loss.
    """

    def __init__(
        self,
        settings: XmppSettings,
        host: str,
        on_stanza: Callable[[Element], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._host = host
        self._deliver = on_stanza
        self._on_up = on_up
        self._on_down = on_down
        self._stream: _Stream | None = None
        self._outgoing: list[str] = []
        self._barriers: dict[str, asyncio.Future[None]] = {}
        self._barrier_prefix = f"barrier-{secrets.token_hex(8)}-"
        self._barrier_count = 0

    @property
    def up(self) -> bool:
        return self._stream is not None

    def send(self, text: str) -> None:
        """Queue one stanza. Without a stream it is thrown away: whoever needs it to arrive uses ``barrier``."""
        if self._stream is None:
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(text)

    def _flush(self) -> None:
        text, self._outgoing = "".join(self._outgoing), []
        if self._stream is None or not text:
            return
        transport = self._stream.transport
        if transport is None:
            return
        transport.write(text.encode())
        if transport.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            log.error("ejabberd does not read what it is sent; closing the stream to start afresh")
            transport.abort()

    def pause_reading(self) -> None:
        """Take no more stanzas for now; ejabberd keeps them."""
        if self._stream and self._stream.transport:
            self._stream.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._stream and self._stream.transport:
            self._stream.transport.resume_reading()

    async def barrier(self) -> None:
        """Wait until ejabberd has routed all that was sent so far. Raises ``LinkDown`` if it did not.

        XEP-0114 has no acknowledgements. But a stream is handled in order, so a message to ourselves comes
        back only after everything before it was routed.
        """
        if self._stream is None:
            raise LinkDown("there is no connection to ejabberd")
        self._barrier_count += 1
        id = f"{self._barrier_prefix}{self._barrier_count}"
        done = self._barriers[id] = asyncio.get_running_loop().create_future()
        host = attribute(self._host)
        self.send(f'<message from="{host}" to="{host}" id="{id}"/>')
        try:
            await asyncio.wait_for(done, BARRIER_SECONDS)
        except TimeoutError:
            raise LinkDown("ejabberd did not return a stanza in time") from None
        finally:
            self._barriers.pop(id, None)

    def _receive(self, stanza: Element) -> None:
        id = stanza.get("id", "")
        if id.startswith(self._barrier_prefix) and stanza.get("from") == self._host:
            done = self._barriers.get(id)
            if done and not done.done():
                done.set_result(None)
            return
        self._deliver(stanza)

    async def run(self) -> None:
        """Connect, and connect again whenever the stream is lost, until cancelled (R3)."""
        delay = FIRST_DELAY
        while True:
            stream = _Stream(self._host, self._settings, self._receive)
            try:
                await self._connect(stream)
            except ConnectionError as problem:
                log.warning("no connection to ejabberd: %s; trying again in about %.0f s", problem, delay)
            else:
                delay = FIRST_DELAY
                await self._serve(stream)
            # Jitter keeps several instances from coming back at the same moment.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(LONGEST_DELAY, delay * 2)

    async def _connect(self, stream: _Stream) -> None:
        """One attempt. Raises ``ConnectionError`` with words for the operator."""
        where = f"{self._settings.host}:{self._settings.port}"
        started, failed = _future(), _future()
        stream.add_event_handler("session_start", lambda _: _resolve(started))
        stream.add_event_handler("connection_failed", lambda reason: _resolve(failed, reason))
        stream.add_event_handler("disconnected", lambda reason: _resolve(failed, reason))
        stream.connect(self._settings.host, self._settings.port)
        try:
            await asyncio.wait((started, failed), timeout=HANDSHAKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            _discard(stream)
            raise
        if started.done():
            return
        _discard(stream)
        if stream.refused:
            raise ConnectionError(
                f"ejabberd at {where} refuses the component: {stream.refused} "
                "(are the secret and the component hosts the same on both sides?)"
            )
        if failed.done():
            raise ConnectionError(f"{where}: {failed.result() or 'the connection was closed'}")
        raise ConnectionError(f"{where} does not answer like ejabberd's component port")

    async def _serve(self, stream: _Stream) -> None:
        """Be up until the stream is lost."""
        lost = _future()
        stream.add_event_handler("disconnected", lambda reason: _resolve(lost, reason))
        self._stream = stream
        log.info("connected to ejabberd at %s:%d", self._settings.host, self._settings.port)
        watch = asyncio.create_task(self._watch(stream))
        try:
            self._on_up()
            reason = await lost
            log.warning("lost the connection to ejabberd: %s", reason or "closed")
        finally:
            watch.cancel()
            self._go_down()
            _discard(stream)

    async def _watch(self, stream: _Stream) -> None:
        """Notice a connection that died without a word."""
        try:
            while True:
                await asyncio.sleep(IDLE_SECONDS)
                await self.barrier()
        except LinkDown as problem:
            log.warning("closing the stream: %s", problem)
            stream.abort()

    def _go_down(self) -> None:
        self._stream = None
        self._outgoing.clear()
        for done in self._barriers.values():
            if not done.done():
                done.set_exception(LinkDown("the connection to ejabberd was lost"))
        self._on_down()

    def drop(self, why: str) -> None:
        """Give the stream up and start afresh."""
        log.error("closing the stream to ejabberd: %s", why)
        if self._stream is not None:
            self._stream.abort()

    async def close(self) -> None:
        """End the stream properly, after everything sent has been routed."""
        if self._stream is None:
            return
        with contextlib.suppress(LinkDown):
            await self.barrier()
        stream = self._stream
        if stream is not None and stream.transport is not None:
            stream.transport.write(b"</stream:stream>")


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _resolve(future: asyncio.Future[Any], result: object = None) -> None:
    if not future.done():
        future.set_result(result)


def _discard(stream: _Stream) -> None:
    """Make sure that nothing of a stream goes on: no second attempt, no queue runner, no socket."""
    stream.cancel_connection_attempt()
    if stream.transport:
        stream.transport.abort()
    runner = stream._run_out_filters
    if runner is not None:
        runner.cancel()
