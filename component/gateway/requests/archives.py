"""Questions to archives, asked in an orderly way: results go out in slices, so that chat gets through (R2)."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.element import stanza
from component.metrics import Metrics
from component.policy.reasons import Reason
from component.services.archive import Archive, Question
from component.stanza.errors import error, refusal
from component.stanza.rsm import BadQuery
from component.store.errors import StoreError

from ..seldom import Seldom
from ..state import State
from ..stream.link import Link, LinkDown

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Questions that are being answered. Each has at most one slice on the way to ejabberd."""

LONGEST_LINE = 50
"""Questions of one account that wait for the one before. A client that opens asks one for each of its chats."""

SLICE_CHARS = 64 * 1024
"""Text of results that goes out before ejabberd has to have routed it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """``client`` is the account and the resource that asked; ``shown`` whether it had shown itself by then."""

    question: Question
    iq: Element
    client: tuple[str, str]
    shown: bool
    as_result: Callable[[str], str]
    as_answer: Callable[[Element], str]


class Archives:
    """Answers one question of an account after the other. Without a stream there is nobody to answer."""

    def __init__(self, state: State, archive: Archive, link: Link, metrics: Metrics) -> None:
        self._state = state
        self._archive = archive
        self._link = link
        self._metrics = metrics
        self._lines: dict[str, deque[_Asked]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._trouble = Seldom(log, logging.ERROR)

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
        asked = _Asked(question, iq, client, self._is_shown(client), as_result, as_answer)
        line = self._lines.get(account)
        if line is None:
            self._lines[account] = deque([asked])
            task = asyncio.create_task(self._serve(account))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(line) < LONGEST_LINE:
            line.append(asked)
        else:
            self._link.send(as_answer(refusal(iq, Reason.TOO_FAST)))

    def down(self) -> None:
        """The stream is lost, and with it everybody who asked."""
        for task in self._tasks:
            task.cancel()
        self._lines.clear()

    async def _serve(self, account: str) -> None:
        """Work off the line of one account."""
        line = self._lines[account]
        while line:
            async with self._places:
                await self._take(line.popleft())
        if self._lines.get(account) is line:
            del self._lines[account]

    async def _take(self, asked: _Asked) -> None:
        if self._has_left(asked):
            return
        started = time.perf_counter()
        try:
            reply = await self._reply(asked)
            outcome = "refused" if reply.get("type") == "error" else "answered"
            self._metrics.archive_query(outcome, time.perf_counter() - started)
            if not self._has_left(asked):
                self._link.send(asked.as_answer(reply))
                # The place is free again once ejabberd has caught up.
                await self._link.barrier()
        except LinkDown:
            return
        except Exception:
            # Then ejabberd tells the client that there was no answer.
            log.exception("a question to an archive could not be answered")

    async def _reply(self, asked: _Asked) -> Element:
        """Send the results; the answer to the iq, which has to come after them (XEP-0313 §4)."""
        try:
            answer = await self._archive.answer(asked.question, self._state.world)
        except BadQuery as problem:
            return error(asked.iq, problem.type, problem.condition, str(problem))
        except StoreError as problem:
            self._trouble("a history cannot be read: %s", problem)
            return refusal(asked.iq, Reason.HISTORY_UNAVAILABLE)
        await self._send(asked, answer.results)
        reply = stanza("iq", asked.iq.get("to", ""), asked.iq.get("from", ""), type="result", id=asked.iq.get("id"))
        reply.append(answer.payload)
        return reply

    async def _send(self, asked: _Asked, results: Sequence[str]) -> None:
        room = SLICE_CHARS
        for result in results:
            if self._has_left(asked):
                return
            if room < 0:
                await self._link.barrier()
                room = SLICE_CHARS
            self._link.send(asked.as_result(result))
            room -= len(result)

    def _has_left(self, asked: _Asked) -> bool:
        """Results for a client that is gone would go to the account's other clients. Of a client that asks before it
        shows itself, it is not known."""
        return asked.shown and not self._is_shown(asked.client)

    def _is_shown(self, client: tuple[str, str]) -> bool:
        account, resource = client
        return resource in self._state.sessions.of(account)
