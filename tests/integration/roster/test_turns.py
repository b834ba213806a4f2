"""Whose list is looked through next (D2)."""

import asyncio

from component.bridge.roster.turns import Turns


async def take(turns: Turns) -> str:
    async with turns.next() as account:
        return account


async def test_who_logs_in_comes_before_the_rest() -> None:
    turns = Turns()
    turns.open()
    turns.add(["a", "b", "c", "d"])
    turns.add(["c"], first=True)
    turns.add(["c", "b"])
    assert [await take(turns) for _ in range(4)] == ["c", "a", "b", "d"]
    assert len(turns) == 0


async def test_nobody_has_two_turns_at_once_and_nobody_is_forgotten() -> None:
    turns = Turns()
    turns.open()
    turns.add(["a"])
    async with turns.next() as account:
        assert account == "a"
        turns.add(["a"], first=True)
        second = asyncio.create_task(take(turns))
        await asyncio.sleep(0)
        assert not second.done()
    assert await second == "a"


async def test_while_it_is_shut_nobody_has_a_turn() -> None:
    turns = Turns()
    turns.add(["a"])
    waiting = asyncio.create_task(take(turns))
    await asyncio.sleep(0)
    assert not waiting.done()
    turns.open()
    assert await waiting == "a"
