"""Who gets copies of a chat at this moment, and which chats a supervisor may watch (S1, S2, A4)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from component.directory.world import World
from component.model import Party
from component.policy.may_watch import Chat, covers, may_watch

from ..state.conversations import Conversation
from ..state.state import State
from ..state.watches import Watch


class Audience:
    """Supervisors who watch a chat, may do so, and are logged in.

    Who is logged out catches up at the next log-in; nothing is left for them in ejabberd.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, chat: Chat) -> list[Party]:
        """Everybody who gets a copy of a message in this chat now."""
        found = (self._state.world.account(watcher) for watcher in self._state.watches.watchers())
        return [party for party in found if party and self.listens(party) and self.watches(party, chat)]

    def watches(self, watcher: Party, chat: Chat, world: World | None = None) -> list[Watch]:
        """The watches of this watcher that cover the chat, by the directory as it is now, or by ``world``."""
        if watcher.tenant is not chat.one.tenant:
            return []
        directory = (world or self._state.world).directory(watcher.tenant)
        mine = self._state.watches.of(watcher.account)
        return [watch for watch in mine if covers(watch.scope, watch.value, watcher, chat, directory)]

    def listens(self, party: Party) -> bool:
        """Whether copies would reach them now."""
        return self._state.sessions.is_there(party.account)


@dataclass(frozen=True, slots=True)
class CopyReceivers:
    """Who gets copies of one message: ``watchers`` as supervisors, ``sender`` and ``receiver`` in the Work accounts of
    the two."""

    watchers: Sequence[Party]
    sender: Party | None
    receiver: Party | None

    @property
    def everybody(self) -> list[Party]:
        return [*self.watchers, *filter(None, (self.sender, self.receiver))]

    def without(self, unwanted: Callable[[Party], bool]) -> "CopyReceivers":
        def wanted(party: Party | None) -> Party | None:
            return None if party is None or unwanted(party) else party

        watchers = [party for party in self.watchers if not unwanted(party)]
        return CopyReceivers(watchers, wanted(self.sender), wanted(self.receiver))

    def __bool__(self) -> bool:
        return bool(self.watchers or self.sender or self.receiver)


@dataclass(frozen=True, slots=True)
class OpenChat:
    """A conversation that is open."""

    conversation: Conversation
    chat: Chat

    @property
    def names(self) -> str:
        return ", ".join(party.full_name for party in self.chat.sides)


def watchable_now(state: State, supervisor: Party) -> list[OpenChat]:
    """The open chats that the supervisor may watch, sorted by name."""
    return sorted(_current(state, supervisor), key=lambda one: (one.names, one.conversation.id))


def _current(state: State, supervisor: Party) -> Iterator[OpenChat]:
    directory = state.world.directory(supervisor.tenant)
    for conversation in state.conversations.desk():
        one, other = state.world.account(conversation.first), state.world.account(conversation.second)
        if one is None or other is None or one.tenant is not supervisor.tenant:
            continue
        chat = state.chat_faces.chat(one, other)
        if may_watch(supervisor, chat, directory):
            yield OpenChat(conversation, chat)
