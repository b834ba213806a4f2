"""The command *Find people*: look for somebody, and have them as a contact (D2, D4)."""

import time
from collections.abc import Callable, Sequence

from component.model import EVERYBODY, Party, Side
from component.policy.may_write import may_see
from component.policy.reasons import Reason
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.services.people_search import SEARCHES, Matches, find, group_options, groups_of
from component.token_bucket import Buckets
from component.xep.forms import Field, Form, choice, choices, line, said, switch

from ..state.state import State

TEXT, GROUP, WHOM, ADD, MORE = "text", "group", "whom", "add", "more"

ROWS = 50
"""People offered in one form."""

MOST_ADDED = 100
"""Contacts that one command adds."""

NOBODY = "Nobody fits. Try less: the beginning of a name is enough."


class FindPeople:
    """``add`` gives somebody a contact, in the background."""

    node = "find-people"
    name = "Find people"

    def __init__(self, state: State, add: Callable[[Party, Party], None]) -> None:
        self._state = state
        self._add = add
        self._searches = Buckets(lambda: SEARCHES, time.monotonic)

    def may_run(self, party: Party) -> bool:
        return party.side is Side.AGENT or party.tenant.mode.joined

    async def step(self, run: CommandRun) -> Outcome:
        if not run.step:
            return Ask(self._question(run.party), last=False)
        chosen = self._chosen(run)
        if run.step > 1 and not run.on(MORE):
            return self._done(run.party, chosen)
        if not self._searches.take(run.party.account):
            return Ask(self._question(run.party), last=False, problem=Reason.SEARCH_TOO_OFTEN.value.text)
        matches = await self._matches(run)
        if not matches.places:
            return Ask(self._question(run.party), last=False, problem=NOBODY)
        return Ask(self._answer(run, matches, chosen))

    # The search form

    def _question(self, party: Party) -> Form:
        fields: list[Field] = [line(TEXT, "Name, title or address")]
        groups = group_options(self._state.world, party, Side.AGENT)
        if groups:
            fields.append(choice(GROUP, "Group", [(EVERYBODY, "any"), *groups], EVERYBODY, required=False))
        if party.side is Side.AGENT and party.tenant.mode.joined:
            sides = [(Side.AGENT.value, "Agents"), (Side.WORK.value, "Work users")]
            fields.append(choice(WHOM, "Among", sides, Side.AGENT.value, required=False))
        words = "The beginnings of words are enough. Leave it empty to see everybody."
        return Form("Find people", words, tuple(fields))

    async def _matches(self, run: CommandRun) -> Matches:
        party = run.party
        side = Side.WORK if party.side is Side.AGENT and run.value(WHOM) == Side.WORK.value else Side.AGENT
        group = run.value(GROUP) if side is Side.AGENT and run.value(GROUP) != EVERYBODY else ""
        return await find(self._state.world, party, side, text=run.value(TEXT), group=group)

    # Results

    def _answer(self, run: CommandRun, matches: Matches, chosen: Sequence[str]) -> Form:
        first = (run.step - 1) * ROWS
        count = len(matches.places)
        people = [matches.finder.parties[place] for place in matches.places[first : first + ROWS]]
        fields: list[Field] = []
        if chosen:
            fields.append(said(f"Chosen so far: {len(chosen)}."))
        options = [(person.face, self._label(run.party, person)) for person in people]
        only_one = [people[0].face] if count == 1 else []
        fields.append(choices(ADD, "Add to my contacts", options, only_one))
        if count > first + ROWS:
            fields.append(switch(MORE, "Show more before adding"))
        words = f"{first + 1} to {first + len(people)} of {count}." if count > ROWS else f"{count} found."
        return Form("Find people", words, tuple(fields))

    def _label(self, viewer: Party, face: Party) -> str:
        more = [face.person.title, *groups_of(self._state.world, viewer, face)]
        return f"{face.name} ({', '.join([*filter(None, more), face.face])})"

    # Adding contacts

    def _chosen(self, run: CommandRun) -> list[str]:
        return list(dict.fromkeys(face for form in run.forms for face in form.get(ADD, ())))

    def _done(self, party: Party, chosen: Sequence[str]) -> Done:
        found = [face for face in map(self._state.world.face, chosen[:MOST_ADDED]) if face and may_see(party, face)]
        for face in found:
            self._add(party, face)
        if not found:
            return Done("Nobody was added to your contacts.")
        names = [face.name for face in found]
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return Done(f"{listed} will be among your contacts in a moment.")
