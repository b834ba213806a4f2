"""The command *Current chats*: what a supervisor may watch now (S2, D4)."""

from component.model import Party
from component.outgoing.message_stanzas import minute
from component.policy.may_watch import Scope
from component.services.command_framework import PAGE_ROWS, CommandPage, CommandRun, Done, Outcome
from component.xep.forms import FormTable

from ..state.state import State
from ..supervision.audience import OpenChat, watchable_now

NOTHING = "No chat that you may watch is going on."
COLUMNS = (("agents", "Agents"), ("since", "Since (UTC)"), ("messages", "Messages"), ("watched", "Watched"))


class CurrentChats:
    """The open chats that the supervisor may watch."""

    node = "current-chats"
    name = "Current chats"

    def __init__(self, state: State) -> None:
        self._state = state

    def may_run(self, party: Party) -> bool:
        return party.person.is_supervisor

    async def step(self, run: CommandRun) -> Outcome:
        chats = watchable_now(self._state, run.party)
        if not chats:
            return Done(NOTHING)
        watched = {watch.value for watch in self._state.watches.of(run.party.account) if watch.scope is Scope.CHAT}
        first = run.step * PAGE_ROWS
        rows = [_row(one, one.chat.face in watched) for one in chats[first : first + PAGE_ROWS]]
        table = FormTable("Current chats", COLUMNS, rows)
        text = f"{len(chats)} chats are going on." if len(chats) > 1 else "One chat is going on."
        return CommandPage(text, table) if len(chats) > first + PAGE_ROWS else Done(text, shown=table)


def _row(one: OpenChat, watched: bool) -> tuple[str, ...]:
    conversation = one.conversation
    return one.names, minute(conversation.opened_at), str(conversation.length), "watched" if watched else ""
