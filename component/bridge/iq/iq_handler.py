"""Info/queries to hosts and faces. They are answered here; none ever reaches the account behind a face (C17, P7).

Each gets an answer (R5, RFC 6120 §8.2.3). They wait in a queue, so that one person's thousand requests delay nobody
else (R2), and everything that a client asks at log-in is answered (R6).
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.jid import normalise
from component.model import Party
from component.policy.may_write import Pair, contact_rule, may_see
from component.policy.reasons import Reason
from component.services.archive_answers import PAYLOADS, Question
from component.services.command_framework import Command
from component.store.api import StoreError
from component.xep.rsm import BadQuery
from component.xep.stanza_errors import error, refusal
from component.xml import attribute, serialise, stanza

from ..keyed_queue import KeyedQueue, QueueBounds
from ..state.state import State
from ..stream.connection import Connection, Disconnected
from ..supervision.chat_contacts import ChatAnswers
from ..throttled_log import ThrottledLog
from .archive_queries import ArchiveQueries
from .iq_answers import Answer, FaceAnswers, HostAnswers, IqOutcome, Request, weight

log = logging.getLogger(__name__)

BOUNDS = QueueBounds(
    at_once_each=4, at_once=64, longest=5_000, size_each=8 * 1024 * 1024, size_in_all=256 * 1024 * 1024
)
"""A person waits for few answers at a time, so few that take time are prepared at once for one account. As many can
wait as a client sends that asks for everything about each of a thousand contacts. Sizes are those of ``weight``."""

SECONDS = 30.0
"""An answer that takes longer becomes an error. ejabberd itself gives clients an error only after minutes."""

LARGE_CHARS = 16 * 1024
"""After an answer larger than this the account's next one waits until ejabberd has routed it: pictures of five hundred
contacts are 40 MB, and chat would wait behind them."""


PAUSE_SECONDS = 0.05
"""Between two barriers."""


class IqHandler:
    """Answers every iq of type get or set."""

    def __init__(
        self,
        state: State,
        commands: Iterable[Command],
        archives: ArchiveQueries,
        chats: ChatAnswers,
        link: Connection,
        tasks: BackgroundTasks,
    ) -> None:
        self._state = state
        self._chats = chats
        self._archives = archives
        self._link = link
        self._queue: KeyedQueue[str] = KeyedQueue(tasks, "answering a request", BOUNDS)
        self._unconfirmed = UnconfirmedAnswers(link, tasks)
        self._up = asyncio.Event()
        self._closing = False
        self._trouble = ThrottledLog(log, logging.ERROR)
        self._of_faces = FaceAnswers(state)
        self._of_hosts = HostAnswers(state, commands)

    def receive_iq(self, iq: Element) -> None:
        """Handle one iq. Results and errors are ignored: they answer nothing that was asked here."""
        if iq.get("type") in ("result", "error"):
            return
        account = iq.get("from", "").partition("/")[0]
        if self._closing:
            self._reply(iq, Reason.REQUEST_FAILED)
        elif not self._queue.put(account, partial(self._begin_request, iq), weight(iq)):
            self._reply(iq, Reason.TOO_MANY_REQUESTS)

    # Streams, and the end

    def stream_began(self) -> None:
        """Answer what waited, and send errors for answers that the last stream may have lost: the clients are still
        there."""
        self._up.set()
        for iq in self._unconfirmed.lost_with_stream():
            self._reply(iq, Reason.REQUEST_FAILED)
        self._queue.resume()

    def stream_lost(self) -> None:
        """Nothing can be answered until the next one."""
        self._up.clear()
        self._queue.hold()

    async def finish(self, seconds: float) -> None:
        """Finish the requests that are being answered, and refuse all others, so that no client waits after our
        end."""
        self._closing = True
        await self._queue.finish(seconds)

    # One request

    def _begin_request(self, iq: Element) -> Coroutine[Any, Any, None] | None:
        answer = Reason.REQUEST_FAILED if self._closing else self._answered(iq)
        if isinstance(answer, Question):
            self._archives.ask(answer, iq, partial(_as_result, answer.archive, iq.get("from", "")), serialise)
        elif isinstance(answer, Coroutine):
            return self._work_out(iq, answer)
        else:
            self._reply(iq, answer)
        return None

    def _answered(self, iq: Element) -> Answer:
        try:
            return self._answer(iq)
        except Exception:
            log.exception("a request could not be answered")
            return Reason.REQUEST_FAILED

    async def _work_out(self, iq: Element, work: Coroutine[Any, Any, IqOutcome]) -> None:
        """Prepare an answer that takes time, and send it."""
        try:
            answer = await self._outcome(work)
            await self._up.wait()
        except asyncio.CancelledError:
            self._reply(iq, Reason.REQUEST_FAILED)
            raise
        if self._reply(iq, answer) > LARGE_CHARS:
            with contextlib.suppress(Disconnected):
                await self._link.barrier()

    async def _outcome(self, work: Coroutine[Any, Any, IqOutcome]) -> IqOutcome:
        try:
            async with asyncio.timeout(SECONDS):
                return await work
        except StoreError as problem:
            self._trouble("a request failed, as the database does: %s", problem)
        except TimeoutError:
            self._trouble("a request failed, as it took more than %.0f s", SECONDS)
        except Exception:
            log.exception("a request could not be answered")
        return Reason.REQUEST_FAILED

    def _reply(self, iq: Element, answer: IqOutcome) -> int:
        """Send the answer, or an error if it is too large for ejabberd (R5); returns the number of characters."""
        text = self._written(iq, answer)
        if not self._link.try_send(text):
            self._trouble("an answer of %d characters to %s is too large for ejabberd", len(text), iq.get("from"))
            self._link.send(self._written(iq, Reason.ANSWER_TOO_LARGE))
        self._unconfirmed.add(iq)
        return len(text)

    def _written(self, iq: Element, answer: IqOutcome) -> str:
        if isinstance(answer, Reason):
            level = logging.DEBUG if answer is Reason.TOO_MANY_REQUESTS else logging.INFO
            log.log(level, "refused a request from %s by rule %s", iq.get("from"), answer.spec)
            return serialise(refusal(iq, answer))
        if isinstance(answer, BadQuery):
            return serialise(error(iq, answer.type, answer.condition, str(answer)))
        result = stanza("iq", iq.get("to", ""), iq.get("from", ""), type="result", id=iq.get("id"))
        if answer is not None:
            result.append(answer)
        return serialise(result)

    def _answer(self, iq: Element) -> Answer:
        sender = normalise(iq.get("from", ""))
        receiver = normalise(iq.get("to", ""))
        if sender is None or receiver is None:
            return Reason.STRANGER
        address = receiver[0]
        tenant = self._state.world.tenant_of_component_host(address.rpartition("@")[2])
        party = self._state.world.account(sender[0])
        if tenant is None or party is None or party.tenant is not tenant:
            return Reason.STRANGER
        type = iq.get("type", "")
        if type not in ("get", "set") or len(iq) != 1:
            return Reason.NOT_A_REQUEST
        request = Request(type, iq[0], party, iq.get("from", ""), *receiver, tenant)
        return self._of_face(request) if "@" in address else self._of_hosts.answer(request)

    def _of_face(self, request: Request) -> Answer:
        """Whoever may not see a face is told that there is none (P5)."""
        chat = self._chats.seen_by(request.party, request.address)
        if chat is not None:
            return self._chats.answer_iq(request.type, request.payload, request.party, chat)
        face = self._state.world.face(request.address)
        if face and request.payload.tag in PAYLOADS and self._may_write(request.party, face):
            return Question(request.type, request.payload, request.party, archive=face.face, other=face.account)
        if face is None or not may_see(request.party, face):
            return Reason.NO_SUCH_FACE
        return self._of_faces.answer(request, face)

    def _may_write(self, party: Party, face: Party) -> bool:
        """A conversation that is open can be read even if its rule no longer holds (M6)."""
        open = self._state.conversations.between(party, face) is not None
        return party.tenant is face.tenant and contact_rule(Pair(party, face, open)).allows


def _as_result(face: str, client: str, text: str) -> str:
    """A ``<result/>`` as a message from the face whose archive was asked (XEP-0313 §4.2)."""
    return f'<message from="{attribute(face)}" to="{attribute(client)}">{text}</message>'


class UnconfirmedAnswers:
    """Requests whose answers are not known to have reached ejabberd: a stream that is lost takes some with it (R5).

    Of a request no more is kept than an error in answer to it needs.
    """

    def __init__(self, link: Connection, tasks: BackgroundTasks) -> None:
        self._link = link
        self._tasks = tasks
        self._answered: deque[Element] = deque()
        self._confirming: asyncio.Task[None] | None = None

    def add(self, iq: Element) -> None:
        """An answer to ``iq`` has just been sent."""
        if not self._link.up:
            return
        self._answered.append(Element(iq.tag, iq.attrib))
        if self._confirming is None:
            self._confirming = self._tasks.start(self._confirm(), "confirming answers to requests")

    def lost_with_stream(self) -> list[Element]:
        """For a new stream: requests whose answers may have been lost with the last one."""
        lost = list(self._answered)
        self._answered.clear()
        return lost

    async def _confirm(self) -> None:
        try:
            while self._answered:
                await asyncio.sleep(PAUSE_SECONDS)
                count = len(self._answered)
                await self._link.barrier()
                for _ in range(count):
                    self._answered.popleft()
        except Disconnected:
            pass
        finally:
            self._confirming = None
