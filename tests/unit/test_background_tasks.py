"""R5: what goes on in the background is kept, says how it failed, and has ended at the end. No server."""

import asyncio
import gc
import logging

import pytest

from component.background_tasks import BackgroundTasks


async def forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def broken() -> None:
    raise RuntimeError("no disk")


async def test_a_task_that_nobody_refers_to_is_kept() -> None:
    tasks = BackgroundTasks()
    ended: list[str] = []
    tasks.start(forever(ended, "kept"), "waiting")
    await asyncio.sleep(0)
    gc.collect()
    assert len(tasks) == 1
    assert not ended
    await tasks.close()
    assert ended == ["kept"]
    assert len(tasks) == 0


async def test_a_failure_is_logged_under_a_name(caplog: pytest.LogCaptureFixture) -> None:
    tasks = BackgroundTasks()
    with caplog.at_level(logging.ERROR):
        tasks.start(broken(), "sending copies")
        assert await tasks.settled()
    assert "sending copies failed: RuntimeError" in caplog.text
    assert "no disk" in caplog.text
    assert not await tasks.settled()


async def test_a_failure_goes_to_whoever_asked_for_it(caplog: pytest.LogCaptureFixture) -> None:
    tasks = BackgroundTasks()
    told: list[str] = []
    tasks.start(broken(), "sending copies", lambda problem: told.append(str(problem)))
    await tasks.settled()
    await asyncio.sleep(0)
    assert told == ["no disk"]
    assert not caplog.records


async def test_some_of_them_end_earlier() -> None:
    tasks = BackgroundTasks()
    part = tasks.part()
    ended: list[str] = []
    tasks.start(forever(ended, "other"), "waiting")
    part.start(forever(ended, "part"), "waiting")
    await asyncio.sleep(0)
    assert (len(tasks), len(part)) == (2, 1)
    part.cancel()
    await part.settled()
    assert ended == ["part"]
    await tasks.close()
    assert ended == ["part", "other"]


async def test_what_starts_while_it_is_closed_ends_too() -> None:
    tasks = BackgroundTasks()
    ended: list[str] = []

    async def begin_another() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tasks.start(forever(ended, "another"), "waiting")
            await asyncio.sleep(0)

    tasks.start(begin_another(), "waiting")
    await asyncio.sleep(0)
    await tasks.close()
    assert len(tasks) == 0
