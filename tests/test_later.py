"""Answers that take time keep nobody waiting (R2)."""

import asyncio
import logging

import pytest

from component.gateway.requests import later as module
from component.gateway.requests.later import AT_ONCE_EACH, Later
from component.policy.reasons import Reason
from component.store.errors import StoreError


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def works(result: str, ready: asyncio.Event | None = None) -> str:
    if ready is not None:
        await ready.wait()
    return result


async def fails(problem: Exception) -> str:
    raise problem


async def test_the_quick_do_not_wait_for_the_slow() -> None:
    later, got, ready = Later(), list[object](), asyncio.Event()
    later.work_out("a@x", works("slow", ready), got.append)
    later.work_out("a@x", works("quick"), got.append)
    await settled()
    assert got == ["quick"]
    ready.set()
    await settled()
    assert got == ["quick", "slow"]


async def test_not_too_many_of_one_account() -> None:
    later, got, ready = Later(), list[object](), asyncio.Event()
    for _ in range(AT_ONCE_EACH):
        later.work_out("a@x", works("slow", ready), got.append)
    later.work_out("a@x", works("too much"), got.append)
    assert got == [Reason.TOO_FAST]
    later.work_out("b@x", works("another"), got.append)
    await settled()
    assert got == [Reason.TOO_FAST, "another"]
    ready.set()
    await settled()
    later.work_out("a@x", works("again"), got.append)
    await settled()
    assert got[-1] == "again"


@pytest.mark.parametrize("problem", [StoreError("broken"), RuntimeError("a bug")])
async def test_a_failure_is_said_without_its_words(problem: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """R4: the operator reads more than the user."""
    later, got = Later(), list[object]()
    with caplog.at_level(logging.ERROR):
        later.work_out("a@x", fails(problem), got.append)
        await settled()
    assert got == [Reason.REQUEST_FAILED]
    assert str(problem) in caplog.text


async def test_it_ends_at_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)
    later, got = Later(), list[object]()
    later.work_out("a@x", works("never", asyncio.Event()), got.append)
    await asyncio.sleep(0.05)
    assert got == [Reason.REQUEST_FAILED]


async def test_a_lost_stream() -> None:
    """Who asked is not there any more; the next stream finds nobody busy."""
    later, got = Later(), list[object]()
    for _ in range(AT_ONCE_EACH):
        later.work_out("a@x", works("late", asyncio.Event()), got.append)
    later.down()
    await settled()
    later.work_out("a@x", works("anew"), got.append)
    await settled()
    assert got == ["anew"]
