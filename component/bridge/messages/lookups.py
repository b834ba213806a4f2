"""What is not cached, and is looked up before a message is judged."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from functools import partial

from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.model import Party, Side
from component.outgoing.compose import NO_SIZES, Answered
from component.outgoing.message_stanzas import REPLY, opaque
from component.policy.attachments import on_the_web
from component.policy.decide import MOST_FILES
from component.policy.features import Feature
from component.policy.matrix import HISTORY_WINDOW
from component.richtext.rendered import Rendered
from component.sanitiser import Sanitiser
from component.store.api import Reference, Store, StoreError
from component.web.uploads import Uploads

from ..incoming import Incoming
from ..state.conversations import JOINED, Conversation
from ..state.state import State
from .intake import FAILED, NOTHING, LookedUp

log = logging.getLogger(__name__)

CONFIRMED_SECONDS = 10.0
"""How long a session that only ejabberd knows of is believed in, so that a chat does not ask for every line."""


class LookUps:
    """Finds what a verdict on a message needs; at once where all is known, else as something to wait for."""

    def __init__(self, state: State, store: Store, api: EjabberdApi, sanitiser: Sanitiser, uploads: Uploads) -> None:
        self._state = state
        self._store = store
        self._api = api
        self._sanitiser = sanitiser
        self._uploads = uploads
        self._confirmed: dict[str, float] = {}

    def __call__(self, message: Incoming) -> LookedUp | Awaitable[LookedUp]:
        sender, receiver = message.parties(self._state.world)
        if sender is None or message.over_rate:
            return NOTHING
        online = self._online(message)
        facts = message.facts
        if not online or facts.is_rich or facts.has_files or self._in_question(message, sender, receiver):
            return self._look_up(message, sender, receiver)
        return LookedUp(online)

    def _in_question(self, message: Incoming, sender: Party, receiver: Party | None) -> bool:
        """Whether the store has to be asked, or waited for the receiver: who is leaving may be back in a moment."""
        if receiver is None:
            return False
        if self._state.sessions.leaving(receiver.account):
            return True
        joined = sender.side is not receiver.side
        unknown = joined and self._state.conversations.between(sender, receiver) is None
        return unknown or Feature.REPLY in message.facts.features

    async def _look_up(self, message: Incoming, sender: Party, receiver: Party | None) -> LookedUp:
        try:
            online = self._online(message) or await self._has_session(sender.account, message.resource)
            if receiver is not None:
                await self._certain(receiver)
            answered = None if receiver is None else await self._answered(message, sender, receiver)
        except (EjabberdApiError, StoreError) as problem:
            log.warning("a look-up failed, so a message from %s is refused: %s", message.account, problem)
            return FAILED
        return LookedUp(online, answered, await self._rich(message, sender), sizes=await self._sizes(message, sender))

    # Is the sender logged in?

    def _online(self, message: Incoming) -> bool:
        """M8. If not, ejabberd knows: who is connected may not show it."""
        return message.sender_online or self._confirmed.get(message.account, 0) > time.monotonic()

    async def _has_session(self, account: str, resource: str) -> bool:
        if resource not in await self._api.sessions(account):
            return False
        now = time.monotonic()
        self._confirmed = {name: until for name, until in self._confirmed.items() if until > now}
        self._confirmed[account] = now + CONFIRMED_SECONDS
        return True

    # Is the receiver?

    async def _certain(self, receiver: Party) -> None:
        certain = asyncio.get_running_loop().create_future()
        self._state.sessions.when_certain(receiver.account, partial(certain.set_result, None))
        await certain

    # Which message does it reply to?

    async def _answered(self, message: Incoming, sender: Party, receiver: Party) -> Answered | None:
        """C14: the message replied to, if the receiver can see it.

        The conversation is fetched in any case, as whatever else is done with the message needs it.
        """
        conversation = await self._state.conversations.find(sender, receiver)
        reply = message.element.find(REPLY)
        if reply is None or conversation is None:
            return None
        await self._store.submit()  # what both of them have just said counts too
        id = reply.get("id", "")
        number, _ = self._state.archive_ids.parse(id) or (None, None)
        author = _author(reply.get("to", ""), sender, receiver)
        target = await self._store.find_by_reference(conversation.id, id, number, author)
        if target is None or target.named is None or not await self._in_view(target, conversation, receiver):
            return None
        if target.sender_account == sender.account:
            return Answered(sender.face, opaque(target.named), sender.account)
        return Answered(receiver.account, target.named, receiver.face)

    async def _in_view(self, target: Reference, conversation: Conversation, receiver: Party) -> bool:
        """A1: an agent may see only the last messages of a chat with a Work user."""
        window = HISTORY_WINDOW[receiver.tenant.version]
        if window is None or conversation.kind != JOINED or receiver.side is not Side.AGENT:
            return True
        return target.seq >= await self._store.window_start(conversation.id, window)

    # How large are its files?

    async def _sizes(self, message: Incoming, sender: Party) -> Mapping[str, int]:
        """C5: of those in ejabberd's uploads. Most clients do not say it. Agents' files are refused anyway."""
        if not message.facts.has_files or sender.side is Side.AGENT:
            return NO_SIZES
        urls = [
            file.url
            for file in on_the_web(message.facts, ())[:MOST_FILES]
            if file.size is None and self._uploads.holds(file.url)
        ]
        sizes = await asyncio.gather(*map(self._uploads.size, urls))
        return {url: size for url, size in zip(urls, sizes, strict=True) if size is not None}

    # What is its formatted content?

    async def _rich(self, message: Incoming, sender: Party) -> Rendered | None:
        """C10. What is too large is refused anyway (C18)."""
        facts = message.facts
        if not facts.is_rich or facts.size > self._state.limits.stanza_bytes:
            return None
        hosts = [sender.tenant.account_host(side) for side in Side]
        return await self._sanitiser.read(sender.account, facts.parts, hosts)


def _author(named: str, sender: Party, receiver: Party) -> str | None:
    """The account of whom a reply names as the author of what it is about; None if it names nobody who takes part.
    Clients may give their messages the ids that the other side gave some (A11)."""
    address = named.partition("/")[0]
    if address == receiver.face:
        return receiver.account
    return sender.account if address in (sender.account, sender.face) else None
