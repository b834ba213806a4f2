"""Conversations: who is talking with whom, in which conversation the next message falls (V1 to V4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from component.model import Party, Side
from component.store.api import Change, EndConversation, OpenConversation, Store, StoredConversation

Key = tuple[str, str]

DESK = "desk"
"""Kind of a conversation between two agents: one of many between them, it ends (V2)."""

JOINED = "joined"
"""Kind of the one conversation between an agent and a Work user, which never ends (V4)."""


@dataclass(slots=True)
class Conversation:
    """``first`` and ``second`` are bare accounts; ``length`` counts the messages so far, ``opened_at`` is in us."""

    id: int
    kind: str
    first: str
    second: str
    length: int
    opened_at: int

    def other(self, account: str) -> str:
        return self.second if account == self.first else self.first


def key_of(one: Party, other: Party) -> Key:
    """The pair of accounts in its one order: the agent first, two agents by address."""
    if one.side is not other.side:
        agent, work = (one, other) if one.side is Side.AGENT else (other, one)
        return agent.account, work.account
    first, second = sorted((one.account, other.account))
    return first, second


class Conversations:
    """Those that can go on. Ended ones are only in the store, and some of agents and Work users are yet to be found
    there. ``going_on`` has all others by ``key_of`` the two; only this class changes it."""

    def __init__(self, store: Store, known: Iterable[StoredConversation]) -> None:
        self._store = store
        self.going_on = {(stored.first, stored.second): _going_on(stored) for stored in known}

    def between(self, one: Party, other: Party) -> Conversation | None:
        return self.going_on.get(key_of(one, other))

    async def find(self, one: Party, other: Party) -> Conversation | None:
        """Like ``between``, but that of an agent and a Work user is looked up in the store if need be."""
        known = self.between(one, other)
        if known is not None or one.side is other.side:
            return known
        agent, work = key_of(one, other)
        found = await self._store.find_joined(agent, work)
        if found is None:
            return None
        conversation = _going_on(found)
        # Another message of the two may have been quicker.
        return self.going_on.setdefault((agent, work), conversation)

    def desk_of(self, account: str) -> list[Conversation]:
        """The open conversations of an agent with other agents."""
        return [c for c in self.going_on.values() if c.kind == DESK and account in (c.first, c.second)]

    def desk(self) -> list[Conversation]:
        return [c for c in self.going_on.values() if c.kind == DESK]

    def open(self, sender: Party, receiver: Party, now: int) -> tuple[Conversation, Change]:
        """V1: a new conversation of the two, and the change that puts it on disk. ``now`` is in us."""
        first, second = key_of(sender, receiver)
        kind = DESK if sender.side is receiver.side else JOINED
        conversation = Conversation(self._store.next_conversation_id(), kind, first, second, 0, now)
        self.going_on[first, second] = conversation
        change = OpenConversation(conversation.id, sender.tenant.id, kind, first, second, now)
        return conversation, change

    def end(self, conversation: Conversation, reason: str, now: int) -> Change:
        """V2: close it; a later message opens a new one."""
        self.forget(conversation)
        return EndConversation(conversation.id, now, reason)

    def forget(self, conversation: Conversation) -> None:
        """Drop one that did not reach the disk, or that is about to be ended there."""
        if self.going_on.get((conversation.first, conversation.second)) is conversation:
            del self.going_on[conversation.first, conversation.second]


def _going_on(stored: StoredConversation) -> Conversation:
    return Conversation(stored.id, stored.kind, stored.first, stored.second, stored.length, stored.opened_at)
