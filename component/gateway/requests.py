"""Info/queries: those that hosts and faces answer themselves; none ever reaches the account behind (C17, P7)."""

import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.element import attribute, serialise, stanza
from component.model import Party, Tenant
from component.policy.contact import Pair, contact_rule, may_see
from component.policy.reasons import Reason
from component.rate import Buckets
from component.services import disco
from component.services.archive import PAYLOADS, Question
from component.services.commands import COMMAND, Command, Commands
from component.stanza.errors import refusal

from .archives import Archives
from .chat_answers import ChatAnswers
from .later import Later
from .state import State

log = logging.getLogger(__name__)

PING = "{urn:xmpp:ping}ping"

Known = Element | Reason | None
"""The payload of a result, a refusal, or a result without payload."""

Answer = Known | Question | Coroutine[Any, Any, Known]
"""Also what an archive has to answer, or what takes time."""


@dataclass(frozen=True, slots=True)
class Request:
    """An iq from one of ``party``'s clients, whose full address is ``client``, to an address of their tenant."""

    type: str
    payload: Element
    party: Party
    client: str
    address: str
    tenant: Tenant

    @property
    def what(self) -> tuple[str, str]:
        return self.type, self.payload.tag

    @property
    def node(self) -> str:
        """Which part of the address service discovery is asked about; empty for the whole."""
        return self.payload.get("node", "")


HostAnswers = Mapping[tuple[str, str], Callable[[Request], Answer]]
FaceAnswers = Mapping[tuple[str, str], Callable[[Party], Answer]]

FACE_ANSWERS: FaceAnswers = {
    ("get", PING): lambda face: None,
    ("get", disco.INFO): lambda face: disco.face_info(face.person.name),
    ("get", disco.ITEMS): lambda face: disco.no_items(),
}
"""``(type, tag of the payload)`` -> what answers it."""


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
        self._commands = Commands(commands)
        self._later = Later()
        self._host_answers: HostAnswers = {
            ("get", PING): lambda request: None,
            ("get", disco.INFO): self._host_info,
            ("get", disco.ITEMS): self._host_items,
            ("set", COMMAND): self._command,
        }

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
        request = Request(iq.get("type", ""), iq[0], party, iq.get("from", ""), address, tenant)
        return self._of_face(request) if "@" in address else self._of_host(request)

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
        answer = FACE_ANSWERS.get(request.what)
        return answer(face) if answer and not request.node else Reason.NO_SUCH_SERVICE

    def _may_write(self, party: Party, face: Party) -> bool:
        """Who may not, has no conversation to look back on; but one that is open can be read while it is (M6)."""
        open = self._state.conversations.between(party, face) is not None
        return party.tenant is face.tenant and contact_rule(Pair(party, face, open)).allows

    def _of_host(self, request: Request) -> Answer:
        answer = self._host_answers.get(request.what)
        return answer(request) if answer else Reason.NO_SUCH_SERVICE

    def _command(self, request: Request) -> Answer:
        return self._commands.run(request.payload, request.party, request.client, request.address)

    def _host_info(self, request: Request) -> Answer:
        match request.node:
            case "":
                return disco.host_info(request.tenant.name)
            case disco.COMMANDS_NODE:
                return disco.command_list_info()
            case node:
                command = self._commands.find(node, request.party)
                return command if isinstance(command, Reason) else disco.command_info(command)

    def _host_items(self, request: Request) -> Answer:
        match request.node:
            case "":
                return disco.no_items()
            case disco.COMMANDS_NODE:
                return disco.command_items(request.address, self._commands.offered(request.party))
            case _:
                return Reason.NO_SUCH_SERVICE


def _as_result(face: str, client: str, text: str) -> str:
    """A ``<result/>`` as a message from the face whose archive was asked (XEP-0313 §4.2)."""
    return f'<message from="{attribute(face)}" to="{attribute(client)}">{text}</message>'
