"""What the bridge knows while it runs. Plain values with one owner each; everybody else only reads them."""

from dataclasses import dataclass

from component.directory.world import World
from component.model import Limits, WebSettings
from component.outgoing.archive_id import ArchiveIds
from component.outgoing.compose import fingerprint
from component.outgoing.message_links import tokens
from component.policy.shown_presence import Status
from component.store.api import ChooseStatus, Store

from ..clock import now_us
from .chat_faces import ChatFaces
from .conversations import Conversations
from .recent_ids import REMEMBERED_US, Recent
from .sessions import Sessions
from .subscriptions import Blocked, Watchers
from .watches import Watches

_WEB = WebSettings()


@dataclass(slots=True)
class State:
    """``world`` and ``limits`` are replaced by a reload (owner: ``Bridge``), ``sessions``, ``watchers``
    and ``blocked`` change with presence (owner: ``Presence``), ``conversations`` and ``recent`` with messages."""

    world: World
    limits: Limits
    web: WebSettings
    sessions: Sessions
    watchers: Watchers
    conversations: Conversations
    recent: Recent
    archive_ids: ArchiveIds
    chat_faces: ChatFaces
    watches: Watches
    blocked: Blocked


async def open_state(limits: Limits, world: World, store: Store, web: WebSettings = _WEB) -> State:
    """The state as the store remembers it. Raises ``StoreError``."""
    return State(
        world=world,
        limits=limits,
        web=web,
        sessions=await _sessions(store),
        watchers=Watchers(store, await store.subscriptions()),
        conversations=Conversations(store, await store.open_conversations()),
        recent=await _taken_lately(store, web.public_url),
        archive_ids=ArchiveIds(store.id_key),
        chat_faces=ChatFaces(store, store.id_key, await store.chat_faces()),
        watches=Watches(store, await store.watches()),
        blocked=Blocked(),
    )


async def _sessions(store: Store) -> Sessions:
    """Who is invisible stays so if only deskbridge starts anew (P3)."""

    def note(account: str, status: Status | None) -> None:
        # Should the disk not have taken it, it is in force all the same until the next start.
        store.submit(ChooseStatus(account, status and status.name)).add_done_callback(lambda done: done.exception())

    known = Status.__members__
    chosen = await store.chosen_statuses()
    return Sessions({account: known[name] for account, name in chosen.items() if name in known}, note)


async def _taken_lately(store: Store, public_url: str) -> Recent:
    recent = Recent()
    for taken in await store.recent_client_ids(now_us() - REMEMBERED_US):
        key = (taken.sender_account, taken.receiver_account, taken.origin_id or taken.client_id or "")
        recent.add(key, await _fingerprint(taken.payload, store, public_url), taken.sent_at, None)
    return recent


async def _fingerprint(payload: str, store: Store, public_url: str) -> str:
    """As it was when the message came (``Composed.fingerprint``)."""
    links = [(token, await store.links.find(token)) for token in tokens(payload, public_url)]
    return fingerprint(payload, [(token, found.content) for token, found in links if found])
