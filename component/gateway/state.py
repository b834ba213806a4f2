"""What the bridge knows while it runs. Plain values with one owner each; everybody else only reads them."""

from dataclasses import dataclass

from component.model import Limits
from component.stanza.archive_id import ArchiveIds
from component.store.store import Store
from component.world import World

from .clock import now_us
from .conversations import Conversations
from .recent import REMEMBERED_US, Recent
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


async def open_state(limits: Limits, world: World, store: Store) -> State:
    """The state as the store remembers it. Raises ``StoreError``."""
    recent = Recent()
    for taken in await store.recent_client_ids(now_us() - REMEMBERED_US):
        key = (taken.sender_account, taken.receiver_account, taken.origin_id or taken.client_id or "")
        recent.add(key, taken.payload, taken.sent_at)
    return State(
        world=world,
        limits=limits,
        sessions=Sessions(),
        watchers=Watchers(store, await store.subscriptions()),
        conversations=Conversations(store, await store.open_conversations()),
        recent=recent,
        archive_ids=ArchiveIds(store.id_key),
    )
