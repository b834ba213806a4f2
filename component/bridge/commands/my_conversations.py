"""The command *My conversations*: with whom, and when (D4)."""

from component.model import Party
from component.outgoing.message_stanzas import minute
from component.services.command_framework import PAGE_ROWS, CommandPage, CommandRun, Done, Outcome
from component.store.api import RecentConversation, Store
from component.xep.forms import FormTable

from ..state.state import State

COLUMNS = (("with", "With"), ("address", "Address"), ("last", "Last message (UTC)"), ("state", "State"))


class MyConversations:
    """The newest first. What was said is found in the client's history, as far as one may see it."""

    node = "my-conversations"
    name = "My conversations"

    def __init__(self, state: State, store: Store) -> None:
        self._state = state
        self._store = store

    def may_run(self, party: Party) -> bool:
        return True

    async def step(self, run: CommandRun) -> Outcome:
        tenant, account, offset = run.party.tenant.id, run.party.account, run.step * PAGE_ROWS
        await self._store.submit()  # so that the newest messages count
        found = await self._store.recent_conversations(tenant, account, PAGE_ROWS + 1, offset)
        if not found:
            return Done("There are no more." if run.step else "You have had no conversations here yet.")
        table = FormTable("My conversations", COLUMNS, [self._row(one) for one in found[:PAGE_ROWS]])
        if len(found) > PAGE_ROWS:
            return CommandPage("The newest first.", table)
        return Done("The newest first.", shown=table)

    def _row(self, one: RecentConversation) -> tuple[str, ...]:
        world = self._state.world
        other = world.account(one.other)
        name = other.name if other else "somebody who has left"
        return name, world.face_of_account(one.other) or "", minute(one.last_at), "ended" if one.ended else "open"
