"""The command *End conversation*: an operator ends a chat of two agents (D4, V2)."""

from component.folding import fold
from component.model import Party
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.store.api import Store
from component.xep.forms import Form, choice, line

from ..messages.endings import Endings
from ..state.conversations import Conversation
from ..state.state import State
from .audit_entry import audit_entry

NAME, CHAT = "name", "chat"
MOST_LISTED = 50


class EndConversationCommand:
    """Chats with Work users do not end (V4), so they are not among them."""

    node = "end-conversation"
    name = "End conversation"

    def __init__(self, state: State, store: Store, endings: Endings) -> None:
        self._state = state
        self._store = store
        self._endings = endings

    def may_run(self, party: Party) -> bool:
        return party.is_operator

    async def step(self, run: CommandRun) -> Outcome:
        open = self._open(run.party)
        if not open:
            return Done("No chat between agents is going on.")
        match run.step:
            case 0:
                return Ask(_question(), last=False)
            case 1:
                return self._choose(run, open)
        return await self._end(run, open)

    def _choose(self, run: CommandRun, open: dict[str, tuple[Conversation, str]]) -> Ask:
        name = fold(run.value(NAME))
        found = [(id, names) for id, (_, names) in open.items() if name in fold(names)]
        if not found:
            return Ask(_question(), last=False, problem="Nobody of that name is in a chat with another agent.")
        words = f"The first {MOST_LISTED} of {len(found)}." if len(found) > MOST_LISTED else ""
        return Ask(Form("End conversation", words, (choice(CHAT, "Chat", found[:MOST_LISTED]),)))

    async def _end(self, run: CommandRun, open: dict[str, tuple[Conversation, str]]) -> Done:
        if run.value(CHAT) not in open:
            return Done("This chat has ended already.", "warn")
        conversation, names = open[run.value(CHAT)]
        await self._store.submit(audit_entry(run.party, "operator.ended", f"conversation {conversation.id}", names))
        if not any(one is conversation for one in self._state.conversations.desk()):
            return Done("This chat has ended already.", "warn")
        self._endings.by_operator(conversation)
        return Done(f"The chat of {names} has ended. Both were told.")

    def _open(self, party: Party) -> dict[str, tuple[Conversation, str]]:
        """Open conversations of the operator's tenant: number -> conversation, names of the two."""
        found = {}
        for one in self._state.conversations.desk():
            people = [self._state.world.account(account) for account in (one.first, one.second)]
            known = [person for person in people if person is not None and person.tenant is party.tenant]
            if len(known) == len(people):
                found[str(one.id)] = one, " and ".join(sorted(person.full_name for person in known))
        return dict(sorted(found.items(), key=lambda item: item[1][1]))


def _question() -> Form:
    words = "Whose chat? The list that comes next has all chats if this is left empty."
    return Form("End conversation", words, (line(NAME, "Name of an agent"),))
