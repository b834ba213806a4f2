"""What the bridge does not know by heart and looks up before a message is judged."""

import logging
import time
from collections.abc import Awaitable

from component.ejabberd.api import EjabberdApi, EjabberdApiError
from component.model import Party, Side
from component.policy.features import Feature
from component.policy.matrix import HISTORY_WINDOW
from component.stanza.message import REPLY
from component.store.errors import StoreError
from component.store.store import Store

from .conversations import JOINED, Conversation
from .intake import Found, Incoming
from .state import State

log = logging.getLogger(__name__)

CONFIRMED_SECONDS = 60.0
NOTHING = Found(sender_online=False)


class LookUps:
    """Finds what a verdict on a message needs. A look-up that fails counts as nothing found, so that the
    sender gets an answer."""

    def __init__(self, state: State, store: Store, api: EjabberdApi) -> None:
        self._state = state
        self._store = store
        self._api = api
        self._confirmed: dict[str, float] = {}

    def __call__(self, message: Incoming) -> Found | Awaitable[Found]:
        sender, receiver = message.parties(self._state.world)
        if sender is None or receiver is None or message.over_rate:
            return NOTHING
        online = self._online(sender)
        reply = Feature.REPLY in message.facts.features
        known = sender.side is receiver.side or self._state.conversations.between(sender, receiver) is not None
        if online is not None and known and not reply:
            return Found(online)
        return self._look_up(message, sender, receiver)

    def _online(self, sender: Party) -> bool | None:
        """M8. None where only ejabberd knows: a Work user may be connected without showing it (invisible).
        An agent who is not available is logged out."""
        if self._state.sessions.logged_in(sender.account):
            return True
        if sender.side is Side.AGENT:
            return False
        return True if self._confirmed.get(sender.account, 0) > time.monotonic() else None

    async def _look_up(self, message: Incoming, sender: Party, receiver: Party) -> Found:
        try:
            online = self._online(sender)
            if online is None:
                online = await self._has_session(sender.account, message.resource)
            conversation = await self._state.conversations.find(sender, receiver)
            reply_to = await self._reply_to(message, sender, receiver, conversation)
        except (EjabberdApiError, StoreError) as problem:
            log.warning("a look-up failed, so a message is refused: %s", problem)
            return NOTHING
        return Found(online, reply_to)

    async def _has_session(self, account: str, resource: str) -> bool:
        if resource not in await self._api.sessions(account):
            return False
        now = time.monotonic()
        self._confirmed = {name: until for name, until in self._confirmed.items() if until > now}
        self._confirmed[account] = now + CONFIRMED_SECONDS
        return True

    async def _reply_to(
        self, message: Incoming, sender: Party, receiver: Party, conversation: Conversation | None
    ) -> str | None:
        """C14: the author of the message replied to, if the receiver can see that message."""
        reply = message.element.find(REPLY)
        if reply is None or conversation is None:
            return None
        target = await self._store.find_by_reference(conversation.id, reply.get("id", ""))
        if target is None or target.withdrawn:
            return None
        window = HISTORY_WINDOW[receiver.tenant.version]
        if window is not None and conversation.kind == JOINED and receiver.side is Side.AGENT:
            first = await self._store.window_start(conversation.id, window)
            if target.seq < first:
                return None
        return sender.face if target.sender_account == sender.account else receiver.account
