"""The command *Stop watching*: a supervisor ends watches (S2, D4)."""

from component.model import EVERYBODY, Party
from component.policy.may_watch import Scope, title
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.store.api import Store, StoreError
from component.xep.forms import Form, choice

from ..state.state import State
from ..state.watches import Watch
from ..supervision.watching import Watching
from .audit_entry import audit_entry
from .watch_chats import GROUP, NOT_NOW, WHAT, chat_key


class StopWatching:
    """Ends some of the supervisor's watches."""

    node = "stop-watching"
    name = "Stop watching"

    def __init__(self, state: State, store: Store, watching: Watching) -> None:
        self._state = state
        self._store = store
        self._watching = watching

    def may_run(self, party: Party) -> bool:
        return party.person.is_supervisor

    async def step(self, run: CommandRun) -> Outcome:
        watches = {self._key(watch): watch for watch in self._state.watches.of(run.party.account)}
        if not watches:
            return Done("You watch nothing.")
        if not run.step:
            options = sorted((key, self._label(run.party, watch)) for key, watch in watches.items())
            if len(options) > 1:
                options.insert(0, (EVERYBODY, "All of it"))
            return Ask(Form("Stop watching", "What do you want to watch no longer?", (choice(WHAT, "Stop", options),)))
        chosen = {key: watch for key, watch in watches.items() if run.value(WHAT) in (EVERYBODY, key)}
        if not chosen:
            return Done("You do not watch that any more.", "warn")
        try:
            for key in chosen:
                await self._store.submit(audit_entry(run.party, "watch.stopped", key))
            self._watching.stop(chosen.values())
        except StoreError:
            return Done(NOT_NOW, "error")
        return Done("You watch nothing any more." if len(chosen) == len(watches) else "You do not watch that any more.")

    def _key(self, watch: Watch) -> str:
        """The value of this watch among the options, the same as in `WatchChats`."""
        match watch.scope:
            case Scope.ALL:
                return Scope.ALL.value
            case Scope.GROUP:
                return GROUP + watch.value
            case Scope.CHAT:
                pair = self._state.chat_faces.pair(watch.value) or (watch.value,)
                return chat_key(pair)

    def _label(self, party: Party, watch: Watch) -> str:
        match watch.scope:
            case Scope.ALL:
                return "Everybody I supervise"
            case Scope.GROUP:
                team = self._state.world.directory(party.tenant).groups.get(watch.value)
                return f"Group: {team.name if team else watch.value}"
            case Scope.CHAT:
                chat = self._state.chat_faces.seen_by(party, watch.value, self._state.world)
                return title(party, chat) if chat else watch.value
