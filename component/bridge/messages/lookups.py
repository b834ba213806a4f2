"""What has to be looked up for a message before it is judged, and the queue of messages that wait for it.

A message for which everything is known is judged at once, so messages are judged in the order in which ejabberd sent
them. A message that needs a look-up waits for it, and so do later ones of the same sender, but nobody else's.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, final

from component.background_tasks import BackgroundTasks
from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.model import Party, Side
from component.outgoing.compose import NO_SIZES, Answered
from component.outgoing.message_stanzas import REPLY, opaque
from component.policy.decide import MOST_FILES, described, on_the_web
from component.policy.elements import ATTACH_TO
from component.policy.features import FILES, RICH, Feature
from component.policy.file_descriptions import File
from component.policy.matrix import HISTORY_WINDOW
from component.richtext.rendered import Rendered
from component.sanitiser import Sanitiser
from component.store.api import Reference, Store, StoreError
from component.web.uploads import Uploads

from ..incoming import Incoming
from ..keyed_queue import KeyedQueue, QueueBounds
from ..state.conversations import JOINED, Conversation
from ..state.state import State
from ..throttled_log import ThrottledLog

log = logging.getLogger(__name__)

LONGEST_QUEUE = 100
"""So many messages of one sender may wait for a look-up."""

_LOOKED_INTO = RICH | FILES | {Feature.REPLY}
"""What a message may carry that something has to be looked up for."""


CONFIRMED_SECONDS = 10.0
"""How long a session that only ejabberd knows of is believed in, so that a chat does not ask for every line."""


@final
class LookedUp:
    """What was looked up for a message. ``answered`` is the message replied to; None if
    the receiver cannot see it (C14). ``rich`` is its formatted content
    (C10), ``sizes`` are bytes of its files by address (C5). ``failed`` tells that nothing could be found out."""

    def __init__(
        self,
        sender_online: bool,
        answered: Answered | None = None,
        rich: Rendered | None = None,
        failed: bool = False,
        sizes: Mapping[str, int] = NO_SIZES,
    ) -> None:
        self.sender_online = sender_online
        self.answered = answered
        self.rich = rich
        self.failed = failed
        self.sizes = sizes


NOTHING = LookedUp(sender_online=False)
ONLINE = LookedUp(sender_online=True)
FAILED = LookedUp(sender_online=False, failed=True)


class Intake:
    """Hands every message to ``judge`` together with what ``look_up`` found for it.

    ``overflow`` gets a message that came while too many of its sender's were waiting, ``failed`` one whose handling
    raised: it costs nobody else's, and none that waits behind it (R2), and its sender hears of it (R5).
    """

    def __init__(
        self,
        look_up: Callable[[Incoming], LookedUp | Awaitable[LookedUp]],
        judge: Callable[[Incoming, LookedUp], None],
        overflow: Callable[[Incoming], None],
        failed: Callable[[Incoming], None],
        tasks: BackgroundTasks,
    ) -> None:
        self._look_up = look_up
        self._judge = judge
        self._overflow = overflow
        self._failed = failed
        self._failures = ThrottledLog(log, logging.ERROR)
        bounds = QueueBounds(longest=LONGEST_QUEUE)
        self._queue: KeyedQueue[str] = KeyedQueue(tasks, "looking something up for a message", bounds, eager=True)

    def receive(self, message: Incoming) -> None:
        account = message.route.account
        if account not in self._queue.unfinished:
            rest = self._begin(message)
            if rest is not None:
                self._queue.put(account, lambda: rest)
        elif not self._queue.put(account, partial(self._begin, message)):
            self._overflow(message)

    async def judged(self) -> None:
        """Wait until nothing waits any more."""
        while self._queue.unfinished:
            await self._queue.settled()

    def _begin(self, message: Incoming) -> Coroutine[Any, Any, None] | None:
        try:
            found = self._look_up(message)
            if not isinstance(found, LookedUp):
                return self._wait(message, found)
            self._judge(message, found)
        except Exception as problem:
            self._fail(message, problem)
        return None

    async def _wait(self, message: Incoming, missing: Awaitable[LookedUp]) -> None:
        try:
            self._judge(message, await missing)
        except Exception as problem:
            self._fail(message, problem)

    def _fail(self, message: Incoming, problem: Exception) -> None:
        self._failures(
            "a message from %s to %s could not be handled and was refused: %s",
            *(message.route.account, message.route.address, type(problem).__name__),
            exc_info=True,
        )
        self._failed(message)


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
        if message.route.world is not self._state.world:  # a reload came while the message waited for others
            message.route = message.route.now(self._state.world)
        sender, people, conversations = message.route.sender, message.route.people, self._state.conversations
        if sender is None or message.over_rate:
            return NOTHING
        if (
            not (message.sender_online or self._is_confirmed(sender.account))
            or not _LOOKED_INTO.isdisjoint(message.facts.features)
            or (people is not None and people.joined and people.conversation_key not in conversations.going_on)
            or (people is not None and self._state.sessions.leaving(people.receiver.account))  # or back in a moment
        ):
            return self._look_up(message, sender, message.route.receiver)
        return ONLINE

    async def _look_up(self, message: Incoming, sender: Party, receiver: Party | None) -> LookedUp:
        try:
            online = message.sender_online or self._is_confirmed(sender.account)
            online = online or await self._has_session(sender.account, message.route.resource)
            if receiver is not None:
                await self._certain(receiver)
            answered = None if receiver is None else await self._answered(message, sender, receiver)
        except (EjabberdApiError, StoreError) as problem:
            log.warning("a look-up failed, so a message from %s is refused: %s", sender.account, problem)
            return FAILED
        return LookedUp(online, answered, await self._rich(message, sender), sizes=await self._sizes(message, sender))

    # Is the sender logged in?

    def _is_confirmed(self, account: str) -> bool:
        """M8. Who does not show it may be connected all the same, which ejabberd knows and has said a moment ago."""
        return self._confirmed.get(account, 0) > time.monotonic()

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


MOST_ANNOUNCED = 2_000
MOST_ANNOUNCED_CHARS = 4_000


class Announced:
    """What Work users lately said of files, for the messages that say more of them (XEP-0447 §3.3).

    Some clients tell of a file first, and send its address once it is uploaded. Others send a message with several
    files, and then the address of each one again, for old clients.

    Bounded, and forgotten by a restart: then a file goes by the name in its address, or is told of twice.
    """

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, str, str], tuple[File, ...]] = OrderedDict()

    def remember(self, message: Incoming) -> None:
        """Note what a message that was not refused says of files."""
        id = message.facts.origin_id or message.element.get("id") or ""
        files = described(message.facts)
        chars = len(id) + sum(len(file.name) + len(file.description) + sum(map(len, file.keys)) for file in files)
        if not id or chars > MOST_ANNOUNCED_CHARS:
            return
        self._said[message.route.account, message.route.address, id] = files
        if len(self._said) > MOST_ANNOUNCED:
            self._said.popitem(last=False)

    def before(self, message: Incoming) -> tuple[File, ...]:
        """What the sender said of files in the message that this one adds to."""
        target = message.element.find(ATTACH_TO)
        id = "" if target is None else target.get("id", "")
        return self._said.get((message.route.account, message.route.address, id), ())
