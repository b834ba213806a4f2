"""Who may watch which conversations of agents, and who finds there what they said themselves (S1, S2, A4). Pure.

Asked again with every line that is copied: a right that is taken away is gone with the next one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from component.model import EVERYBODY, Directory, Party, Person, Side, Team, Tenant


class Scope(StrEnum):
    """What one watch is for."""

    CHAT = "chat"
    """Two agents; ``Watch.value`` is the address of their chat face."""
    GROUP = "group"
    """Everybody in an agent group; the value is its id."""
    ALL = "all"
    """Everybody the supervisor supervises; the value is empty."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation of two, as its watchers see it: ``face`` is the address of its chat face."""

    one: Party
    other: Party
    face: str

    @property
    def sides(self) -> tuple[Party, Party]:
        return self.one, self.other


def is_watchable(chat: Chat, directory: Directory) -> bool:
    """S1: two agents, and watching is switched on for their tenant, or for a group or queue of either."""
    if any(party.side is not Side.AGENT for party in chat.sides) or chat.one.tenant is not chat.other.tenant:
        return False
    return _switched_on(chat.one.tenant, _people(chat), directory)


def supervises(supervisor: Person, agent: Person) -> bool:
    """S2: the directory says so."""
    return EVERYBODY in supervisor.supervises or not supervisor.supervises.isdisjoint(agent.groups)


def may_watch(supervisor: Party, chat: Chat, directory: Directory) -> bool:
    """Whether this person, in either role, may see the conversation of those two now.

    Nobody watches themselves: a supervisor has their own chats already.
    """
    return (
        supervisor.tenant is chat.one.tenant
        and is_watchable(chat, directory)
        and _is_over(supervisor.person, _people(chat))
    )


def may_read(supervisor: Party, people: Sequence[Person], directory: Directory) -> bool:
    """S3: whether this person may read what two agents said, of whom these ``people`` are still in the directory.

    Operators may, and others by the same rules as if it were said now; of those who left, everybody's supervisors alone
    are in charge.
    """
    if supervisor.is_operator:
        return True
    return _switched_on(supervisor.tenant, people, directory) and _is_over(supervisor.person, people)


def may_watch_group(supervisor: Person, group: str) -> bool:
    return EVERYBODY in supervisor.supervises or group in supervisor.supervises


def watchable_groups(supervisor: Party, directory: Directory) -> list[Team]:
    """The groups that this supervisor may watch, and in which there is anything to watch: somebody in it chats, or may
    chat, with somebody so that watching is switched on for the two. One look at everybody, whatever the groups."""
    tenant = supervisor.tenant
    agents = [person for person in directory.people if person.agent and person is not supervisor.person]
    watched = [person for person in agents if _switched_on(tenant, (person,), directory)]
    near = frozenset[str]().union(*(person.groups for person in watched))
    all_near = any(_may_meet_anybody(person, tenant) for person in watched)
    found: set[str] = set()
    for person in agents:
        meets = all_near or not near.isdisjoint(person.groups) or _may_meet_anybody(person, tenant)
        if watched and meets:
            found |= person.groups
    return [
        team for team in directory.groups.values() if team.id in found and may_watch_group(supervisor.person, team.id)
    ]


def _may_meet_anybody(agent: Person, tenant: Tenant) -> bool:
    """Whether they may chat with every agent, beyond those of their groups (M4, M5)."""
    return agent.is_supervisor or (tenant.mode.joined and agent.work is None)


def covers(scope: Scope, value: str, supervisor: Party, chat: Chat, directory: Directory) -> bool:
    """Whether that watch of ``supervisor`` is for this chat, and they may watch it."""
    match scope:
        case Scope.CHAT:
            wanted = value == chat.face
        case Scope.GROUP:
            wanted = may_watch_group(supervisor.person, value) and any(
                value in party.person.groups for party in chat.sides
            )
        case Scope.ALL:
            wanted = True
    return wanted and may_watch(supervisor, chat, directory)


def as_agent(viewer: Party, chat: Chat) -> Party | None:
    """A4: the side of the chat on which the Work user ``viewer`` is the agent, if there is one."""
    if viewer.side is not Side.WORK:
        return None
    for party in chat.sides:
        if party.side is Side.AGENT and party.tenant is viewer.tenant and party.person is viewer.person:
            return party
    return None


def is_concerned(viewer: Party, chat: Chat, directory: Directory) -> bool:
    """Who is not concerned is told that there is no such chat face."""
    return as_agent(viewer, chat) is not None or may_watch(viewer, chat, directory)


def title(viewer: Party, chat: Chat) -> str:
    """What the chat face is called in the viewer's list of contacts."""
    own = as_agent(viewer, chat)
    if own is not None:
        contact = chat.other if own is chat.one else chat.one
        return f"{contact.full_name} (agent chat)"
    return f"{chat.one.full_name}, {chat.other.full_name}"


def _people(chat: Chat) -> list[Person]:
    return [party.person for party in chat.sides]


def _switched_on(tenant: Tenant, people: Iterable[Person], directory: Directory) -> bool:
    return tenant.watch or any(team.watch for person in people for team in _teams(person, directory))


def _is_over(supervisor: Person, people: Sequence[Person]) -> bool:
    everybody = EVERYBODY in supervisor.supervises
    return supervisor not in people and (everybody or any(supervises(supervisor, person) for person in people))


def _teams(person: Person, directory: Directory) -> list[Team]:
    """The groups and queues of a person."""
    named = ((directory.groups, person.groups), (directory.queues, person.queues))
    return [teams[id] for teams, ids in named for id in ids if id in teams]
