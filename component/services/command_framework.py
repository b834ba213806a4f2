"""Ad-hoc commands (XEP-0050) of any number of steps, which may take time (D4).

A command is one function from the answers so far to the next step. *Back* calls it again with fewer answers, so it may
change nothing before it returns ``Done``. The answers are kept here, in a session: its id may not change from step to
step, because clients (slixmpp, and so poezio) find it by that.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol
from xml.etree.ElementTree import Element

from component.model import Party
from component.policy.reasons import Reason
from component.xep.adhoc import COMMAND, answer, says_cancel, with_actions, with_note
from component.xep.forms import Answers, BadForm, Card, Field, Form, FormTable, NothingChosen, answers, checked, said

__all__ = ["COMMAND", "PAGE_ROWS", "Ask", "Command", "CommandPage", "CommandRun", "Commands", "Done"]

PAGE_ROWS = 25
"""Rows of one page of a table."""

LIFETIME_SECONDS = 1800.0
MOST_EACH = 4
"""Sessions of one account. Beginning another one ends the oldest."""

MOST_CHARS = 16_384
"""Of the answers in one session; this bounds the memory of all accounts."""

MOST_STEPS = 1_000
"""Forms and pages of one session."""

SWEEP_SECONDS = 60.0

_GO_ON = frozenset({"execute", "next", "complete"})
_ACTIONS = _GO_ON | {"prev", "cancel"}


@dataclass(frozen=True, slots=True)
class CommandRun:
    """One call of a command: by whom, at which host, with the answers so far, oldest first."""

    party: Party
    client: str
    host: str
    forms: tuple[Answers, ...] = ()

    @property
    def step(self) -> int:
        """Number of forms answered and pages turned."""
        return len(self.forms)

    def values(self, var: str) -> tuple[str, ...]:
        """The values of that field in the latest form that has it; empty if none has."""
        return next((given[var] for given in reversed(self.forms) if var in given), ())

    def value(self, var: str) -> str:
        """Its first value, without spaces around it; empty if there is none."""
        return next(iter(self.values(var)), "").strip()

    def on(self, var: str) -> bool:
        """Whether that switch is on."""
        return self.value(var) == "1"


@dataclass(frozen=True, slots=True)
class Ask:
    """The next step is this form. ``last``: the command is done after it.

    With ``problem`` the form just filled in is asked again, and the text says why.
    """

    form: Form
    last: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CommandPage:
    """One page of a table that has more. Going on shows the next; this counts as an answered form without fields."""

    text: str
    table: FormTable


@dataclass(frozen=True, slots=True)
class Done:
    """The command has ended. ``text`` is for the user, ``type`` one of XEP-0050's: info, warn, error."""

    text: str
    type: str = "info"
    shown: FormTable | Card | None = None


Outcome = Ask | CommandPage | Done | Reason
"""The next step, or a reason for an error."""


class Command(Protocol):
    """One command. ``may_run`` decides at each step who is offered it and may run it."""

    node: str
    name: str

    def may_run(self, party: Party) -> bool: ...

    async def step(self, run: CommandRun) -> Outcome:
        """The next step. Only a command that returns ``Done`` may have changed anything.

        Answers are checked against the kind of field, not against its options, which may have changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class CommandSession:
    """``client`` is the full address that began it. ``fields`` were asked last, without their options; ``page``: a
    page of a table was shown instead."""

    id: str
    account: str
    client: str
    node: str
    answers: tuple[Answers, ...] = ()
    fields: tuple[Field, ...] = ()
    page: bool = False
    until: float = 0.0

    @property
    def fits(self) -> bool:
        values = (value for given in self.answers for values in given.values() for value in values)
        return sum(map(len, values)) <= MOST_CHARS and len(self.answers) <= MOST_STEPS


class CommandSessions:
    """``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._of: dict[str, dict[str, CommandSession]] = {}
        self._swept = clock()

    def new(self, account: str, client: str, node: str) -> CommandSession:
        return CommandSession(secrets.token_urlsafe(12), account, client, node)

    def deadline(self) -> float:
        return self._clock() + LIFETIME_SECONDS

    def take(self, id: str, account: str, client: str, node: str) -> CommandSession | Reason:
        """Take the session out; whoever goes on with it puts it back. So nobody goes on with it twice at once."""
        mine = self._of.get(account, {})
        session = mine.get(id)
        if session is None or (session.client, session.node) != (client, node):
            return Reason.BAD_SESSION
        del mine[id]
        if not mine:
            del self._of[account]
        return session if session.until > self._clock() else Reason.SESSION_EXPIRED

    def put(self, session: CommandSession) -> None:
        self._sweep()
        mine = self._of.setdefault(session.account, {})
        mine[session.id] = session
        while len(mine) > MOST_EACH:
            del mine[next(iter(mine))]

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def _sweep(self) -> None:
        """Forget sessions that have expired."""
        now = self._clock()
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        for account, mine in list(self._of.items()):
            kept = {id: session for id, session in mine.items() if session.until > now}
            if kept:
                self._of[account] = kept
            else:
                del self._of[account]


class Commands:
    """The commands of a service. ``clock`` gives seconds."""

    def __init__(self, commands: Iterable[Command], clock: Callable[[], float] = time.monotonic) -> None:
        self._commands = {command.node: command for command in commands}
        self._sessions = CommandSessions(clock)

    def offered(self, party: Party) -> list[Command]:
        """The commands this person may run."""
        return [command for command in self._commands.values() if command.may_run(party)]

    def find(self, node: str, party: Party) -> Command | Reason:
        command = self._commands.get(node)
        if command is None:
            return Reason.NO_SUCH_COMMAND
        return command if command.may_run(party) else Reason.COMMAND_FORBIDDEN

    async def run(self, request: Element, party: Party, client: str, host: str) -> Element | Reason:
        """The answer to a ``<command/>`` from ``client``, the full address of one of the party's clients."""
        command = self.find(request.get("node", ""), party)
        if isinstance(command, Reason):
            return command
        action = request.get("action", "execute")
        if action not in _ACTIONS:
            return Reason.UNKNOWN_ACTION
        id = request.get("sessionid")
        if id is None:
            if action != "execute":
                return Reason.BAD_ACTION
            return await self._step(command, self._sessions.new(party.account, client, command.node), (), party, host)
        session = self._sessions.take(id, party.account, client, command.node)
        if isinstance(session, Reason):
            return session
        if action == "cancel" or says_cancel(request):
            return answer(command.node, id, "canceled")
        try:
            forms = _answered(session, action, request)
        except NothingChosen as problem:
            return await self._step(command, session, session.answers, party, host, str(problem))
        if isinstance(forms, Reason):
            self._sessions.put(session)  # a mistake does not end the session
            return forms
        if session.page and action == "complete":
            return _done(session, Done("Done."))
        return await self._step(command, session, forms, party, host)

    async def _step(
        self,
        command: Command,
        session: CommandSession,
        forms: tuple[Answers, ...],
        party: Party,
        host: str,
        problem: str = "",
    ) -> Element | Reason:
        """``problem`` says what is wrong with the answer, if the form is asked again."""
        try:
            outcome = await command.step(CommandRun(party, session.client, host, forms))
        except BaseException:
            if session.until:
                self._sessions.put(session)  # so that the same answer can be tried again
            raise
        if problem and isinstance(outcome, Ask):
            outcome, forms = replace(outcome, problem=problem), (*forms, {})
        match outcome:
            case Ask():
                return self._keep(_asking(session, forms, outcome)) or _asked(command, session, forms, outcome)
            case CommandPage():
                return self._keep(_turning(session, forms)) or _page(session, outcome)
            case Done():
                return _done(session, outcome)
        return outcome

    def _keep(self, session: CommandSession) -> Reason | None:
        if not session.fits:
            return Reason.BAD_PAYLOAD
        self._sessions.put(replace(session, until=self._sessions.deadline()))
        return None


def _answered(session: CommandSession, action: str, request: Element) -> tuple[Answers, ...] | Reason:
    """The answers so far, with the new one. Raises ``NothingChosen``."""
    if action == "prev":
        return session.answers[:-1] if session.answers else Reason.BAD_ACTION
    if session.page:
        return (*session.answers, {})
    given = answers(request)
    if given is None:
        return Reason.BAD_PAYLOAD
    try:
        return (*session.answers, checked(given, session.fields))
    except NothingChosen:
        raise
    except BadForm:
        return Reason.BAD_PAYLOAD


def _before(forms: tuple[Answers, ...], ask: Ask) -> tuple[Answers, ...]:
    """The answers that count, without the one that has to be given again."""
    return forms[:-1] if ask.problem else forms


def _asking(session: CommandSession, forms: tuple[Answers, ...], ask: Ask) -> CommandSession:
    fields = tuple(replace(field, options=(), value=()) for field in ask.form.fields)
    return replace(session, answers=_before(forms, ask), fields=fields, page=False)


def _turning(session: CommandSession, forms: tuple[Answers, ...]) -> CommandSession:
    return replace(session, answers=forms, fields=(), page=True)


def _asked(command: Command, session: CommandSession, forms: tuple[Answers, ...], ask: Ask) -> Element:
    element = answer(command.node, session.id, "executing")
    back = ("prev",) if _before(forms, ask) else ()
    with_actions(element, ("complete" if ask.last else "next", *back))
    if ask.problem:
        with_note(element, ask.problem, "error")
    element.append(ask.form.element())
    return element


def _page(session: CommandSession, page: CommandPage) -> Element:
    """A page as a form: Profanity accepts nothing else before the end, and Converse no second table."""
    element = answer(session.node, session.id, "executing")
    with_actions(element, ("next", "complete", "prev"))
    form = Form(page.table.title, page.text, tuple(map(said, page.table.lines())))
    element.append(form.element())
    return element


def _done(session: CommandSession, done: Done) -> Element:
    element = answer(session.node, session.id, "completed")
    rows = done.shown.lines() if done.shown else []
    # Profanity and Converse do not show the table, but the whole note.
    with_note(element, "\n".join(filter(None, (done.text, *rows))), done.type)
    if done.shown:
        element.append(done.shown.element())
    return element
