"""Messages as they come from ejabberd: who sent them to whom, and what has to be looked up first.

What can be decided at once is, in the order in which ejabberd sent it. A message that needs a look-up waits
for it, and so do the later ones of the same sender, nobody else's.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import final
from xml.etree.ElementTree import Element

from component.directory.world import World
from component.model import Party
from component.outgoing.compose import NO_SIZES, Answered
from component.policy.classify import Facts, classify
from component.richtext.rendered import Rendered

from ..seldom import Seldom
from ..state.message_routes import Route, Routes

log = logging.getLogger(__name__)

LONGEST_LINE = 100
"""So many messages of one sender may wait for a look-up."""


@final
class Incoming:
    """A message, what it carries, and who wrote it to whom when it came.

    ``sender_online`` tells that its sender was known to be logged in then (M8): what a client said before it closed
    counts.
    """

    def __init__(
        self, element: Element, facts: Facts, route: Route, over_rate: bool = False, sender_online: bool = False
    ) -> None:
        self.element = element
        self.facts = facts
        self.route = route
        self.over_rate = over_rate
        self.sender_online = sender_online

    @property
    def account(self) -> str:
        """The sender's, bare."""
        return self.route.account

    @property
    def resource(self) -> str:
        """The sender's."""
        return self.route.resource

    @property
    def address(self) -> str:
        """Bare, that of the face, or of the service."""
        return self.route.address

    @property
    def sender_address(self) -> str:
        return f"{self.account}/{self.resource}" if self.resource else self.account

    @property
    def to_service(self) -> bool:
        return "@" not in self.address

    def parties(self, world: World) -> tuple[Party | None, Party | None]:
        """Sender and receiver as the directory is now, see `Route`."""
        route = self.route.now(world)
        return route.sender, route.receiver


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


def read(
    element: Element,
    routes: Routes,
    world: World,
    over_rate: Callable[[str], bool],
    online: Callable[[str], bool],
) -> Incoming | None:
    """None for a stanza whose addresses are none. ``over_rate`` and ``online`` are asked for the sender's bare
    address."""
    route = routes.find(world, element.get("from", ""), element.get("to", ""))
    if route is None:
        return None
    return Incoming(element, classify(element), route, over_rate(route.account), online(route.account))


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
        self._failures = Seldom(log, logging.ERROR)
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
