"""R2, R6: what waits its turn does so in order for each key, fairly, and within bounds. No server."""

import asyncio
import itertools
import logging
from dataclasses import replace
from functools import partial

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.keyed_queue import JOBS_A_TURN, KeyedQueue, QueueBounds

ONE = QueueBounds(at_once_each=1, at_once=100, longest=100, size_each=1_000, size_in_all=10_000)


class Work:
    """Jobs that say what was done, in ``done``; those that are slow wait for ``go_on``."""

    def __init__(self, bounds: QueueBounds = ONE, *, eager: bool = False) -> None:
        self.queue: KeyedQueue[str] = KeyedQueue(BackgroundTasks(), "working", bounds, eager=eager)
        self.done: list[str] = []
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def quick(self, key: str, name: str, size: int = 1) -> bool:
        return self.queue.put(key, partial(self.done.append, name), size)

    def slow(self, key: str, name: str, size: int = 1) -> bool:
        return self.queue.put(key, partial(self._wait, name), size)

    async def _wait(self, name: str) -> None:
        self.begun.append(name)
        self.gates[name] = asyncio.Event()
        try:
            await self.gates[name].wait()
        except asyncio.CancelledError:
            self.done.append(f"{name} cancelled")
            raise
        self.done.append(name)

    async def go_on(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
        await turns()


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class TestOrder:
    async def test_one_after_the_other(self) -> None:
        """One that is quick waits for the slow one before it, of the same key only."""
        work = Work()
        work.slow("a", "a1")
        work.quick("a", "a2")
        work.quick("b", "b1")
        await turns()
        assert work.done == ["b1"]
        await work.go_on("a1")
        assert work.done == ["b1", "a1", "a2"]
        assert len(work.queue) == 0

    async def test_several_at_once(self) -> None:
        work = Work(replace(ONE, at_once_each=2))
        for name in ("a1", "a2", "a3"):
            work.slow("a", name)
        await turns()
        assert work.begun == ["a1", "a2"]
        await work.go_on("a2")
        assert work.begun == ["a1", "a2", "a3"]
        await work.go_on("a1", "a3")
        assert work.done == ["a2", "a1", "a3"]

    async def test_not_too_many_of_all_keys(self) -> None:
        work = Work(replace(ONE, at_once=2))
        for key in "abc":
            work.slow(key, key)
        await turns()
        assert work.begun == ["a", "b"]
        await work.go_on("b")
        assert work.begun == ["a", "b", "c"]

    async def test_nothing_begins_while_it_is_put(self) -> None:
        """Whoever puts something here is in the middle of something."""
        work = Work()
        work.quick("a", "a1")
        assert work.done == []
        await turns()
        assert work.done == ["a1"]


class TestFairness:
    async def test_keys_take_turns(self) -> None:
        work = Work(replace(ONE, at_once_each=4))
        for number in range(6):
            work.quick("a", f"a{number}")
        work.quick("b", "b0")
        work.quick("c", "c0")
        await turns()
        assert work.done[:4] == ["a0", "b0", "c0", "a1"]
        assert len(work.done) == 8

    async def test_the_loop_goes_on(self) -> None:
        """However much is waiting, everything else gets its turn after a few."""
        work = Work()
        seen: list[int] = []
        for number in range(100):
            assert work.quick("a", str(number))
        asyncio.get_running_loop().call_soon(lambda: seen.append(len(work.done)))
        while len(work.done) < 100:
            seen.append(len(work.done))
            await asyncio.sleep(0)
        assert max(after - before for before, after in itertools.pairwise(seen)) <= JOBS_A_TURN


class TestBounds:
    async def test_number_and_size_of_one_key(self) -> None:
        work = Work(replace(ONE, longest=2, size_each=10))
        assert work.slow("a", "a1", size=10)
        await turns()  # what is under way does not wait any more
        assert work.quick("a", "a2", size=6)
        assert not work.quick("a", "too large", size=5)
        assert work.quick("a", "a3", size=4)
        assert not work.quick("a", "too many", size=0)
        assert work.quick("b", "b1", size=10)
        await work.go_on("a1")
        assert work.done == ["b1", "a1", "a2", "a3"]
        assert work.quick("a", "there is room again", size=10)

    async def test_size_in_all(self) -> None:
        work = Work(replace(ONE, size_in_all=10))
        assert work.quick("a", "a1", size=6)
        assert not work.quick("b", "b1", size=5)
        await turns()
        assert work.quick("b", "b2", size=10)


class TestTrouble:
    @pytest.mark.parametrize("late", [False, True])
    async def test_a_failure_is_logged_and_passed_over(self, late: bool, caplog: pytest.LogCaptureFixture) -> None:
        async def fail() -> None:
            raise RuntimeError("broken")

        def fail_at_once() -> None:
            raise RuntimeError("broken")

        work = Work()
        with caplog.at_level(logging.ERROR):
            work.queue.put("a", fail if late else fail_at_once, 1)
            work.quick("a", "a2")
            await turns()
        assert work.done == ["a2"]
        assert "broken" in caplog.text

    async def test_held(self) -> None:
        """What waits goes on waiting; what is under way comes to its end."""
        work = Work()
        work.slow("a", "a1")
        await turns()
        work.quick("a", "a2")
        work.queue.hold()
        await work.go_on("a1")
        work.quick("b", "b1")
        await turns()
        assert work.done == ["a1"]
        work.queue.resume()
        await turns()
        assert work.done == ["a1", "a2", "b1"]

    async def test_the_end(self) -> None:
        work = Work()
        work.slow("a", "a1")
        work.quick("b", "b1")
        work.queue.hold()
        ending = asyncio.create_task(work.queue.finish(60))
        await turns()
        assert not ending.done()
        await work.go_on("a1")
        await ending
        assert work.done == ["b1", "a1"]

    async def test_an_end_that_takes_too_long(self) -> None:
        work = Work()
        work.slow("a", "a1")
        work.quick("a", "a2")
        await turns()
        await work.queue.finish(0)
        assert work.done == ["a1 cancelled", "a2"]
        assert len(work.queue) == 0


class TestEager:
    """Jobs that begin while they are put, if no others of their key are ahead of them."""

    async def test_at_once_where_nothing_is_ahead(self) -> None:
        work = Work(eager=True)
        work.quick("a", "a1")
        assert work.done == ["a1"]
        work.slow("a", "a2")
        work.quick("a", "a3")
        work.quick("b", "b1")
        assert work.done == ["a1", "b1"]
        assert set(work.queue.unfinished) == {"a"}
        await turns()
        await work.go_on("a2")
        assert work.done == ["a1", "b1", "a2", "a3"]
        assert not work.queue.unfinished

    async def test_no_more_wait_than_may(self) -> None:
        work = Work(QueueBounds(longest=1), eager=True)
        assert work.slow("a", "a1")
        assert work.quick("a", "a2")
        assert not work.quick("a", "too many")
        assert work.quick("b", "b1")

    async def test_whoever_needs_it_waits_for_all_that_was_put(self) -> None:
        """Also for those behind; and is told whether anything was not done at once."""
        work = Work(eager=True)
        work.quick("a", "a1")
        assert not await work.queue.settled()
        work.slow("a", "a2")
        work.slow("b", "b1")
        work.quick("a", "a3")
        settled = asyncio.create_task(work.queue.settled())
        await turns()
        await work.go_on("a2")
        assert not settled.done()
        await work.go_on("b1")
        assert await settled
        assert work.done == ["a1", "a2", "a3", "b1"]
        assert not await work.queue.settled()

    async def test_one_that_ended_before_anybody_waited(self) -> None:
        work = Work(eager=True)
        work.slow("a", "a1")
        await turns()
        await work.go_on("a1")
        assert await work.queue.settled()

    async def test_everything_is_forgotten(self) -> None:
        """What is put afterwards does not wait for what was cancelled."""
        work = Work(eager=True)
        work.slow("a", "a1")
        work.quick("a", "a2")
        await turns()
        settled = asyncio.create_task(work.queue.settled())
        await turns()
        work.queue.clear()
        work.quick("a", "a3")
        await settled
        await turns()
        assert work.done == ["a3", "a1 cancelled"]
        assert len(work.queue) == 0


class TestHastened:
    async def test_before_the_others(self) -> None:
        work = Work()
        for key in "abcd":
            work.quick(key, key)
        work.queue.hasten("c")
        work.queue.hasten("nobody")
        await turns()
        assert work.done == ["c", "a", "b", "d"]

    async def test_once_its_key_has_a_turn_again(self) -> None:
        work = Work(replace(ONE, at_once=1))
        work.slow("a", "a1")
        await turns()
        assert not work.queue.waits("a")
        work.quick("b", "b1")
        work.quick("a", "a2")
        assert work.queue.waits("a")
        work.queue.hasten("a")
        await work.go_on("a1")
        assert work.done == ["a1", "a2", "b1"]
