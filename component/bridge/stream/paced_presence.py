"""Presence on its way to many watchers, so that chat gets through in between (R2).

ejabberd has one reader for our stream, which routes what it reads one by one: a message that is sent behind a thousand
presences waits for all of them. So few are under way at a time, and what is held back is the newest of each face.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection

from component.background_tasks import BackgroundTasks
from component.xep.presence_stanzas import PresenceText

from .connection import Disconnected

SLICE = 20
"""Presences sent before ejabberd has to have routed them."""

LANES = 2
"""Slices under way at a time: ejabberd has the next one while the barrier behind the first comes back."""


class Broadcasts:
    """``send`` takes stanza text; ``barrier`` waits until ejabberd has routed what was sent.

    For each face and watcher at most one presence is held back. What comes later takes its place, so nobody is told
    anything older after anything newer. Faces take turns: a small audience does not wait for a large one.
    """

    def __init__(
        self, send: Callable[[str], None], barrier: Callable[[], Awaitable[None]], tasks: BackgroundTasks
    ) -> None:
        self._send = send
        self._barrier = barrier
        self._held: OrderedDict[str, dict[str, PresenceText]] = OrderedDict()  # by face and watcher
        self._lanes = tasks.part()
        self._at_once = 0  # how many went past the lanes since the last barrier

    def tell(self, face: str, watchers: Collection[str], text: PresenceText) -> None:
        """Send what a face shows now to these bare addresses: at once if they are few, else slice by slice."""
        if not watchers:
            return
        if not self._held and self._at_once + len(watchers) <= SLICE:
            self._at_once += len(watchers)
            for watcher in watchers:
                self._send(text.to(watcher))
            return
        self._held.setdefault(face, {}).update(dict.fromkeys(watchers, text))
        while len(self._lanes) < LANES:
            self._lanes.start(self._lane(), "telling watchers of a face's presence")

    def answer(self, face: str, receiver: str, text: PresenceText) -> None:
        """Send what a face shows now to one client, or to all of an account, who asked for it."""
        self._send(text.to(receiver))
        watcher = receiver.partition("/")[0]
        of_face = self._held.get(face, {})
        if watcher in of_face:  # the other clients still have to be told, and this one nothing older
            of_face[watcher] = text

    async def routed(self) -> None:
        """Wait until ejabberd has routed all that was told so far. Raises ``Disconnected``."""
        while await self._lanes.settled():
            pass
        await self._barrier()

    def drop(self) -> None:
        """The stream is lost. Who is logged in is found out anew, and then all is told anew."""
        self._held.clear()
        self._at_once = 0

    async def _lane(self) -> None:
        while stanzas := self._next_slice():
            for stanza in stanzas:
                self._send(stanza)
            self._at_once = 0  # whatever went past the lanes is before this barrier
            with contextlib.suppress(Disconnected):  # then nothing is held back any more
                await self._barrier()

    def _next_slice(self) -> list[str]:
        stanzas: list[str] = []
        while self._held and len(stanzas) < SLICE:
            face, of_face = self._held.popitem(last=False)
            while of_face and len(stanzas) < SLICE:
                watcher, text = of_face.popitem()
                stanzas.append(text.to(watcher))
            if of_face:
                self._held[face] = of_face
        return stanzas
