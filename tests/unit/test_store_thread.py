"""The thread that writes: one job after the other, none lost because another one failed (A5)."""

import threading

import pytest

from component.store.api import StoreError
from component.store.thread import Thread


@pytest.fixture
def thread() -> Thread:
    return Thread("test")


def test_jobs_are_done_in_their_order_and_one_that_fails_stops_nobody(thread: Thread) -> None:
    done: list[int] = []
    thread.put(lambda: done.append(1))
    failed = thread.call(lambda: 1 // 0)
    thread.put(lambda: done.append(1 // 0))
    thread.put(lambda: done.append(2))
    assert thread.call(lambda: done).result(20) == [1, 2]
    assert isinstance(failed.exception(), ZeroDivisionError)
    thread.close()


def test_what_was_put_before_the_end_is_done_and_nothing_after(thread: Thread) -> None:
    last = thread.call(lambda: "last")
    thread.close()
    assert last.result(20) == "last"
    with pytest.raises(StoreError, match="closed"):
        thread.put(lambda: None)
    with pytest.raises(StoreError, match="closed"):
        thread.call(lambda: None)


def test_there_is_something_to_do_meanwhile(thread: Thread) -> None:
    """After a job, then as often as it wants to be called again, until it wants no more."""
    calls: list[bool] = []
    enough = threading.Event()

    def meanwhile(idle: bool) -> float | None:
        calls.append(idle)
        if len(calls) == 3:
            enough.set()
            return None
        return 0.0

    def begin() -> None:
        thread.meanwhile = meanwhile

    thread.put(begin)
    assert enough.wait(20)
    thread.close()
    assert calls == [False, True, True]
