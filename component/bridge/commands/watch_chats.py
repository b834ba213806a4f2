"""The command *Watch chats*: a supervisor begins to watch (S2, D4)."""

from collections.abc import Iterable

from component.folding import fold
from component.model import Party
from component.policy.may_watch import Chat, Scope, may_watch_group, watchable_groups
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.store.api import Store, StoreError
from component.xep.forms import Form, Options, choice, line

from ..state.state import State
from ..state.watches import MOST
from ..supervision.audience import OpenChat, watchable_now
from ..supervision.watching import TooMany, Watching
from .audit_entry import audit_entry

WHAT, AGENT, CHAT = "what", "agent", "chat"

MOST_LISTED = 50
"""Chats in one list to choose from."""

FIND, GROUP = "find", "group:"
NOT_NOW = "That could not be noted right now. Try again in a moment."


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
        chat = next((one for one in chats if _key(one.chat) == what), None)
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


def _options(chats: list[OpenChat]) -> Options:
    return [(_key(one.chat), one.names) for one in chats]


def _key(chat: Chat) -> str:
    return chat_key(party.face for party in chat.sides)


def chat_key(addresses: Iterable[str]) -> str:
    """The value of a chat among options. Profanity shows values, not labels, so it has to say something, and be easy to
    type."""
    return "+".join(address.partition("@")[0] for address in addresses)
