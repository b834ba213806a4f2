"""Questions to archives, asked in an orderly way: results go out in slices, so that chat gets through (R2)."""

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
"""Each question that is being answered has at most one slice on the way to ejabberd. A client that opens asks one for
each of its chats. Sizes are those of ``weight``."""

SLICE_CHARS = 64 * 1024
"""Text of results that goes out before ejabberd has to have routed it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """``client`` is the account and the resource that asked; ``shown`` whether it had shown itself by then. ``stream``
    is the number of the stream on which it asked."""

    question: Question
    iq: Element
    client: tuple[str, str]
    shown: bool
    stream: int
    as_result: Callable[[str], str]
    as_answer: Callable[[Element], str]


class ArchiveQueries:
    """Answers one question of an account after the other; each gets an answer, if only that it cannot be given (R5)."""

    def __init__(
        self, state: State, archive: Archive, link: Connection, metrics: Metrics, tasks: BackgroundTasks
    ) -> None:
        self._state = state
        self._archive = archive
        self._link = link
        self._metrics = metrics
        self._queue: KeyedQueue[str] = KeyedQueue(tasks, "answering a question to an archive", BOUNDS)
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
        """See to it that the question in ``iq`` is answered.

        ``as_result`` makes a stanza for the client from a ``<result/>``, ``as_answer`` one from the answer to the iq;
        all of them are texts, but for that answer.
        """
        account = question.asker.account
        client = normalise(iq.get("from", "")) or (account, "")
        asked = _Asked(question, iq, client, self._is_shown(client), self._stream, as_result, as_answer)
        if self._closing:
            self._refuse(asked, Reason.HISTORY_UNAVAILABLE)
        elif not self._queue.put(account, partial(self._begin_question, asked), weight(iq)):
            self._refuse(asked, Reason.TOO_MANY_REQUESTS)

    # A stream comes and goes, and at last we do

    def stream_began(self) -> None:
        self._up.set()
        self._queue.resume()

    def stream_lost(self) -> None:
        """The stream is lost, and with it results that were on the way, and the right to send more in an account's
        name: all questions that came by it are refused on the next one, and their clients ask again."""
        self._stream += 1
        self._up.clear()
        self._queue.hold()

    async def finish(self, seconds: float) -> None:
        """Answer what is under way, and refuse all else."""
        self._closing = True
        await self._queue.finish(seconds)

    # One question

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
            # The place is free again once ejabberd has caught up.
            await self._link.barrier()
        except Disconnected:
            # Nobody knows whether the answer got through. A second one does no harm.
            await self._up.wait()
            self._refuse(asked, Reason.HISTORY_UNAVAILABLE)

    def _refuse(self, asked: _Asked, reason: Reason) -> None:
        self._link.send(asked.as_answer(refusal(asked.iq, reason)))

    async def _reply(self, asked: _Asked) -> Element:
        """Send the results; the answer to the iq, which has to come after them (XEP-0313 §4)."""
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
        """Whether all went out. Raises ``Disconnected``."""
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
        """Results for a client that is gone would go to the account's other clients. Of a client that asks before it
        shows itself, it is not known."""
        return asked.shown and not self._is_shown(asked.client)

    def _is_shown(self, client: tuple[str, str]) -> bool:
        account, resource = client
        return resource in self._state.sessions.of(account)
