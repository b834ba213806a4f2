"""Who gets copies of a chat at this moment: supervisors who watch it, may do so, and are there (S1, S2)."""

from component.directory.world import World
from component.model import Party
from component.policy.may_watch import Chat, covers

from ..state.state import State
from ..state.watches import Watch


class Audience:
    """Who is logged out is told at the next log-in, and no archive of ejabberd's has it before (S2)."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, chat: Chat) -> list[Party]:
        """Everybody who gets what is said in the chat now."""
        found = (self._state.world.account(watcher) for watcher in self._state.watches.watchers())
        return [party for party in found if party and self.listens(party) and self.watches(party, chat)]

    def watches(self, watcher: Party, chat: Chat, world: World | None = None) -> list[Watch]:
        """Which watches of theirs are for this chat, as the directory is now, or as it is in ``world``."""
        if watcher.tenant is not chat.one.tenant:
            return []
        directory = (world or self._state.world).directory(watcher.tenant)
        mine = self._state.watches.of(watcher.account)
        return [watch for watch in mine if covers(watch.scope, watch.value, watcher, chat, directory)]

    def listens(self, party: Party) -> bool:
        return self._state.sessions.is_there(party.account)
