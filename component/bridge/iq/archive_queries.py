"""Archive queries are answered in order for each account, and in slices, so that chat gets through (R2)."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.jid import normalise
from component.metrics import Metrics
from component.policy.reasons import Reason
from component.services.archive_answers import Archive, Question, Result
from component.store.api import StoreError
from component.xep.rsm import BadQuery
from component.xep.stanza_errors import error, refusal
from component.xml import stanza

from ..keyed_queue import KeyedQueue, QueueBounds
from ..state.state import State
from ..stream.connection import Connection, Disconnected
from ..throttled_log import ThrottledLog
from .iq_answers import weight

log = logging.getLogger(__name__)

BOUNDS = QueueBounds(
    at_once_each=1, at_once=16, longest=2_000, size_each=8 * 1024 * 1024, size_in_all=256 * 1024 * 1024
)
"""A query that is being answered has at most one slice on its way to ejabberd. A client that opens asks one query for
each of its chats. Sizes are those of ``weight``."""

SLICE_CHARS = 64 * 1024
"""Characters of results that are sent before a barrier: ejabberd has to have routed them before more follow."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One query that waits. ``client`` is the account and the resource that asked, ``shown`` whether that session had
    sent presence by then, ``stream`` the number of the stream on which the query came."""

    question: Question
    iq: Element
    client: tuple[str, str]
    shown: bool
    stream: int
    as_result: Callable[[str], str]
    as_answer: Callable[[Element], str]


class ArchiveQueries:
    """Answers one query of an account after the other. Each gets an answer, if only an error (R5)."""

    def __init__(
        self, state: State, archive: Archive, link: Connection, metrics: Metrics, tasks: BackgroundTasks
    ) -> None:
        self._state = state
        self._archive = archive
        self._link = link
        self._metrics = metrics
        self._queue: KeyedQueue[str] = KeyedQueue(tasks, "answering an archive query", BOUNDS)
        self._up = asyncio.Event()
        self._stream = 0
        self._closing = False
        self._trouble = ThrottledLog(log, logging.ERROR)
        self._too_large = ThrottledLog(log, logging.WARNING)

    def ask(
        self,
        question: Question,
        iq: Element,
        as_result: Callable[[str], str],
        as_answer: Callable[[Element], str],
    ) -> None:
        """Answer the query in ``iq`` in its turn.

        ``as_result`` makes the stanza for the client from a ``<result/>``, as text; ``as_answer`` that from the answer
        to the iq.
        """
        account = question.asker.account
        client = normalise(iq.get("from", "")) or (account, "")
        asked = _Asked(question, iq, client, self._is_shown(client), self._stream, as_result, as_answer)
        if self._closing:
            self._refuse(asked, Reason.HISTORY_UNAVAILABLE)
        elif not self._queue.put(account, partial(self._begin_question, asked), weight(iq)):
            self._refuse(asked, Reason.TOO_MANY_REQUESTS)

    # Streams, and the end

    def stream_began(self) -> None:
        self._up.set()
        self._queue.resume()

    def stream_lost(self) -> None:
        """Results on their way are lost, and so is the right to send in an account's name. All queries of that stream
        are refused on the next one, and their clients ask again."""
        self._stream += 1
        self._up.clear()
        self._queue.hold()

    async def finish(self, seconds: float) -> None:
        """Answer the queries that are being answered, and refuse those that wait."""
        self._closing = True
        await self._queue.finish(seconds)

    # One query

    def _begin_question(self, asked: _Asked) -> Coroutine[Any, Any, None] | None:
        if not self._closing:
            return self._serve(asked)
        self._refuse(asked, Reason.HISTORY_UNAVAILABLE)
        return None

    async def _serve(self, asked: _Asked) -> None:
        started = time.perf_counter()
        try:
            reply = await self._reply(asked)
            await self._up.wait()
        except asyncio.CancelledError:
            self._refuse(asked, Reason.HISTORY_UNAVAILABLE)
            raise
        if self._is_over(asked):
            reply = refusal(asked.iq, Reason.HISTORY_UNAVAILABLE)
        outcome = "refused" if reply.get("type") == "error" else "answered"
        self._metrics.archive_query(outcome, time.perf_counter() - started)
        self._link.send(asked.as_answer(reply))
        try:
            # Only once ejabberd has caught up does the next query of this account begin.
            await self._link.barrier()
        except Disconnected:
            # It is not known whether the answer arrived. A second one does no harm.
            await self._up.wait()
            self._refuse(asked, Reason.HISTORY_UNAVAILABLE)

    def _refuse(self, asked: _Asked, reason: Reason) -> None:
        self._link.send(asked.as_answer(refusal(asked.iq, reason)))

    async def _reply(self, asked: _Asked) -> Element:
        """Send the results, and return the answer to the iq, which has to come after them (XEP-0313 §4)."""
        if self._is_over(asked) or self._has_left(asked):
            return refusal(asked.iq, Reason.HISTORY_UNAVAILABLE)
        try:
            answer = await self._archive.answer(asked.question, self._state.world)
            if not await self._send(asked, answer.results):
                return refusal(asked.iq, Reason.HISTORY_UNAVAILABLE)
        except BadQuery as problem:
            return error(asked.iq, problem.type, problem.condition, str(problem))
        except StoreError as problem:
            self._trouble("a history cannot be read: %s", problem)
            return refusal(asked.iq, Reason.HISTORY_UNAVAILABLE)
        except Disconnected:
            return refusal(asked.iq, Reason.HISTORY_UNAVAILABLE)
        except Exception:
            log.exception("an archive query could not be answered")
            return refusal(asked.iq, Reason.REQUEST_FAILED)
        reply = stanza("iq", asked.iq.get("to", ""), asked.iq.get("from", ""), type="result", id=asked.iq.get("id"))
        reply.append(answer.payload)
        return reply

    async def _send(self, asked: _Asked, results: Sequence[Result]) -> bool:
        """Send the results; returns False if the client has gone or the stream was lost. Raises ``Disconnected``."""
        room = SLICE_CHARS
        for result in results:
            if room < 0:
                await self._link.barrier()
                room = SLICE_CHARS
            if self._is_over(asked) or self._has_left(asked):
                return False
            text = asked.as_result(result.text)
            if not self._link.try_send(text):
                self._too_large("a message of %d characters is too large for a page of a history", len(text))
                self._link.send(asked.as_result(result.instead()))
            room -= len(text)
        return True

    def _is_over(self, asked: _Asked) -> bool:
        """Whether the stream on which it was asked is lost."""
        return asked.stream != self._stream

    def _has_left(self, asked: _Asked) -> bool:
        """ejabberd would deliver results for a client that has gone to the account's other clients. For a client that
        asks before it sends presence, it is not known whether it is still there."""
        return asked.shown and not self._is_shown(asked.client)

    def _is_shown(self, client: tuple[str, str]) -> bool:
        account, resource = client
        return resource in self._state.sessions.of(account)
