"""What has to be looked up for a message before it is judged.

What can be decided at once is, in the order in which ejabberd sent it. A message that needs a look-up waits
for it, and so do the later ones of the same sender, nobody else's.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import final

from component.outgoing.compose import NO_SIZES, Answered
from component.richtext.rendered import Rendered

from ..incoming import Incoming
from ..throttled_log import ThrottledLog

log = logging.getLogger(__name__)

LONGEST_LINE = 100
"""So many messages of one sender may wait for a look-up."""


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
    ) -> None:
        self._look_up = look_up
        self._judge = judge
        self._overflow = overflow
        self._failed = failed
        self._failures = ThrottledLog(log, logging.ERROR)
        self._lines: dict[str, deque[Incoming]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, message: Incoming) -> None:
        line = self._lines.get(message.account)
        if line is None:
            self._begin(message)
        elif len(line) < LONGEST_LINE:
            line.append(message)
        else:
            self._overflow(message)

    async def judged(self) -> None:
        """Wait until nothing waits any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, message: Incoming) -> None:
        try:
            found = self._look_up(message)
            if isinstance(found, LookedUp):
                self._judge(message, found)
                return
        except Exception as problem:
            self._fail(message, problem)
            return
        self._lines[message.account] = deque()
        task = asyncio.ensure_future(self._wait(message, found))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait(self, message: Incoming, missing: Awaitable[LookedUp]) -> None:
        try:
            self._judge(message, await missing)
        except Exception as problem:
            self._fail(message, problem)
        # The next one may have to wait again: then the rest lines up behind it.
        for later in self._lines.pop(message.account):
            self.receive(later)

    def _fail(self, message: Incoming, problem: Exception) -> None:
        self._failures(
            "a message from %s to %s could not be handled and was refused: %s",
            *(message.account, message.address, type(problem).__name__),
            exc_info=True,
        )
        self._failed(message)
