"""The component stream to ejabberd (XEP-0114). The only module that touches slixmpp's stream.

How it works:

* ``run`` makes one connection after the other, with exponential back-off between them. Each is one ``_Stream``, which
  is used once and thrown away. It is *up* from ejabberd's consent to its end; ``on_up`` and ``on_down`` tell the bridge
  of both, so that it can find out anew what is true.
* In: slixmpp hands over each element before it makes events of it, as its event machinery would be the slowest part of
  the bridge. Elements come from a parser of our own (`xml_parser`). A stanza that cannot be handled is refused and
  costs none behind it (``receive``).
* Out: stanzas are ready text. All that is sent in one iteration of the event loop is written at its end, at once.
  Sending cannot fail: without a stream the text is thrown away, and what had not been written when the stream was lost
  is too. ejabberd ends a stream for a stanza that is too large, which would cost everybody else's stanzas, so none is
  written (``fits``).
* XEP-0114 has no acknowledgements. Whoever has to know whether something arrived sends a ``barrier`` behind it, a
  message from our host to itself. It comes back once ejabberd has routed all that was sent before, and behind all
  bounces that this caused. It fails with the stream. Nothing else tells that a text was not thrown away.
* A stream on which nothing has come for half a minute, although a barrier was sent every ten seconds, is given up.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ComponentXMPP

from component import certificates
from component.background_tasks import BackgroundTasks
from component.model import XmppSettings
from component.policy.elements import BODY
from component.policy.reasons import Reason
from component.xep.stanza_errors import refusal
from component.xml import IQ, MESSAGE, PRESENCE, attribute, encoded, serialise, split

from ..throttled_log import ThrottledLog
from .backoff import Backoff
from .xml_parser import ParseError, StreamParser

log = logging.getLogger(__name__)

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STABLE_SECONDS = 30.0
"""A stream that lasted so long was a good one: after it, the pauses between attempts start small again."""

PROBE_SECONDS = 1.0
"""So often it is tried, in such a pause, whether a port at which nobody listened is open again."""

HANDSHAKE_SECONDS = 10.0
PING_SECONDS = 10
SILENCE_SECONDS = 30.0
"""So often ejabberd is asked for a sign of life, and so long it may give none."""

OVERDUE_SECONDS = 10.0
"""What ejabberd has not routed for so long is worth a warning."""

NOT_OURS = "the database has not been reached for so long that another process may have taken over"
BARRIER_SECONDS = 120.0
CLOSING_SECONDS = 2.0
WRITE_BUFFER_BYTES = 256 * 1024 * 1024

READ_AHEAD = 8
"""One such part of ejabberd's limit for a stanza is left free: it counts what it reads behind the stanza's end in the
same go, too, which is as much as its socket's buffer holds: 1,460 bytes in 23.01 and 24.12, 8 kB in 26.07."""


STANZAS = frozenset({MESSAGE, PRESENCE, IQ})


class Disconnected(ConnectionError):
    """There is no stream to ejabberd right now."""


class NobodyListens(ConnectionError):
    """At ejabberd's port."""


class _Stream(ComponentXMPP):
    """slixmpp's component, with stanzas taken off before they become events."""

    def __init__(
        self,
        host: str,
        settings: XmppSettings,
        link: "Connection",
    ) -> None:
        with certificates.unread():
            super().__init__(host, settings.secret, settings.host, settings.port)  # type: ignore[no-untyped-call]
        self._link = link
        self.reached = False
        """Somebody listens at the port."""
        self.refused = ""
        self.add_event_handler("stream_error", self._note_refusal)

    def _note_refusal(self, error: Any) -> None:
        self.refused = error["text"] or error["condition"]

    def connection_made(self, transport: asyncio.BaseTransport, send_event: bool = True) -> None:
        self.reached = True
        super().connection_made(transport, send_event)

    def init_parser(self) -> None:
        super().init_parser()
        self.parser = StreamParser()  # type: ignore[assignment]

    def data_received(self, data: bytes | str) -> None:
        if not self._link.may_be_used():
            return
        self._link.bytes_received += len(data)
        self._link.last_heard = time.monotonic()
        try:
            super().data_received(data)
        except ParseError as problem:
            self.disconnect_reason = f"it sent what is no XML ({problem})"
            self.abort()

    def _spawn_event(self, xml: Element) -> None:
        if xml.tag in STANZAS:
            self._link.receive(xml)
        else:
            super()._spawn_event(xml)


class Barriers:
    """Acknowledgements that XEP-0114 does not have, made from stanzas to ourselves: those under way on one stream.
    ``host`` is the address that sends to itself.

    ejabberd handles a stream in order. So a message that the component sends to itself comes back only after everything
    that was sent before it has been routed, and after the bounces that this caused.
    """

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


class Connection:
    """Keeps a stream to ejabberd for as long as ``run`` runs.

    ``on_up`` and ``on_down`` are told of each connection, before its first stanza, and of its loss. ``largest`` is
    ejabberd's limit for a stanza, in bytes; none is sent that comes near.
    ``may_send`` is asked before everything that is written: without it there is no stream.
    """

    on_stanza: Callable[[Element], None]
    """Gets every stanza. Is to be set before ``run``."""

    def __init__(
        self,
        settings: XmppSettings,
        host: str,
        largest: int,
        may_send: Callable[[], bool],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        tasks: BackgroundTasks,
    ) -> None:
        self.bytes_received = 0
        self.last_heard = 0.0
        """When something came, by the monotonic clock."""
        self.failures = 0
        """To connect, ever."""
        self._settings = settings
        self._host = host
        self._largest = largest - largest // READ_AHEAD
        self._may_send = may_send
        self._on_up = on_up
        self._on_down = on_down
        self._tasks = tasks
        self._stream: _Stream | None = None
        self._outgoing: list[str] = []
        self._barriers = Barriers(host)
        self._reading_since = 0.0
        self._paused = False
        self._overdue = False
        self._closing = False
        self._dropped = False
        self._too_large = ThrottledLog(log, logging.ERROR)
        self._failures = ThrottledLog(log, logging.ERROR)

    @property
    def up(self) -> bool:
        return self._stream is not None

    def missing(self) -> list[str]:
        """In words, what operators should know while the stream is up; nothing if it works."""
        sent_at = self._barriers.oldest
        if sent_at is None or self._paused:
            return []
        waited = time.monotonic() - max(sent_at, self._reading_since)
        overdue = waited >= OVERDUE_SECONDS
        return [f"ejabberd is behind: it has not routed what it was sent {waited:.0f} s ago"] if overdue else []

    # Out

    def send(self, text: str) -> None:
        """Queue one stanza. Without a stream it is thrown away: whoever needs it to arrive uses ``barrier``."""
        if not self.try_send(text):
            self._too_large("a stanza of %d characters is too large for ejabberd and was not sent", len(text))

    def try_send(self, text: str) -> bool:
        """``send``, for who knows what to do about a stanza that is too large: then False, and nothing is sent."""
        if self._stream is None:
            return True
        if len(text) * 4 > self._largest and not self.fits(text):
            # ejabberd would close the stream, which carries everybody else's stanzas too (R2).
            return False
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(text)
        return True

    def fits(self, text: str, room: int = 0) -> bool:
        """Whether a stanza is small enough for ejabberd to take, also if it grew by ``room`` bytes."""
        largest = self._largest - room
        return len(text) * 4 <= largest or len(encoded(text)) <= largest

    def _flush(self) -> None:
        text, self._outgoing = "".join(self._outgoing), []
        if self._stream is None or not text:
            return
        transport = self._stream.transport
        if transport is None or not self.may_be_used():
            return
        transport.write(encoded(text))
        if transport.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            self.drop("ejabberd does not read what it is sent")

    def barrier(self) -> Awaitable[None]:
        """What is done once ejabberd has routed all that was sent so far. Raises ``Disconnected`` if it does not, now
        or when it is awaited."""
        if self._stream is None:
            raise Disconnected("there is no connection to ejabberd")
        stanza, done = self._barriers.new()
        self.try_send(stanza)
        return done

    # In

    def receive(self, stanza: Element) -> None:
        """Handle a stanza that has come, now or before, if it was held back."""
        if stanza.get("id", "").startswith(self._barriers.prefix) and self._barriers.take(stanza):
            return
        try:
            self.on_stanza(stanza)
        except Exception as problem:
            # One stanza that we cannot handle must not cost the stream all others travel on (R2).
            self._failures(
                "<%s/> from %s could not be handled and was refused or dropped: %s",
                split(stanza.tag)[1], stanza.get("from"), type(problem).__name__, exc_info=True,
            )  # fmt: skip
            self._refuse(stanza)

    def _refuse(self, stanza: Element) -> None:
        """Answer what its sender waits for."""
        if stanza.tag == IQ and stanza.get("type") in ("get", "set"):
            self.send(serialise(refusal(stanza, Reason.REQUEST_FAILED)))
        elif stanza.tag == MESSAGE and stanza.get("type") != "error" and stanza.find(BODY) is not None:
            self.send(serialise(refusal(stanza, Reason.OVERLOADED)))

    def pause_reading(self) -> None:
        """Take no more stanzas of this stream for now; ejabberd keeps them."""
        if self._stream and self._stream.transport:
            self._stream.transport.pause_reading()
            self._paused = True

    def resume_reading(self) -> None:
        if self._stream and self._stream.transport:
            self._stream.transport.resume_reading()
            self.last_heard = self._reading_since = time.monotonic()
            self._paused = False

    # Connecting

    async def run(self) -> None:
        """Connect, and connect again whenever the stream is lost, until cancelled (R3)."""
        pauses = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while True:
            while not self._may_send():  # noqa: ASYNC110
                await asyncio.sleep(PROBE_SECONDS)
            try:
                lasted = await self._connection()
            except ConnectionError as problem:
                self.failures += 1
                pause = pauses.next()
                log.warning("no connection to ejabberd: %s; trying again in %.1f s", problem, pause)
                if isinstance(problem, NobodyListens):
                    if await self._port_opens(pause):
                        pauses.reset()
                    continue
            else:
                if lasted > STABLE_SECONDS:
                    pauses.reset()
                pause = pauses.next()
            await asyncio.sleep(pause)

    async def _port_opens(self, seconds: float) -> bool:
        """Wait for somebody to listen at ejabberd's port, at most for so long; whether somebody does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await asyncio.sleep(PROBE_SECONDS)
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
                        writer.close()
                        return True
        return False

    async def _connection(self) -> float:
        """One connection, from its beginning to its end; for how many seconds it was up.

        Raises ``ConnectionError``, with words for the operator, if there was none.
        """
        stream = _Stream(self._host, self._settings, self)
        self._dropped = False
        up, ended = _future(), _future()
        # At once, as ejabberd's first questions come together with its consent.
        stream.add_event_handler("session_start", lambda _: self._go_up(stream, up))
        stream.add_event_handler("connection_failed", lambda reason: _resolve(ended, reason))
        stream.add_event_handler("disconnected", lambda reason: _resolve(ended, reason))
        try:
            stream.connect(self._settings.host, self._settings.port)
            await asyncio.wait((up, ended), timeout=HANDSHAKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not up.done():
                kind = ConnectionError if stream.reached else NobodyListens
                raise kind(self._why_not(stream, ended))
            started = time.monotonic()
            await self._serve(stream, ended)
            return time.monotonic() - started
        finally:
            self._go_down(stream)
            _discard(stream)

    def _why_not(self, stream: _Stream, ended: asyncio.Future[Any]) -> str:
        where = f"{self._settings.host}:{self._settings.port}"
        if stream.refused:
            return (
                f"ejabberd at {where} refuses the component: {stream.refused} (is this the port of its component "
                "listener, with the same secret and hosts as here? `deskbridge ejabberd-config` prints it)"
            )
        if not ended.done():
            return f"{where} does not answer like ejabberd's component port"
        return f"{where}: {ended.result() or 'the connection was closed'} (does ejabberd run, and listen there?)"

    def _go_up(self, stream: _Stream, up: asyncio.Future[Any]) -> None:
        self._stream = stream
        self.last_heard = self._reading_since = time.monotonic()
        self._paused = False
        log.info("connected to ejabberd at %s:%d", self._settings.host, self._settings.port)
        self._on_up()
        _resolve(up)

    async def _serve(self, stream: _Stream, ended: asyncio.Future[Any]) -> None:
        """Be up until the stream is lost."""
        watch = self._tasks.start(self._watch(), "watching the stream to ejabberd")
        try:
            reason = await ended
            if not self._closing and not self._dropped:
                log.warning("lost the connection to ejabberd: %s", stream.refused or reason or "it was closed")
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        """Notice a connection that died without a word."""
        while True:
            for _ in range(PING_SECONDS):
                await asyncio.sleep(1)
                if not self.may_be_used():
                    return
                self._warn_if_behind()
                overdue = Disconnected("ejabberd does not route what it is sent")
                self._barriers.fail(overdue, sent_before=time.monotonic() - BARRIER_SECONDS)
            silent = time.monotonic() - self.last_heard
            if silent > SILENCE_SECONDS and not self._paused:
                self.drop(f"nothing has come from it for {silent:.0f} s")
                return
            self.try_send(self._barriers.new()[0])

    def _warn_if_behind(self) -> None:
        missing = self.missing()
        if missing and not self._overdue:
            log.warning(missing[0])
        elif self._overdue and not missing:
            log.info("ejabberd routes stanzas again")
        self._overdue = bool(missing)

    def _go_down(self, stream: _Stream) -> None:
        if self._stream is not stream:
            return
        self._stream = None
        self._overdue = False
        self._outgoing.clear()
        self._barriers.fail(Disconnected("the connection to ejabberd was lost"))
        self._on_down()

    def drop(self, why: str) -> None:
        """Give the stream up, as it is, and start afresh."""
        if self._stream is not None and not self._dropped:
            self._dropped = True
            log.error("closing the connection to ejabberd: %s", why)
            self._stream.abort()

    def may_be_used(self) -> bool:
        """Whether what comes over the stream counts, and anything may be written there; else it is given up."""
        if not self._may_send():
            self.drop(NOT_OURS)
        return not self._dropped

    async def close(self) -> None:
        """End the stream properly; ejabberd then tells senders that nobody is there."""
        stream = self._stream
        if stream is None or stream.transport is None:
            return
        self._closing = True
        closed = _future()
        stream.add_event_handler("disconnected", lambda _: _resolve(closed))
        self._flush()
        stream.transport.write(b"</stream:stream>")
        await asyncio.wait((closed,), timeout=CLOSING_SECONDS)


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
