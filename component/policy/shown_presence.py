"""What a face tells of its person: presence, as clients send it and as each side sees it (P1 to P4), and groups (D3,
P7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from component.model import EVERYBODY, Party, Person, Side


@dataclass(frozen=True, slots=True)
class Session:
    """One available resource of an account. ``show`` is RFC 6121's, empty for plain *available*."""

    show: str = ""
    status: str = ""
    priority: int = 0


class Status(Enum):
    """What a person is, by the names the desktop clients use. The value is ``(show, name)``."""

    AVAILABLE = ("", "Available")
    BUSY = ("dnd", "Busy")
    ON_BREAK = ("away", "On break")
    WORK_OFFLINE = ("xa", "Work offline")
    AWAY = ("away", "Away")
    DO_NOT_DISTURB = ("dnd", "Do not disturb")
    INVISIBLE = ("", "Invisible")


STATUSES: Mapping[Side, tuple[Status, ...]] = MappingProxyType(
    {
        Side.AGENT: (Status.AVAILABLE, Status.BUSY, Status.ON_BREAK, Status.WORK_OFFLINE),
        Side.WORK: (Status.AVAILABLE, Status.AWAY, Status.DO_NOT_DISTURB, Status.BUSY, Status.INVISIBLE),
    }
)
"""What a person of each side can be, and so choose. An agent cannot be invisible: P1."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Presence as one face shows it to one side; ``available`` false means unavailable."""

    available: bool
    show: str = ""
    status: str = ""


UNAVAILABLE = Seen(False)
PLAINLY_AVAILABLE = Seen(True)

_AVAILABILITY = {"chat": 0, "": 1, "away": 2, "dnd": 3, "xa": 4}
_AGENT_STATUS = {"dnd": Status.BUSY, "away": Status.ON_BREAK, "xa": Status.WORK_OFFLINE}
_WORK_STATUS = {"dnd": Status.DO_NOT_DISTURB, "away": Status.AWAY, "xa": Status.AWAY}


def can_be_reached(sessions: Iterable[Session]) -> bool:
    """Whether a message to the bare account arrives: a negative priority asks for none (RFC 6121 §8.5.2.1.1)."""
    return any(session.priority >= 0 for session in sessions)


def leading(sessions: Iterable[Session]) -> Session | None:
    """P4: the session that speaks for the person: highest priority, then most available.

    Between equals one with words of its own, and then the words decide, not who logged in first.
    """
    return min(sessions, key=_rank, default=None)


def _rank(session: Session) -> tuple[int, int, bool, str]:
    availability = _AVAILABILITY.get(session.show, _AVAILABILITY[""])
    return -session.priority, availability, not session.status, session.status


def status_of(side: Side, session: Session) -> Status:
    """The status that the leading session of a person of that side stands for."""
    if side is Side.AGENT:
        return _AGENT_STATUS.get(session.show, Status.AVAILABLE)
    if session.show == "dnd" and session.status.strip().casefold() == "busy":
        return Status.BUSY
    return _WORK_STATUS.get(session.show, Status.AVAILABLE)


def seen_by(viewer: Side, side: Side, sessions: Iterable[Session], override: Status | None = None) -> Seen:
    """What viewers of side ``viewer`` see on the face of a person of side ``side``.

    ``override`` is the status that the person chose with *Set status*; it lasts no longer than the
    person is logged in (P3).
    """
    session = leading(sessions)
    if session is None:
        return UNAVAILABLE
    if side is Side.WORK:
        return _work_face(override or status_of(side, session))
    if viewer is Side.WORK:
        return PLAINLY_AVAILABLE
    show, name = (override or status_of(side, session)).value
    own_words = "" if override else session.status.strip()
    return Seen(True, show, own_words or name)


def _work_face(status: Status) -> Seen:
    """P3: the status's name only where the show alone would not tell it."""
    if status is Status.INVISIBLE:
        return UNAVAILABLE
    show, name = status.value
    return Seen(True, show, name if status is Status.BUSY else "")


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
