"""The command *Set status*: what one's face shows, whatever one's client says (P3, D4)."""

from component.model import Party, Side
from component.policy.shown_presence import STATUSES, Status
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.store.api import Store
from component.xep.forms import Form, choice

from ..presence.faces import Faces
from ..state.state import State

STATUS = "status"
AUTOMATIC = "automatic"

_WHO_SEES = {Side.AGENT: "other agents see you", Side.WORK: "agents see you"}


class SetStatus:
    """A chosen status lasts until *Automatic* is chosen, or the last client logs out."""

    node = "set-status"
    name = "Set status"

    def __init__(self, state: State, store: Store, faces: Faces) -> None:
        self._state = state
        self._store = store
        self._faces = faces

    def may_run(self, party: Party) -> bool:
        return party.side is Side.AGENT or party.tenant.mode.joined

    async def step(self, run: CommandRun) -> Outcome:
        party = run.party
        if not self._state.sessions.logged_in(party.account):
            return Done("Nobody sees you now, as you are not available. Set your client to available first.", "warn")
        if not run.step:
            return Ask(self._form(party))
        if run.value(STATUS) == AUTOMATIC:
            await self._set(party, None)
            return Done(f"From now on {_WHO_SEES[party.side]} as your client says.")
        for status in STATUSES[party.side]:
            if run.value(STATUS) == _value(status):
                await self._set(party, status)
                return Done(f"Now {_WHO_SEES[party.side]} as: {_label(status)}. This lasts until you log out.")
        return Ask(self._form(party), problem="There is no such status. Choose one of these.")

    async def _set(self, party: Party, status: Status | None) -> None:
        self._faces.set_status(party, status)
        await self._store.submit()  # it was submitted with that, and is on disk after this

    def _form(self, party: Party) -> Form:
        options = [(AUTOMATIC, "Automatic: as my client says"), *((_value(s), _label(s)) for s in STATUSES[party.side])]
        chosen = self._state.sessions.override(party.account)
        words = "Work users see that you are logged in, and no more." if party.side is Side.AGENT else ""
        field = choice(STATUS, "Status", options, _value(chosen) if chosen else AUTOMATIC)
        return Form("Set status", words, (field,))


def _value(status: Status) -> str:
    return status.name.lower().replace("_", "-")


def _label(status: Status) -> str:
    return status.value[1]
