"""Ad-hoc commands (XEP-0050) of at most one form: execute, fill in, done (D4).

A session keeps nothing here. Its id proves that it was given to this client for this command, which is all
that has to be known, so sessions cost no memory and end with the process.
"""

import hashlib
import hmac
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from xml.etree.ElementTree import Element

from component.element import child
from component.model import Party
from component.policy.reasons import COMMANDS_NS, Reason
from component.stanza.forms import FORM, Answers, answers

COMMAND = f"{{{COMMANDS_NS}}}command"

_GO_ON = frozenset({"execute", "next", "complete"})
_ACTIONS = _GO_ON | {"prev", "cancel"}


@dataclass(frozen=True, slots=True)
class Ask:
    """The command needs this form filled in."""

    form: Element


@dataclass(frozen=True, slots=True)
class Done:
    """The command has ended; ``text`` is for the human, ``type`` one of XEP-0050's: info, warn, error."""

    text: str
    type: str = "info"


class Command(Protocol):
    """One command. ``may_run`` decides who is offered it and who may run it."""

    node: str
    name: str

    def may_run(self, party: Party) -> bool: ...

    def start(self, party: Party) -> Ask | Done: ...

    def finish(self, party: Party, answers: Answers) -> Done | None:
        """None if the answers are none that the form allows."""
        ...


class Commands:
    """The commands of a service. ``key`` is a secret of this process."""

    def __init__(self, commands: Iterable[Command], key: bytes) -> None:
        self._commands = {command.node: command for command in commands}
        self._key = key
        self._count = itertools.count(1)

    def offered(self, party: Party) -> list[Command]:
        """What this person may run."""
        return [command for command in self._commands.values() if command.may_run(party)]

    def find(self, node: str, party: Party) -> Command | Reason:
        command = self._commands.get(node)
        if command is None:
            return Reason.NO_SUCH_COMMAND
        return command if command.may_run(party) else Reason.COMMAND_FORBIDDEN

    def run(self, request: Element, party: Party, client: str) -> Element | Reason:
        """The answer to a ``<command/>`` from ``client``, the full address of one of the party's clients."""
        command = self.find(request.get("node", ""), party)
        if isinstance(command, Reason):
            return command
        action = request.get("action", "execute")
        if action not in _ACTIONS:
            return Reason.UNKNOWN_ACTION
        session = request.get("sessionid")
        if session is None:
            return self._start(command, party, client) if action == "execute" else Reason.BAD_ACTION
        if not self._is_ours(session, command.node, client):
            return Reason.BAD_SESSION
        return self._go_on(command, party, request, action, session)

    def _start(self, command: Command, party: Party, client: str) -> Element:
        session = self._session(f"{next(self._count)}", command.node, client)
        outcome = command.start(party)
        return _executing(command, session, outcome) if isinstance(outcome, Ask) else _done(command, session, outcome)

    def _go_on(self, command: Command, party: Party, request: Element, action: str, session: str) -> Element | Reason:
        if action == "cancel" or _is_cancelled(request):
            return _answer(command, session, "canceled")
        if action not in _GO_ON:
            return Reason.BAD_ACTION
        given = answers(request)
        outcome = None if given is None else command.finish(party, given)
        return Reason.BAD_PAYLOAD if outcome is None else _done(command, session, outcome)

    def _session(self, number: str, node: str, client: str) -> str:
        proof = hmac.new(self._key, "\n".join((number, node, client)).encode(), hashlib.sha256)
        return f"{number}-{proof.hexdigest()[:32]}"

    def _is_ours(self, session: str, node: str, client: str) -> bool:
        number = session.partition("-")[0]
        return hmac.compare_digest(session.encode(), self._session(number, node, client).encode())


def _is_cancelled(request: Element) -> bool:
    filled = request.find(FORM)
    return filled is not None and filled.get("type") == "cancel"


def _answer(command: Command, session: str, status: str) -> Element:
    return Element(COMMAND, {"node": command.node, "sessionid": session, "status": status})


def _executing(command: Command, session: str, ask: Ask) -> Element:
    answer = _answer(command, session, "executing")
    actions = child(answer, "actions", COMMANDS_NS)
    actions.set("execute", "complete")
    child(actions, "complete", COMMANDS_NS)
    answer.append(ask.form)
    return answer


def _done(command: Command, session: str, done: Done) -> Element:
    answer = _answer(command, session, "completed")
    child(answer, "note", COMMANDS_NS, done.text).set("type", done.type)
    return answer
