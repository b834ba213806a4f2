"""Histories that earlier runs left in the database, written without a bridge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from component.outgoing.archive_id import ArchiveIds, Role
from component.store.api import DeliveredUpTo, EndConversation, NewMessage, OpenConversation, Store, Withdraw
from tests.support.storage import storage_of
from tests.support.store import index_all

MINUTE = 60_000_000
MORNING = 1_767_254_400_000_000
"""2026-01-01T08:00:00Z in us."""

Line = tuple[str, str, str]
"""Sender's account, receiver's account, and what was said."""


def chatter(one: str, other: str, count: int, name: str = "message") -> list[Line]:
    """The two in turn: ``message 1``, ``message 2``, ..."""
    return [(*((one, other) if number % 2 else (other, one)), f"{name} {number}") for number in range(1, count + 1)]


def face(account: str) -> str:
    """``alice@cc.acme.test`` -> ``alice@agents.acme.test``"""
    return account.replace("@cc.", "@agents.").replace("@work.", "@directory.")


@asynccontextmanager
async def past(folder: Path, begin: int = MORNING) -> AsyncIterator["Past"]:
    """The database of the bridge in ``folder``, which must not be running; ``begin`` in us."""
    store = await Store.open(storage_of(folder))
    try:
        yield Past(store, begin)
    finally:
        await store.close()


class Past:
    """One message a minute, from ``begin`` on."""

    def __init__(self, store: Store, begin: int) -> None:
        self._store = store
        self._ids = ArchiveIds(store.id_key)
        self._open: dict[frozenset[str], OpenConversation] = {}
        self._now = begin

    async def said(self, *lines: Line) -> list[int]:
        """Write these, delivered long ago; their numbers."""
        numbers = [self._say(*line) for line in lines]
        await self._store.submit(DeliveredUpTo(numbers[-1], settled=numbers[-1]))
        return numbers

    async def indexed(self) -> None:
        """Whatever was said can be looked up by its words."""
        await index_all(self._store)

    async def on_its_way(self, *lines: Line) -> None:
        """Write these, which may not have been delivered when the bridge ended."""
        for line in lines:
            self._say(*line)
        await self._store.submit()

    async def withdrawn(self, number: int) -> None:
        """The message came back undelivered."""
        await self._store.submit(Withdraw(number, self._now))

    async def ended(self, one: str, other: str) -> None:
        """The conversation of two agents is over."""
        conversation = self._open.pop(frozenset((one, other)))
        await self._store.submit(EndConversation(conversation.id, self._now, "ended"))

    def id(self, number: int, role: Role) -> str:
        """The archive id of that copy."""
        return self._ids.id(number, role)

    def _say(self, sender: str, receiver: str, body: str) -> int:
        conversation = self._conversation(sender, receiver)
        self._now += MINUTE
        number = self._store.next_message_id()
        self._store.submit(
            NewMessage(
                id=number,
                conversation_id=conversation.id,
                sent_at=self._now,
                sender=f"{sender}/then",
                receiver=face(receiver),
                sender_account=sender,
                receiver_account=receiver,
                owner=conversation.first if conversation.kind == "joined" else None,
                payload=f"<body>{body}</body>",
                body=body,
                client_id=f"then-{number}",
            )
        )
        return number

    def _conversation(self, sender: str, receiver: str) -> OpenConversation:
        pair = frozenset((sender, receiver))
        if pair not in self._open:
            joined = ("@work." in sender) != ("@work." in receiver)
            first, second = sorted(pair, key=lambda account: (joined and "@work." in account, account))
            tenant = first.rpartition("@")[2].split(".")[1]
            kind = "joined" if joined else "desk"
            change = OpenConversation(self._store.next_conversation_id(), tenant, kind, first, second, self._now)
            self._store.submit(change)
            self._open[pair] = change
        return self._open[pair]
