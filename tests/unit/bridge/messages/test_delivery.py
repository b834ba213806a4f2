"""A5: a message counts as delivered when nothing that belongs to it is still to be done. No server."""

import asyncio
from typing import Any

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.keyed_queue import KeyedQueue
from component.bridge.messages.delivery import Delivery
from component.store.api import DeliveredUpTo


class Link:
    """Takes everything; each barrier comes back when the test says so."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.barriers: list[asyncio.Future[None]] = []

    def fits(self, text: str, room: int = 0) -> bool:
        return True

    def try_send(self, text: str) -> bool:
        self.sent.append(text)
        return True

    def barrier(self) -> asyncio.Future[None]:
        self.barriers.append(asyncio.get_running_loop().create_future())
        return self.barriers[-1]


class Store:
    delivered_up_to = 0
    last_message_id = 0

    async def submit(self, *changes: DeliveredUpTo) -> None:
        for change in changes:
            self.delivered_up_to = change.id


class Scene:
    """A delivery that is open, and one message that it has sent."""

    def __init__(self) -> None:
        self.link, self.store, self.returning = Link(), Store(), BackgroundTasks()
        self.copying: KeyedQueue[int] = KeyedQueue(BackgroundTasks(), "copying", eager=True)
        link: Any = self.link
        store: Any = self.store
        self.delivery = Delivery(link, store, lambda id: None, self.returning, self.copying)
        self.delivery.open()
        self.delivery.send(1, "one", None)

    async def routed(self) -> None:
        """The last barrier comes back; whatever follows from that has happened."""
        self.link.barriers[-1].set_result(None)
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_after_a_barrier(scene: Scene) -> None:
    ticking = asyncio.create_task(scene.delivery.tick())
    await settle()
    assert (len(scene.link.barriers), scene.store.delivered_up_to) == (1, 0)
    await scene.routed()
    await ticking
    assert scene.store.delivered_up_to == 1


async def test_not_before_what_came_back_is_dealt_with_and_that_is_routed(scene: Scene) -> None:
    done = asyncio.Event()
    scene.returning.start(done.wait(), "dealing with a bounce")
    ticking = asyncio.create_task(scene.delivery.tick())
    await settle()
    await scene.routed()
    assert (len(scene.link.barriers), scene.store.delivered_up_to) == (1, 0)
    done.set()
    await settle()
    assert (len(scene.link.barriers), scene.store.delivered_up_to) == (2, 0)
    await scene.routed()
    await ticking
    assert scene.store.delivered_up_to == 1


async def test_not_before_copies_that_were_late_are_routed(scene: Scene) -> None:
    """Also if the copy is sent between the barrier and its return."""
    done = asyncio.Event()

    async def copy() -> None:
        await done.wait()

    scene.copying.put(1, copy)
    ticking = asyncio.create_task(scene.delivery.tick())
    await settle()
    done.set()
    await settle()
    await scene.routed()
    assert (len(scene.link.barriers), scene.store.delivered_up_to) == (2, 0)
    await scene.routed()
    await ticking
    assert scene.store.delivered_up_to == 1


async def test_what_is_sent_meanwhile_waits_for_the_next_barrier(scene: Scene) -> None:
    ticking = asyncio.create_task(scene.delivery.tick())
    await settle()
    scene.delivery.send(2, "two", None)
    await scene.routed()
    await ticking
    assert (scene.store.delivered_up_to, scene.delivery.unconfirmed) == (1, 1)


async def test_a_lost_stream_takes_back_what_was_not_known_to_be_routed(scene: Scene) -> None:
    scene.delivery.shut()
    scene.delivery.send(2, "two", None)
    assert scene.link.sent == ["one"]
    assert scene.delivery.unconfirmed == 0 and scene.delivery.waiting == 1
    assert scene.delivery.may_be_out(1) and not scene.delivery.may_be_out(2)
