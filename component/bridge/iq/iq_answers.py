"""What the component hosts and the faces answer to an iq: discovery, cards, commands, search (D3, D4, P7)."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from component.config.photo import read_again
from component.model import Party, Side, Tenant
from component.policy.reasons import Reason
from component.services import disco
from component.services import people_search as search
from component.services.archive_answers import Question
from component.services.capabilities import INFO
from component.services.command_framework import COMMAND, Command, Commands
from component.services.people_search import groups_of
from component.token_bucket import Buckets
from component.xep.jabber_search import SEARCH
from component.xep.rsm import BadQuery
from component.xep.vcard import PUBSUB, VCARD, Details, Picture, asks_vcard4, vcard, vcard4

from ..state.state import State

IqOutcome = Element | Reason | BadQuery | None
"""The payload of a result, an error, or None for a result without payload."""

Answer = IqOutcome | Question | Coroutine[Any, Any, IqOutcome]
"""Also a query that the archive has to answer, or a coroutine for what takes time."""


ELEMENT_BYTES = 300
"""Bytes that one element takes in memory besides its texts, in Python 3.11 to 3.13."""


def weight(iq: Element) -> int:
    """About how many bytes an iq takes in memory while it waits. Many small elements take more than on the wire."""
    total = 0
    for element in iq.iter():
        texts = (element.text, element.tail, *element.attrib.values())
        total += ELEMENT_BYTES + len(element.tag) + sum(len(text) for text in texts if text)
    return total


@dataclass(frozen=True, slots=True)
class Request:
    """An iq from one of ``party``'s clients, whose full address is ``client``, to an address of their tenant.

    ``address`` is bare, ``resource`` the rest of it.
    """

    type: str
    payload: Element
    party: Party
    client: str
    address: str
    resource: str
    tenant: Tenant

    @property
    def what(self) -> tuple[str, str]:
        return self.type, self.payload.tag

    @property
    def node(self) -> str:
        """The node of a service discovery query; empty if there is none."""
        return self.payload.get("node", "")

    @property
    def side(self) -> Side:
        """Whose faces live on the host that is asked."""
        return Side.AGENT if self.address.rpartition("@")[2] == self.tenant.agent_faces else Side.WORK


class HostAnswers:
    """What the component hosts answer."""

    def __init__(self, state: State, commands: Iterable[Command]) -> None:
        self._state = state
        self._commands = Commands(commands)
        self._searches = Buckets(lambda: search.SEARCHES, time.monotonic)
        self._answers: Mapping[tuple[str, str], Callable[[Request], Answer]] = {
            ("get", disco.PING): lambda request: None,
            ("get", disco.VERSION): lambda request: disco.software_version(),
            ("get", disco.TIME): lambda request: disco.entity_time(),
            ("get", INFO): self._info,
            ("get", disco.ITEMS): self._items,
            ("get", VCARD): lambda request: vcard(Details(request.tenant.name, request.address)),
            ("get", SEARCH): lambda request: search.fields(state.world, request.party, request.side),
            ("set", SEARCH): self._search,
            ("set", COMMAND): self._command,
        }

    def answer(self, request: Request) -> Answer:
        answer = self._answers.get(request.what)
        return answer(request) if answer else Reason.NO_SUCH_SERVICE

    def _command(self, request: Request) -> Answer:
        return self._commands.run(request.payload, request.party, request.client, request.address)

    def _search(self, request: Request) -> Answer:
        if not self._searches.take(request.party.account):
            return Reason.SEARCH_TOO_OFTEN
        return self._found(request)

    async def _found(self, request: Request) -> Element | Reason | BadQuery:
        try:
            return await search.answer(self._state.world, request.party, request.side, request.payload)
        except BadQuery as problem:
            return problem

    def _info(self, request: Request) -> Answer:
        match request.node:
            case "":
                return disco.host_info(request.tenant)
            case disco.COMMANDS_NODE:
                return disco.command_list_info()
            case node:
                command = self._commands.find(node, request.party)
                return command if isinstance(command, Reason) else disco.command_info(command)

    def _items(self, request: Request) -> Answer:
        match request.node:
            case "":
                return disco.no_items()
            case disco.COMMANDS_NODE:
                return disco.command_items(request.address, self._commands.offered(request.party))
            case _:
                return Reason.NO_SUCH_NODE


class FaceAnswers:
    """What a face answers to those who may see it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._answers: Mapping[tuple[str, str], Callable[[Request, Party], Answer]] = {
            ("get", disco.PING): lambda request, face: None,
            ("get", disco.VERSION): lambda request, face: disco.software_version(),
            ("get", disco.TIME): lambda request, face: disco.entity_time(),
            ("get", INFO): _info,
            ("get", disco.ITEMS): _items,
            ("get", VCARD): self._vcard,
            ("get", PUBSUB): self._vcard4,
        }

    def answer(self, request: Request, face: Party) -> Answer:
        answer = self._answers.get(request.what)
        return answer(request, face) if answer else Reason.NO_SUCH_SERVICE

    async def _vcard(self, request: Request, face: Party) -> Element:
        photo = face.person.photo
        # in a thread, as the disk may be slow
        data = await asyncio.to_thread(read_again, photo) if photo else None
        # A card without a picture that is too large is better than none (R5).
        shown = data if data and len(data) < self._state.limits.stanza_bytes else None
        return vcard(self._details(request.party, face), Picture(photo.type, shown) if photo and shown else None)

    def _vcard4(self, request: Request, face: Party) -> Answer:
        if not asks_vcard4(request.payload):
            return Reason.NO_SUCH_SERVICE
        return vcard4(self._details(request.party, face))

    def _details(self, viewer: Party, face: Party) -> Details:
        groups = groups_of(self._state.world, viewer, face)
        return Details(face.name, face.face, face.tenant.name, face.person.title, groups)


def _info(request: Request, face: Party) -> Answer:
    return disco.face_info(request.party, face, request.resource, request.node)


def _items(request: Request, face: Party) -> Answer:
    return Reason.NO_SUCH_NODE if request.node else disco.no_items()
