"""The conversations that a supervisor may watch now (S1, S2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from component.model import Party
from component.policy.may_watch import Chat, may_watch

from ..state.conversations import Conversation
from ..state.state import State


@dataclass(frozen=True, slots=True)
class Current:
    """A conversation that is open."""

    conversation: Conversation
    chat: Chat

    @property
    def names(self) -> str:
        return ", ".join(party.full_name for party in self.chat.sides)


def current(state: State, supervisor: Party) -> list[Current]:
    """What the supervisor may watch of what is open, by name."""
    return sorted(_current(state, supervisor), key=lambda one: (one.names, one.conversation.id))


def _current(state: State, supervisor: Party) -> Iterator[Current]:
    directory = state.world.directory(supervisor.tenant)
    for conversation in state.conversations.desk():
        one, other = state.world.account(conversation.first), state.world.account(conversation.second)
        if one is None or other is None or one.tenant is not supervisor.tenant:
            continue
        chat = state.chat_faces.chat(one, other)
        if may_watch(supervisor, chat, directory):
            yield Current(conversation, chat)
