"""Agents are told that their chat may be watched, if the tenant says so (S4)."""

from collections.abc import Iterator

from component.directory.world import World
from component.outgoing.message_stanzas import notice
from component.policy.may_watch import Chat, is_watchable
from component.xml import serialise

NOTICE = "This chat may be watched by supervisors."


def notices(chat: Chat, world: World, id: str) -> Iterator[str]:
    """The lines for both, as texts of stanzas with that id; none if nobody may watch."""
    tenant = chat.one.tenant
    if tenant.watch_notice and is_watchable(chat, world.directory(tenant)):
        for one, other in (chat.sides, chat.sides[::-1]):
            yield serialise(notice(one.face, other.account, NOTICE, id))
