"""Info/queries: those that hosts and faces answer themselves; none ever reaches the account behind (C17, P7)."""

import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.element import attribute, serialise, stanza
from component.model import Party
from component.policy.contact import Pair, contact_rule, may_see
from component.policy.reasons import Reason
from component.rate import Buckets
from component.services.archive import PAYLOADS, Question
from component.services.commands import Command
from component.stanza.errors import error, refusal
from component.stanza.rsm import BadQuery

from ..state import State
from ..supervision.chat_answers import ChatAnswers
from .archives import Archives
from .face_answers import FaceAnswers
from .host_answers import HostAnswers
from .later import Later
from .request import Answer, Known, Request

log = logging.getLogger(__name__)


class Requests:
    """Answers every iq of type get or set. ``send`` takes stanza text."""

    def __init__(
        self,
        state: State,
        commands: Iterable[Command],
        archives: Archives,
        chats: ChatAnswers,
        send: Callable[[str], None],
    ) -> None:
        self._state = state
        self._chats = chats
        self._archives = archives
        self._send = send
        self._buckets = Buckets(lambda: state.limits, time.monotonic)
        self._later = Later()
        self._of_faces = FaceAnswers(state)
        self._of_hosts = HostAnswers(state, commands)

    def receive(self, iq: Element) -> None:
        """Handle one iq. Results and errors answer nothing that we asked, and get no answer."""
        if iq.get("type") not in ("get", "set"):
            return
        answer = self._answer(iq)
        if isinstance(answer, Question):
            self._archives.ask(answer, iq, partial(_as_result, answer.archive, iq.get("from", "")), serialise)
        elif isinstance(answer, Coroutine):
            self._later.work_out(iq.get("from", "").partition("/")[0], answer, partial(self._reply, iq))
        else:
            self._reply(iq, answer)

    def down(self) -> None:
        """The stream is lost, and with it everybody who asked."""
        self._later.down()

    def _reply(self, iq: Element, answer: Known) -> None:
        if isinstance(answer, Reason):
            level = logging.DEBUG if answer is Reason.TOO_FAST else logging.INFO
            log.log(level, "refused a request from %s by rule %s", iq.get("from"), answer.spec)
            self._send(serialise(refusal(iq, answer)))
            return
        if isinstance(answer, BadQuery):
            self._send(serialise(error(iq, answer.type, answer.condition, str(answer))))
            return
        result = stanza("iq", iq.get("to", ""), iq.get("from", ""), type="result", id=iq.get("id"))
        if answer is not None:
            result.append(answer)
        self._send(serialise(result))

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
        if not self._buckets.take(party.account):
            return Reason.TOO_FAST
        if not len(iq):
            return Reason.NO_SUCH_SERVICE
        request = Request(iq.get("type", ""), iq[0], party, iq.get("from", ""), *receiver, tenant)
        return self._of_face(request) if "@" in address else self._of_hosts.answer(request)

    def _of_face(self, request: Request) -> Answer:
        """Who may not see a face is told that there is none (P5)."""
        chat = self._chats.seen_by(request.party, request.address)
        if chat is not None:
            return self._chats.request(request.type, request.payload, request.party, chat)
        face = self._state.world.face(request.address)
        if face and request.payload.tag in PAYLOADS and self._may_write(request.party, face):
            return Question(request.type, request.payload, request.party, archive=face.face, other=face.account)
        if face is None or not may_see(request.party, face):
            return Reason.NO_SUCH_FACE
        return self._of_faces.answer(request, face)

    def _may_write(self, party: Party, face: Party) -> bool:
        """Who may not, has no conversation to look back on; but one that is open can be read while it is (M6)."""
        open = self._state.conversations.between(party, face) is not None
        return party.tenant is face.tenant and contact_rule(Pair(party, face, open)).allows


def _as_result(face: str, client: str, text: str) -> str:
    """A ``<result/>`` as a message from the face whose archive was asked (XEP-0313 §4.2)."""
    return f'<message from="{attribute(face)}" to="{attribute(client)}">{text}</message>'
