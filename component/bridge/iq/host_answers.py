"""What the component hosts answer: discovery, commands, search (D3, D4)."""

import time
from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element

from component.policy.reasons import Reason
from component.services import about, disco
from component.services import people_search as search
from component.services.abilities import INFO
from component.services.command_framework import COMMAND, Command, Commands
from component.token_bucket import Buckets
from component.xep.jabber_search import SEARCH
from component.xep.rsm import BadQuery
from component.xep.vcard import VCARD, Details, vcard

from ..state.state import State
from .face_answers import PING
from .request import Answer, Request


class HostAnswers:
    """``(type, tag of the payload)`` -> what answers it."""

    def __init__(self, state: State, commands: Iterable[Command]) -> None:
        self._state = state
        self._commands = Commands(commands)
        self._searches = Buckets(lambda: search.SEARCHES, time.monotonic)
        self._answers: Mapping[tuple[str, str], Callable[[Request], Answer]] = {
            ("get", PING): lambda request: None,
            ("get", about.VERSION): lambda request: about.version(),
            ("get", about.TIME): lambda request: about.time(),
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
