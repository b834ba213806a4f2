"""Agents are told that their chat may be watched, if the tenant says so (S4)."""

from collections.abc import Iterator

from component.element import serialise
from component.policy.watching import Chat, is_watchable
from component.stanza.message import notice
from component.world import World

NOTICE = "This chat may be watched by supervisors."


def notices(chat: Chat, world: World, id: str) -> Iterator[str]:
    """The lines for both, as texts of stanzas with that id; none if nobody may watch."""
    tenant = chat.one.tenant
    if tenant.watch_notice and is_watchable(chat, world.directory(tenant)):
        for one, other in (chat.sides, chat.sides[::-1]):
            yield serialise(notice(one.face, other.account, NOTICE, id))
