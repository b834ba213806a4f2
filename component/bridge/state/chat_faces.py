"""Chat faces: the addresses under which two people's chat is seen by who watches it (S2, A4).

Each pair of accounts has one, always the same, which nobody can guess and which tells nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from functools import lru_cache

from component.directory.world import World
from component.model import RESERVED_PREFIX, Party, Side
from component.policy.may_watch import Chat, as_agent, is_concerned
from component.store.api import NewChatFace, Store

from .conversations import Key, key_of

DIGEST_BYTES = 10

MOST_CACHED = 10_000
"""Pairs: those who chat ask for theirs with every message."""


class ChatFaces:
    """``key`` is a secret of the database; ``known`` are rows of ``(local part, tenant, account, account)``."""

    def __init__(self, store: Store, key: bytes, known: Iterable[tuple[str, str, str, str]]) -> None:
        self._store = store
        self._key = key
        self._local_part: Callable[[str, Key], str] = lru_cache(maxsize=MOST_CACHED)(self._made_local_part)
        self._pairs: dict[str, Key] = {}
        for local_part, _, first, second in known:
            self._pairs[local_part] = first, second

    def chat(self, one: Party, other: Party) -> Chat:
        """The chat of the two."""
        pair = key_of(one, other)
        first, second = (one, other) if pair[0] == one.account else (other, one)
        return Chat(first, second, f"{self._local_part(one.tenant.id, pair)}@{one.tenant.agent_faces}")

    def of_accounts(self, first: str, second: str, world: World) -> Chat | None:
        """The chat of these two accounts, if both are in the directory."""
        one, other = world.account(first), world.account(second)
        return self.chat(one, other) if one and other else None

    def note(self, chat: Chat) -> None:
        """Somebody gets to see the chat: its face can be asked about from now on."""
        local_part = chat.face.partition("@")[0]
        if local_part not in self._pairs:
            pair = self._pairs[local_part] = chat.one.account, chat.other.account
            # Should this not reach the disk, the next message of the two does the same again.
            self._store.submit(NewChatFace(local_part, chat.one.tenant.id, *pair))

    def pair(self, address: str) -> Key | None:
        """The two accounts behind a chat face."""
        return self._pairs.get(address.partition("@")[0])

    def seen_by(self, viewer: Party, address: str, world: World) -> Chat | None:
        """The chat at this bare address, as far as ``viewer`` is concerned; None is also for an address nobody has."""
        chat = self._at(address, world) if address.startswith(RESERVED_PREFIX) else None
        if chat is None or chat.one.tenant is not viewer.tenant:
            return None
        return chat if is_concerned(viewer, chat, world.directory(viewer.tenant)) else None

    def _at(self, address: str, world: World) -> Chat | None:
        local_part, _, host = address.partition("@")
        pair = self._pairs.get(local_part)
        if pair is None:
            return None
        one, other = map(world.account, pair)
        if one is None or other is None or one.tenant.agent_faces != host:
            return None
        return Chat(one, other, address)

    def _made_local_part(self, tenant: str, pair: Key) -> str:
        digest = hmac.digest(self._key, "\n".join(("chat face", tenant, *pair)).encode(), hashlib.sha256)
        return RESERVED_PREFIX + base64.b32encode(digest[:DIGEST_BYTES]).decode().lower()


def work_party(agent: Party, world: World) -> Party | None:
    """A4: the Work account of an agent who has both licences."""
    if agent.side is not Side.AGENT or agent.person.work is None:
        return None
    return world.account(f"{agent.person.work}@{agent.tenant.work_host}")


def contact_of(viewer: Party, chat: Chat) -> tuple[Party, Party] | None:
    """A4: the viewer's agent side of the chat, and whom they chat with; None for a supervisor."""
    own = as_agent(viewer, chat)
    if own is None:
        return None
    return own, chat.other if own is chat.one else chat.one
