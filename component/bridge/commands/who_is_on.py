"""The command *Who is on*: the people of a tenant that are logged in (D4)."""

from component.folding import words
from component.model import Party, Side
from component.policy.shown_presence import PLAINLY_AVAILABLE, Status, leading, seen_by, status_of
from component.services.command_framework import PAGE_ROWS, Ask, CommandPage, CommandRun, Done, Outcome
from component.xep.forms import Form, FormTable, choice, line

from ..state.state import State

SIDE, NAME, ALL = "side", "name", "all"
COLUMNS = (("name", "Name"), ("address", "Address"), ("status", "Status"), ("clients", "Clients"))
KINDS = ((ALL, "Everybody"), (Side.AGENT.value, "Agents"), (Side.WORK.value, "Work users"))


class WhoIsOn:
    """By their faces; an operator has no other use for the accounts (AD2). From a Work account an operator is told no
    more of an agent than every Work user: that they are logged in (P1)."""

    node = "who-is-on"
    name = "Who is on"

    def __init__(self, state: State) -> None:
        self._state = state

    def may_run(self, party: Party) -> bool:
        return party.is_operator

    async def step(self, run: CommandRun) -> Outcome:
        if not run.step:
            fields = (choice(SIDE, "Of", KINDS, ALL), line(NAME, "Name"))
            return Ask(Form("Who is on", "The beginnings of words are enough.", fields))
        found = self._logged_in(run)
        if not found:
            return Done("Nobody is logged in.")
        first = (run.step - 1) * PAGE_ROWS
        rows = [self._row(run.party.side, one) for one in found[first : first + PAGE_ROWS]]
        table = FormTable("Who is on", COLUMNS, rows)
        text = f"{len(found)} logged in."
        return CommandPage(text, table) if len(found) > first + PAGE_ROWS else Done(text, shown=table)

    def _logged_in(self, run: CommandRun) -> list[Party]:
        """Those who are logged in and match, sorted by name."""
        world, tenant = self._state.world, run.party.tenant
        found: list[Party] = []
        for side in (Side.AGENT, Side.WORK):
            if run.value(SIDE) in (ALL, side.value, ""):
                finder = world.finder(tenant, side)
                places = finder.find(name=run.value(NAME), known=())
                found += (finder.parties[place] for place in places)
        here = [one for one in found if self._state.sessions.logged_in(one.account)]
        return sorted(here, key=lambda one: (words(one.name), one.face))

    def _row(self, viewer: Side, party: Party) -> tuple[str, ...]:
        sessions = self._state.sessions.shown(party.account)
        return party.name, party.face, self._status(viewer, party), str(len(sessions))

    def _status(self, viewer: Side, party: Party) -> str:
        """The status's name; empty for somebody who has just logged out."""
        sessions, chosen = self._state.sessions.shown(party.account), self._state.sessions.override(party.account)
        if seen_by(viewer, party.side, sessions.values(), chosen) == PLAINLY_AVAILABLE:
            return Status.AVAILABLE.value[1]
        first = leading(sessions.values())
        status = chosen or (status_of(party.side, first) if first else None)
        return status.value[1] if status else ""
