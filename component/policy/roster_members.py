"""Who appears in whose contact list by itself, and how (D2). Everybody in it may be seen: ``may_see`` decides that.

| viewer | sees | because of | under the groups |
| --- | --- | --- | --- |
| agent | agents of their own agent groups | M3 | those groups |
| supervisor | agents of the groups they supervise | M4 | those groups |
| agent, in mode 3 | Work users | M2 | the organisation's name |
| agent, in mode 3 | agents without a Work licence | M5 | the organisation's name |
| Work user, in mode 3 | agents | M1 | *Agents* |

Whose groups one knows at all is said in ``shown``; a Work user, nobody's. The first two rows are the viewer's teams,
the others the directory. If all of it is more than the tenant's ``roster_limit``, only teams appear, whole ones, small
ones first, as long as they fit; the rest is found by search.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Self

from component.model import EVERYBODY, Directory, Party, Side

from .may_write import Pair, allowing, may_see
from .shown_presence import known_groups

AGENTS = "Agents"
"""For Work users, the group of all agents."""

FROM_THE_DIRECTORY = frozenset({"M1", "M2", "M5"})
OTHER_FACES = 2
"""A directory holds at most so many faces that its viewer does not get: their own ones."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a contact stands in a list."""

    name: str
    groups: frozenset[str] = frozenset()


Entries = dict[str, Entry]
"""By bare address of the face."""


@dataclass(frozen=True, slots=True)
class People:
    """Everybody of one tenant, found by what makes them somebody's contacts."""

    directory: Directory
    agents: tuple[Party, ...]
    beyond_agents: tuple[Party, ...]
    teams: Mapping[str, tuple[Party, ...]]

    @classmethod
    def of(cls, directory: Directory, work: Iterable[Party], agents: Iterable[Party]) -> Self:
        agents = tuple(agents)
        teams: dict[str, list[Party]] = {group: [] for group in directory.groups}
        for agent in agents:
            for group in agent.person.groups:
                teams[group].append(agent)
        return cls(
            directory=directory,
            agents=agents,
            beyond_agents=(*work, *(agent for agent in agents if agent.person.work is None)),
            teams={group: tuple(members) for group, members in teams.items()},
        )


def contacts(viewer: Party, people: People) -> Entries:
    """Who appears in this list by itself; at most the tenant's ``roster_limit``."""
    limit = viewer.tenant.roster_limit
    reachable = people.agents if viewer.side is Side.WORK else people.beyond_agents
    teams = {group: people.teams[group] for group in _teams(viewer, people.directory)}
    if len(reachable) <= limit + OTHER_FACES:
        everybody = _entries(viewer, chain(*teams.values(), reachable), people.directory)
        if len(everybody) <= limit:
            return everybody
    found: Entries = {}
    for _, members in sorted(teams.items(), key=lambda team: (len(team[1]), team[0])):
        more = found | _entries(viewer, members, people.directory)
        if len(more) > limit:
            break
        found = more
    return found


def entry(viewer: Party, face: Party, directory: Directory) -> Entry | None:
    """How this face stands in the viewer's list, should it be there; None if the viewer may not see it."""
    if not may_see(viewer, face):
        return None
    known = {_name(directory.groups[group].name) for group in _known_groups(viewer, face)}
    others = AGENTS if viewer.side is Side.WORK else _name(viewer.tenant.name)
    return Entry(face.name, frozenset(known or {others}))


def _entries(viewer: Party, faces: Iterable[Party], directory: Directory) -> Entries:
    found: Entries = {}
    for face in faces:
        if face.face not in found and _appears(viewer, face):
            stands = entry(viewer, face, directory)
            if stands is not None:
                found[face.face] = stands
    return found


def _appears(viewer: Party, face: Party) -> bool:
    """Supervisors may write to any agent (M4), but only those they supervise appear by that."""
    by_directory = not FROM_THE_DIRECTORY.isdisjoint(allowing(Pair(viewer, face)))
    return by_directory or bool(_known_groups(viewer, face))


def _teams(viewer: Party, directory: Directory) -> frozenset[str]:
    """The agent groups that the viewer is in or supervises, as an agent."""
    if viewer.side is Side.WORK:
        return frozenset()
    person = viewer.person
    supervised = directory.groups.keys() if EVERYBODY in person.supervises else person.supervises
    return person.groups.union(supervised)


def _known_groups(viewer: Party, face: Party) -> frozenset[str]:
    return known_groups(viewer, face.side, face.person.groups)


def _name(group: str) -> str:
    """ejabberd 23.01 separates the groups of a contact by semicolons."""
    return group.replace(";", ",")
