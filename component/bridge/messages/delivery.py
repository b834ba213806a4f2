"""From the archive to the receiver: what is on disk is sent, and counts as delivered once ejabberd has routed it (A5).

How it works: messages are sent in the order of their ids, so a few ids say all about millions of messages. From the
highest to the lowest:

* ``_written``: up to here ejabberd may have been sent messages, by this process or an earlier one.
* ``_sent``: up to here all were sent on this stream, or need not be. It falls back to the next mark when the stream is
  lost.
* The store's ``delivered_up_to``: a barrier that was sent behind these has come back, the bounces before it have been
  dealt with (their messages are withdrawn and their senders told), and copies for others are out.
* The store's ``settled_up_to``: these were routed so long ago that ejabberd's own archives have them on disk.

What is on disk above ``delivered_up_to`` is sent again after a crash or a lost stream, under the same ids, by which
clients know it. So a message may be sent twice and is never lost. `Undelivered` does that, while messages that are
archived meanwhile wait (``catch_up``); then they follow, and from then on each is sent as soon as it is on disk
(``open``). Without a stream nothing is sent and nothing is kept in memory: it is on disk (``shut``).

The mark rises by one barrier after the other (``tick``), never by one a message.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from component.background_tasks import BackgroundTasks
from component.store.api import DeliveredUpTo, Store, StoreError

from ..keyed_queue import KeyedQueue
from ..stream.connection import Connection, Disconnected

log = logging.getLogger(__name__)

LATELY_SECONDS = 30.0
"""A Work user's session archives what it gets one by one, and loses what it has not come to when ejabberd stops.
Under load that is a second's worth. After this time it is sure to have come to it."""

LATELY_STEP = 0.1
"""Seconds in which ids rise, so that the first of them stands for all."""

ROOM_BYTES = 4096
"""For what is added to a message that goes out late."""

PAUSE_SECONDS = 0.02
"""Between two barriers. At a thousand messages a second, one for each message would cost more than the message."""


class Delivery:
    """Sends archived messages in the order of their ids.

    Shut, while there is no stream: nothing is sent, the messages stay on disk. Catching up, when there is one
    again: what is on disk is sent by whoever calls ``resend``, and what is archived meanwhile waits for ``open``.
    ``too_large`` is told of messages that ejabberd would not take. ``returning`` are the tasks that deal with these and
    with bounces, ``copying`` is the queue of copies for others: a message is delivered when all that is done.
    """

    def __init__(
        self,
        link: Connection,
        store: Store,
        too_large: Callable[[int], None],
        returning: BackgroundTasks,
        copying: KeyedQueue[int],
    ) -> None:
        self.takes = partial(link.fits, room=ROOM_BYTES)
        """Whether the text of a message can be sent, now and late. One that cannot is not to be archived."""
        self._link = link
        self._store = store
        self._too_large = too_large
        self._returning = returning
        self._copying = copying
        self._is_open = False
        self._waiting: list[tuple[int, str, Callable[[], None] | None]] = []
        self._sent = store.delivered_up_to
        self._written = store.last_message_id  # by an earlier process, for all we know
        self._lately: deque[tuple[float, int]] = deque()
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Messages that are on disk, or nearly, and not sent."""
        return len(self._waiting)

    @property
    def unconfirmed(self) -> int:
        """Messages that were sent and not ticked off yet, as their ids have it."""
        return max(0, self._sent - self._store.delivered_up_to)

    def send(self, id: int, text: str, copy: Callable[[], None] | None) -> None:
        """Send the archived message ``id``, now or when open; then ``copy``."""
        if self._is_open:
            self.resend(id, text)
            if copy:
                copy()
        else:
            self._waiting.append((id, text, copy))

    def may_be_out(self, id: int) -> bool:
        """Whether ejabberd may have been sent the message ``id``, by this process or one before."""
        return id <= self._written

    def resend(self, id: int, text: str) -> None:
        """Send it even while not open: for what is recovered."""
        self._written = max(self._written, id)
        if not self._link.try_send(text):
            self._too_large(id)
        self.skip(id)

    def skip(self, id: int) -> None:
        """There is nothing more to do for the message ``id``."""
        if id > self._sent:
            self._sent = id
        now = time.monotonic()
        if not self._lately or now - self._lately[-1][0] > LATELY_STEP:
            self._lately.append((now, id))
        self._news.set()

    # A stream comes and goes

    def shut(self) -> None:
        """The stream is lost. What it was not known to have routed has to be sent again."""
        self._is_open = False
        self._sent = self._store.delivered_up_to

    async def catch_up(self) -> int:
        """Begin to catch up. Raises ``StoreError``. What comes after the id returned is not known to be routed."""
        await self._store.submit()
        # All that waited is on disk now, where it will be found.
        self._waiting.clear()
        self._sent = self._store.delivered_up_to
        return self._sent

    def open(self) -> None:
        """All that is on disk has been sent or skipped, except what came while that was read."""
        self._is_open = True
        waiting, self._waiting = self._waiting, []
        for id, text, copy in waiting:
            if id > self._sent:
                self.resend(id, text)
                if copy:
                    copy()

    # Ticking off

    async def run(self) -> None:
        """Tick off what ejabberd has routed, one barrier at a time, until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            self._news.clear()
            try:
                await self.tick()
            except Disconnected:
                continue
            except StoreError as problem:
                log.warning("the delivery mark could not be written (messages may be sent again): %s", problem)

    async def tick(self) -> None:
        """Note on disk that all that was sent so far is delivered. Raises ``Disconnected`` or ``StoreError``."""
        sent, settled = self._sent, self._settled()
        await self._link.barrier()
        # A bounce comes before the barrier. Were the message ticked off before it is withdrawn and its sender is
        # told, a crash in between would make it count as delivered (A5).
        while self._returning.running:
            await self._returning.settled()
            await self._link.barrier()
        if self._copying.unfinished or self._copying.late:
            await self._copying.settled()
            await self._link.barrier()
        if sent > self._store.delivered_up_to:
            await self._store.submit(DeliveredUpTo(sent, settled))

    def _settled(self) -> int:
        """What came up to this id was sent so long ago that ejabberd has it on disk. Nothing new is, until all that an
        ejabberd may have lost has been sent again."""
        if not self._is_open:
            return 0
        long_ago = time.monotonic() - LATELY_SECONDS - LATELY_STEP
        while self._lately and self._lately[0][0] < long_ago:
            self._lately.popleft()
        return self._lately[0][1] - 1 if self._lately else self._sent
