"""The command *End chat*: an agent ends a conversation with another agent (V2, D4)."""

from component.model import Party, Side
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.xep.forms import Form, choice

from ..messages.endings import Endings
from ..state.conversations import Conversation
from ..state.state import State

CHAT = "chat"


class EndChat:
    """Chats are named to the agent by the face of the other side."""

    node = "end-chat"
    name = "End chat"

    def __init__(self, state: State, endings: Endings) -> None:
        self._state = state
        self._endings = endings

    def may_run(self, party: Party) -> bool:
        return party.side is Side.AGENT

    async def step(self, run: CommandRun) -> Outcome:
        return self._finish(run) if run.step else self._start(run.party)

    def _start(self, party: Party) -> Ask | Done:
        others = [other for other, _ in self._open(party)]
        if not others:
            return Done("You have no chat with another agent that could be ended.")
        names = sorted((other.name, other.face) for other in others)
        options = [(face, f"{name} ({face})") for name, face in names]
        return Ask(Form("End chat", "Which chat do you want to end?", (choice(CHAT, "Chat with", options),)))

    def _finish(self, run: CommandRun) -> Done:
        for other, conversation in self._open(run.party):
            if other.face == run.value(CHAT):
                self._endings.by(run.party, conversation)
                return Done(f"Your chat with {other.name} has ended.")
        return Done("You have no such chat, or it has ended already.", "warn")

    def _open(self, party: Party) -> list[tuple[Party, Conversation]]:
        """An agent's conversations that can be ended, each with the other side."""
        conversations = self._state.conversations.desk_of(party.account)
        found = [(self._state.world.account(one.other(party.account)), one) for one in conversations]
        return [(other, conversation) for other, conversation in found if other is not None]
