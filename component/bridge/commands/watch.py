"""Commands of supervisors: *Current chats*, *Watch chats*, *Stop watching* (S2, D4)."""

from component.folding import fold
from component.model import EVERYBODY, Party
from component.outgoing.message_stanzas import minute
from component.policy.may_watch import Chat, Scope, may_watch_group, title, watchable_groups
from component.services.command_framework import PAGE_ROWS, Ask, CommandPage, CommandRun, Done, Outcome
from component.store.api import Store, StoreError
from component.xep.forms import Form, FormTable, Options, choice, line

from ..state.state import State
from ..state.watches import MOST, Watch
from ..supervision.audience import OpenChat, watchable_now
from ..supervision.watching import TooMany, Watching
from .audit_entry import audit_entry

WHAT, AGENT, CHAT = "what", "agent", "chat"

MOST_LISTED = 50
"""Chats in one list to choose from."""

FIND, GROUP = "find", "group:"
NOTHING = "No chat that you may watch is going on."
NOT_NOW = "That could not be noted right now. Try again in a moment."
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


class WatchChats:
    """One chat, those of a group, or all: they come as messages to the account with which the command was run."""

    node = "watch"
    name = "Watch chats"

    def __init__(self, state: State, store: Store, watching: Watching) -> None:
        self._state = state
        self._store = store
        self._watching = watching

    def may_run(self, party: Party) -> bool:
        return party.person.is_supervisor

    async def step(self, run: CommandRun) -> Outcome:
        chats = watchable_now(self._state, run.party)
        if not run.step:
            return Ask(self._form(run.party, chats))
        what = run.value(CHAT) or run.value(WHAT)
        if what == FIND:
            return self._find(run, chats)
        chat = next((one for one in chats if _pair(one.chat) == what), None)
        if chat is not None:
            self._state.chat_faces.note(chat.chat)
            return await self._watch(run.party, Scope.CHAT, chat.chat.face, what, f"the chat of {chat.names}")
        if what == Scope.ALL:
            return await self._watch(run.party, Scope.ALL, "", what, "everybody you supervise")
        team = self._state.world.directory(run.party.tenant).groups.get(what.removeprefix(GROUP))
        if team is not None and what.startswith(GROUP) and may_watch_group(run.party.person, team.id):
            return await self._watch(run.party, Scope.GROUP, team.id, what, f"the group {team.name}")
        return Done("You may not watch that, or it is over.", "warn")

    def _form(self, party: Party, chats: list[OpenChat]) -> Form:
        options: list[tuple[str, str]] = [(Scope.ALL.value, "Everybody I supervise")]
        teams = watchable_groups(party, self._state.world.directory(party.tenant))
        options += ((GROUP + team.id, f"Group: {team.name}") for team in teams)
        if len(chats) <= MOST_LISTED:
            options += _options(chats)
            return Form("Watch chats", "What do you want to watch?", (choice(WHAT, "Watch", options),))
        options.append((FIND, "One chat of the agent named below"))
        fields = (choice(WHAT, "Watch", options), line(AGENT, "Agent (part of a name)"))
        return Form("Watch chats", "What do you want to watch?", fields)

    def _find(self, run: CommandRun, chats: list[OpenChat]) -> Outcome:
        wanted = fold(run.value(AGENT))
        found = [one for one in chats if wanted in fold(one.names)]
        if not found:
            return Ask(self._form(run.party, chats), problem="No agent of that name is in a chat now.")
        words = f"{len(found)} chats fit; the first {MOST_LISTED} are here." if len(found) > MOST_LISTED else ""
        return Ask(Form("Watch chats", words, (choice(CHAT, "Chat", _options(found[:MOST_LISTED])),)))

    async def _watch(self, party: Party, scope: Scope, value: str, key: str, named: str) -> Done:
        try:
            await self._store.submit(audit_entry(party, "watch.started", key))
            new = await self._watching.start(party, scope, value)
        except TooMany:
            return Done(f"You watch {MOST} things already. Stop watching one of them first.", "error")
        except StoreError:
            return Done(NOT_NOW, "error")
        return Done(f"You watch {named} now." if new else f"You watch {named} already.")


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
                return "+".join(account.partition("@")[0] for account in pair)

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


def _options(chats: list[OpenChat]) -> Options:
    return [(_pair(one.chat), one.names) for one in chats]


def _pair(chat: Chat) -> str:
    """Profanity shows the values of options, not their labels; so they have to say something, and be easy to type."""
    return "+".join(party.face.partition("@")[0] for party in chat.sides)
