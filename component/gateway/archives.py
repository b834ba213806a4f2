"""Questions to archives, asked in an orderly way: results go out in slices, so that chat gets through (R2)."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.element import stanza
from component.policy.reasons import Reason
from component.services.archive import Archive, Question
from component.stanza.errors import error, refusal
from component.stanza.rsm import BadQuery
from component.store.errors import StoreError

from .link import Link, LinkDown
from .seldom import Seldom
from .state import State

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Questions that are being answered. Each has at most one slice on the way to ejabberd."""

LONGEST_LINE = 50
"""Questions of one account that wait for the one before. A client that opens asks one for each of its chats."""

SLICE_CHARS = 64 * 1024
"""Text of results that goes out before ejabberd has to have routed it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the ``iq`` it came in, and how what it leads to becomes stanzas: a ``<result/>``, and the answer
    to the iq."""

    question: Question
    iq: Element
    result: Callable[[str], str]
    answer: Callable[[Element], str]


class Archives:
    """Answers one question of an account after the other. Without a stream there is nobody to answer."""

    def __init__(self, state: State, archive: Archive, link: Link) -> None:
        self._state = state
        self._archive = archive
        self._link = link
        self._lines: dict[str, deque[Asked]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._trouble = Seldom(log, logging.ERROR)

    def ask(self, asked: Asked) -> None:
        """See to it that this is answered."""
        account = asked.question.asker.account
        line = self._lines.get(account)
        if line is None:
            self._lines[account] = deque([asked])
            task = asyncio.create_task(self._serve(account))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(line) < LONGEST_LINE:
            line.append(asked)
        else:
            self._link.send(asked.answer(refusal(asked.iq, Reason.TOO_FAST)))

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

    async def _take(self, asked: Asked) -> None:
        try:
            reply = await self._reply(asked)
            self._link.send(asked.answer(reply))
            # The place is free again once ejabberd has caught up.
            await self._link.barrier()
        except LinkDown:
            return
        except Exception:
            # Then ejabberd tells the client that there was no answer.
            log.exception("a question to an archive could not be answered")

    async def _reply(self, asked: Asked) -> Element:
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

    async def _send(self, asked: Asked, results: Sequence[str]) -> None:
        room = SLICE_CHARS
        for result in results:
            if room < 0:
                await self._link.barrier()
                room = SLICE_CHARS
            self._link.send(asked.result(result))
            room -= len(result)
