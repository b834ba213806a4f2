"""What the bridge knows while it runs. Plain values with one owner each; everybody else only reads them."""

from dataclasses import dataclass

from component.model import Limits
from component.stanza.archive_id import ArchiveIds
from component.world import World

from .conversations import Conversations
from .recent import Recent
from .sessions import Sessions
from .watchers import Watchers


@dataclass(slots=True)
class State:
    """``world`` and ``limits`` are replaced by a reload (owner: ``Bridge``), ``sessions`` and ``watchers``
    change with presence (owner: ``Presence``), ``conversations`` and ``recent`` with messages."""

    world: World
    limits: Limits
    sessions: Sessions
    watchers: Watchers
    conversations: Conversations
    recent: Recent
    archive_ids: ArchiveIds
