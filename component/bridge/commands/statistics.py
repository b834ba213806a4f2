"""The command *Statistics*: one tenant in numbers (D4)."""

from component.model import Party, Side
from component.outgoing.message_stanzas import minute
from component.services.command_framework import CommandRun, Done, Outcome
from component.store.api import Store
from component.xep.forms import Card, line

from ..state.state import State


class ShowStatistics:
    node = "statistics"
    name = "Statistics"

    def __init__(self, state: State, store: Store) -> None:
        self._state = state
        self._store = store

    def may_run(self, party: Party) -> bool:
        return party.is_operator

    async def step(self, run: CommandRun) -> Outcome:
        numbers = {**self._now(run.party), **await self._kept(run.party)}
        fields = tuple(line(var, label, value) for var, (label, value) in numbers.items())
        return Done("In numbers:", shown=Card(f"Statistics of {run.party.tenant.name}", fields))

    def _now(self, party: Party) -> dict[str, tuple[str, str]]:
        world, tenant = self._state.world, party.tenant
        here = {
            side: sum(self._state.sessions.logged_in(one.account) for one in world.parties(tenant, side))
            for side in Side
        }
        chats = sum(one.first.endswith(f"@{tenant.desk_host}") for one in self._state.conversations.desk())
        return {
            "agents": ("Agents logged in", f"{here[Side.AGENT]} of {len(world.parties(tenant, Side.AGENT))}"),
            "work": ("Work users logged in", f"{here[Side.WORK]} of {len(world.parties(tenant, Side.WORK))}"),
            "chats": ("Open chats between agents", str(chats)),
        }

    async def _kept(self, party: Party) -> dict[str, tuple[str, str]]:
        kept = (await self._store.stats()).tenants.get(party.tenant.id)
        if kept is None:
            return {"messages": ("Messages in the archive", "0")}
        numbers = {
            "messages": ("Messages in the archive", str(kept.messages)),
            "conversations": ("Conversations in the archive", str(kept.conversations)),
        }
        if kept.oldest is not None:
            numbers["oldest"] = ("Oldest message (UTC)", minute(kept.oldest))
        return numbers
