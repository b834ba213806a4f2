"""How the work on lists goes on when calls fail, and when users keep it busy (D2, R2, R3)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.roster import roster as module
from component.bridge.roster.roster import Rosters
from component.bridge.roster.roster_sync import Wishes
from component.bridge.state.sessions import Sessions
from component.ejabberd.ejabberd_api import EjabberdApiError
from tests.support.people import ALICE, BOB, CAROL

Problem = Callable[[str], Exception | None]


class Keeper:
    """Notes whose list is looked through, with which wishes. ``problem`` is what keeps it from one."""

    def __init__(self) -> None:
        self.looks: list[tuple[str, Wishes]] = []
        self.problem: Problem = lambda account: None

    async def mend(self, account: str, wishes: Wishes) -> int:
        self.looks.append((account, wishes))
        await asyncio.sleep(0)
        if problem := self.problem(account):
            raise problem
        return 1

    def of(self, account: str) -> list[Wishes]:
        return [wishes for looked, wishes in self.looks if looked == account]


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
async def contacts(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rosters]:
    """At work on the lists of Alice, Bob and Carol."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(module, "FIRST_DELAY", 0.02)
    world = SimpleNamespace(everybody=lambda: [ALICE, BOB, CAROL])
    async with BackgroundTasks() as tasks:
        contacts = Rosters(keeper, SimpleNamespace(world=world, sessions=Sessions()), tasks)
        contacts.look_at_all()
        yield contacts


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_all_are_looked_through_and_then_it_rests(contacts: Rosters, keeper: Keeper) -> None:
    await until(lambda: contacts.waiting == 0)
    assert sorted(account for account, _ in keeper.looks) == sorted(p.account for p in (ALICE, BOB, CAROL))


async def test_whoever_plays_with_contacts_makes_little_work(contacts: Rosters, keeper: Keeper) -> None:
    await until(lambda: contacts.waiting == 0)
    started = time.monotonic()
    for number in range(1000):
        contacts.contact_removed(BOB, f"p{number}@agents.acme.test")
        contacts.service_contact_removed(BOB)
        if number % 100 == 0:
            await asyncio.sleep(0.005)
    await until(lambda: sum(len(wishes.left) for wishes in keeper.of(BOB.account)) == 1000)
    looks = len(keeper.of(BOB.account)) - 1
    assert looks <= 1 + (time.monotonic() - started) / module.PATIENCE_SECONDS, (
        "one for each pause, however long it took"
    )


async def test_what_fails_for_one_holds_up_nobody_and_is_tried_again(contacts: Rosters, keeper: Keeper) -> None:
    keeper.problem = lambda account: EjabberdApiError("no", 500) if account == BOB.account else None
    contacts.add(BOB, ALICE)
    await until(lambda: len(keeper.of(BOB.account)) >= 3)
    assert keeper.of(ALICE.account) and keeper.of(CAROL.account)
    assert contacts.waiting == 1
    keeper.problem = lambda account: None
    await until(lambda: contacts.waiting == 0)
    assert keeper.of(BOB.account)[-1].asked == {ALICE.face}, "the wish is not forgotten"


@pytest.mark.parametrize("problem", [EjabberdApiError("away"), ValueError("a bug")])
async def test_whatever_fails_for_all_is_done_in_the_end(contacts: Rosters, keeper: Keeper, problem: Exception) -> None:
    keeper.problem = lambda account: problem
    await until(lambda: len(keeper.looks) >= 6)
    assert contacts.waiting == 3
    keeper.problem = lambda account: None
    await until(lambda: contacts.waiting == 0)
