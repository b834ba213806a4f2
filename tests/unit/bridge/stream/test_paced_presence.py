"""Presence to many watchers: chat gets in between, the newest counts, and little is on its way (R2)."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.background_tasks import BackgroundTasks
from component.bridge.stream.connection import Disconnected
from component.bridge.stream.paced_presence import LANES, SLICE, Broadcasts
from component.policy.shown_presence import Seen
from component.xep.presence_stanzas import PresenceText

ALICE, BOB = "alice@agents.acme.test", "bob@directory.acme.test"
MOST = (LANES + 1) * SLICE
"""Under way at a time: a slice in each lane, and what went past the lanes."""

CROWD = [f"a{number}@cc.acme.test" for number in range(10 * SLICE)]


def status(number: int, face: str = ALICE) -> PresenceText:
    return PresenceText(face, Seen(True, "dnd", str(number)))


class Ejabberd:
    """Takes stanzas, and routes them when it is told to. ``told`` has the numbers of statuses by face and watcher."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.most = 0
        self.stream_is_up = True
        self._barriers: list[tuple[int, asyncio.Future[None]]] = []
        self._sent = self._routed = 0
        self.broadcasts = Broadcasts(self._take, self._barrier, BackgroundTasks())

    def _take(self, stanza: str) -> None:
        self._sent += 1
        self.most = max(self.most, self._sent - self._routed)
        [(face, receiver)] = re.findall(r'from="(.+)/deskbridge" to="(.+?)"', stanza)
        self.told[face, receiver] += map(int, re.findall(r"<status>(\d+)<", stanza))

    async def _barrier(self) -> None:
        if not self.stream_is_up:
            raise Disconnected
        done = asyncio.get_running_loop().create_future()
        self._barriers.append((self._sent, done))
        await done

    async def route(self) -> None:
        """The oldest barrier comes back."""
        await settled()
        if self._barriers:
            self._routed, done = self._barriers.pop(0)
            done.set_result(None)
            await settled()

    async def route_all(self) -> None:
        await self.route()
        while self._barriers:
            await self.route()

    def lose(self) -> None:
        self.stream_is_up = False
        for _, done in self._barriers:
            done.set_exception(Disconnected())
        self._barriers.clear()
        self.broadcasts.drop()

    @property
    def sent(self) -> int:
        return self._sent


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def ejabberd() -> Ejabberd:
    return Ejabberd()


async def test_a_small_audience_is_told_at_once(ejabberd: Ejabberd) -> None:
    ejabberd.broadcasts.tell(ALICE, CROWD[:SLICE], status(1))
    assert ejabberd.sent == SLICE


async def test_a_large_one_a_few_slices_at_a_time(ejabberd: Ejabberd) -> None:
    """A message that is sent now waits for no more than these."""
    ejabberd.broadcasts.tell(ALICE, CROWD, status(1))
    await settled()
    for slices in range(LANES, len(CROWD) // SLICE + 1):
        assert ejabberd.sent == slices * SLICE
        await ejabberd.route()
    await ejabberd.route_all()
    assert ejabberd.told == {(ALICE, watcher): [1] for watcher in CROWD}


async def test_many_small_ones_too(ejabberd: Ejabberd) -> None:
    """A whole floor that logs out in one moment."""
    faces = [f"b{number}@agents.acme.test" for number in range(50)]
    for face in faces:
        ejabberd.broadcasts.tell(face, CROWD[:10], status(1, face))
    await settled()
    assert ejabberd.most <= MOST
    await ejabberd.route_all()
    assert ejabberd.told == {(face, watcher): [1] for face in faces for watcher in CROWD[:10]}


async def test_a_small_one_does_not_wait_for_a_large_one(ejabberd: Ejabberd) -> None:
    ejabberd.broadcasts.tell(ALICE, CROWD, status(1))
    await settled()
    ejabberd.broadcasts.tell(BOB, CROWD[:3], status(1, BOB))
    await ejabberd.route()
    await ejabberd.route()
    assert all(ejabberd.told[BOB, watcher] == [1] for watcher in CROWD[:3])


async def test_the_newest_takes_the_place_of_what_is_held_back(ejabberd: Ejabberd) -> None:
    for number in range(100):
        ejabberd.broadcasts.tell(ALICE, CROWD, status(number))
    await ejabberd.route_all()
    assert ejabberd.told == {(ALICE, watcher): [99] for watcher in CROWD}


async def test_who_asks_meanwhile_is_told_the_newest_and_nothing_older_after(ejabberd: Ejabberd) -> None:
    ejabberd.broadcasts.tell(ALICE, CROWD, status(1))
    for watcher in CROWD:
        ejabberd.broadcasts.answer(ALICE, f"{watcher}/phone", status(2))
    await ejabberd.route_all()
    assert all(ejabberd.told[ALICE, f"{watcher}/phone"] == [2] for watcher in CROWD)
    assert all(ejabberd.told[ALICE, watcher] == [2] for watcher in CROWD)


async def test_nothing_is_left_of_a_lost_stream(ejabberd: Ejabberd) -> None:
    """P6: who is logged in is found out anew, and then all is told anew."""
    ejabberd.broadcasts.tell(ALICE, CROWD, status(1))
    await settled()
    waiting = asyncio.create_task(ejabberd.broadcasts.routed())
    await settled()
    ejabberd.lose()
    with pytest.raises(Disconnected):
        await waiting
    assert ejabberd.sent == LANES * SLICE
    ejabberd.stream_is_up = True
    ejabberd.broadcasts.tell(ALICE, CROWD, status(2))
    await ejabberd.route_all()
    assert all(ejabberd.told[ALICE, watcher][-1] == 2 for watcher in CROWD)


async def test_waiting_lasts_until_all_is_routed(ejabberd: Ejabberd) -> None:
    ejabberd.broadcasts.tell(ALICE, CROWD, status(1))
    waiting = asyncio.create_task(ejabberd.broadcasts.routed())
    await settled()
    while ejabberd.sent < len(CROWD):
        assert not waiting.done()
        await ejabberd.route()
    assert not waiting.done()
    await ejabberd.route_all()
    assert waiting.done()


@given(
    st.lists(
        st.tuples(st.sampled_from(("tell", "answer", "route")), st.sampled_from((ALICE, BOB)), st.integers(0, 60)),
        max_size=40,
    )
)
def test_nobody_is_told_anything_older_after_anything_newer(steps: Iterable[tuple[str, str, int]]) -> None:
    async def play() -> None:
        ejabberd = Ejabberd()
        newest: dict[tuple[str, str], int] = {}
        answers = 0
        for number, (what, face, count) in enumerate(steps):
            match what:
                case "tell":
                    ejabberd.broadcasts.tell(face, CROWD[:count], status(number, face))
                    newest |= {(face, watcher): number for watcher in CROWD[:count]}
                case "answer":
                    ejabberd.broadcasts.answer(face, CROWD[count], status(number, face))
                    newest[face, CROWD[count]] = number
                    answers += 1
                case "route":
                    await ejabberd.route()
        await ejabberd.route_all()
        assert {pair: told[-1] for pair, told in ejabberd.told.items()} == newest
        assert all(told == sorted(told) for told in ejabberd.told.values())
        assert ejabberd.most <= MOST + answers

    asyncio.run(play())


async def test_a_barrier_that_never_came_back_holds_up_nothing_else() -> None:
    """ejabberd was busy for longer than anybody waits, and the stream is still there."""
    sent: list[str] = []

    async def barrier() -> None:
        raise Disconnected

    Broadcasts(sent.append, barrier, BackgroundTasks()).tell(ALICE, CROWD, status(1))
    await settled()
    assert len(sent) == len(CROWD)
