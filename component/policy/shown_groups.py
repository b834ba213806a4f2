"""What a face tells of its person besides the name and the title (D3, P7)."""

from component.model import EVERYBODY, Party, Person, Side


def known_groups(viewer: Party, side: Side, groups: frozenset[str]) -> frozenset[str]:
    """Of these groups of the viewer's tenant those that the viewer may know people of ``side`` to be in.

    Groups are the agents' own affair: a Work user learns of an agent only that they are there (P1). An agent knows who
    shares a group with them, a supervisor also who is in the groups they supervise. On a Work face there are none: that
    a colleague is an agent too, and in which groups, is not told by their other entry (AD1).
    """
    if viewer.side is not Side.AGENT or side is not Side.AGENT:
        return frozenset()
    return groups if EVERYBODY in viewer.person.supervises else groups & _own(viewer.person)


def _own(person: Person) -> frozenset[str]:
    return person.groups | person.supervises
