"""What the archive should answer, worked out from lists in the plainest words (A1 to A3, A6 to A8)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from component.store.api import (
    ArchiveView,
    Filters,
    Hold,
    NewMessage,
    OpenConversation,
    Purged,
    Slice,
    TenantStatistics,
)
from tests.support.store import MORNING


@dataclass
class Chat:
    opening: OpenConversation
    ended: bool = False
    messages: list[NewMessage] = field(default_factory=list)
    held: list[NewMessage] = field(default_factory=list)


@dataclass
class Model:
    """What the store should answer, in the plainest words."""

    chats: list[Chat] = field(default_factory=list)
    withdrawn: set[int] = field(default_factory=set)
    delivered: int = 0
    holds: dict[int, Hold] = field(default_factory=dict)

    def visible(self, chat: Chat) -> list[NewMessage]:
        return [sent for sent in chat.messages if sent.id not in self.withdrawn]

    def view(self, view: ArchiveView) -> list[NewMessage]:
        shown: list[NewMessage] = []
        for chat in self.chats:
            pair = {chat.opening.first, chat.opening.second}
            if view.viewer not in pair or (view.other is not None and pair != {view.viewer, view.other}):
                continue
            visible = self.visible(chat)
            if chat.opening.kind == "desk":
                shown += [] if chat.ended else visible
            else:
                shown += visible[-view.window :] if view.is_agent and view.window else visible
        return sorted(shown, key=lambda sent: sent.id)

    def sent(self, id: int) -> NewMessage:
        return next(sent for chat in self.chats for sent in chat.messages if sent.id == id)

    def purge(self, tenant: str, older_than: int) -> Purged:
        chats = [chat for chat in self.chats if chat.opening.tenant == tenant]
        before = sum(len(chat.messages) + len(chat.held) for chat in chats)
        held = 0
        for chat in chats:
            due = [sent for sent in chat.messages if sent.sent_at < older_than and sent.id <= self.delivered]
            chat.messages = [sent for sent in chat.messages if sent not in due]
            held += sum(self.is_held(chat, sent) for sent in due)
            chat.held = [sent for sent in chat.held + due if self.is_held(chat, sent)]
        gone = [chat for chat in chats if chat.ended and older_than > MORNING and not chat.messages and not chat.held]
        self.chats = [chat for chat in self.chats if chat not in gone]
        return Purged(before - sum(len(chat.messages) + len(chat.held) for chat in chats), held, len(gone))

    def export(self, tenant: str, account: str | None) -> list[int]:
        return sorted(
            sent.id
            for chat in self.chats
            for sent in chat.messages + chat.held
            if chat.opening.tenant == tenant and account in (None, sent.sender_account, sent.receiver_account)
        )

    def stats(self) -> dict[str, TenantStatistics]:
        return {tenant: self.stats_of(tenant) for tenant in {chat.opening.tenant for chat in self.chats}}

    def stats_of(self, tenant: str) -> TenantStatistics:
        chats = [chat for chat in self.chats if chat.opening.tenant == tenant]
        times = [sent.sent_at for chat in chats for sent in self.visible(chat)]
        return TenantStatistics(
            messages=sum(len(chat.messages) for chat in chats),
            held=sum(len(chat.held) for chat in chats),
            conversations=len(chats),
            accounts=len({account for chat in chats for account in (chat.opening.first, chat.opening.second)}),
            oldest=min(times, default=None),
            newest=max(times, default=None),
        )

    def is_held(self, chat: Chat, sent: NewMessage) -> bool:
        return any(
            hold.tenant == chat.opening.tenant
            and hold.account in (None, sent.sender_account, sent.receiver_account)
            and (hold.start is None or hold.start <= sent.sent_at)
            and (hold.end is None or sent.sent_at <= hold.end)
            for hold in self.holds.values()
        )

    def result(self, view: ArchiveView, filters: Filters) -> list[int]:
        return [sent.id for sent in self.view(view) if matches(sent, filters)]


def matches(sent: NewMessage, filters: Filters) -> bool:
    """Is ``sent`` in the result?"""
    tests = (
        filters.start is None or sent.sent_at >= filters.start,
        filters.end is None or sent.sent_at <= filters.end,
        filters.after is None or sent.id > filters.after,
        filters.before is None or sent.id < filters.before,
        filters.ids is None or sent.id in filters.ids,
        filters.text is None or has_words(sent.body, filters.text),
    )
    return all(tests)


def has_words(body: str | None, text: str) -> bool:
    """Bodies and searches are made of `WORDS` alone."""
    return bool(text) and body is not None and set(text.split()) <= set(body.split())


def page(result: Sequence[int], slice: Slice) -> tuple[list[int], int, bool]:
    """The ids, the count and whether it is complete."""
    part = [
        id for id in result if (slice.after is None or id > slice.after) and (slice.before is None or id < slice.before)
    ]
    shown = (part[-slice.max :] if slice.backwards else part[: slice.max]) if slice.max else []
    return shown, len(result), not shown or len(shown) == len(part)
