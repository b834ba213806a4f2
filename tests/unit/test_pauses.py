"""Pauses between attempts, and log lines that do not repeat themselves (R3)."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bridge.stream.backoff import Backoff
from component.bridge.throttled_log import EVERY_SECONDS, ThrottledLog

log = logging.getLogger("test")


class TestBackoff:
    @given(st.integers(1, 40))
    def test_doubles_up_to_a_bound_with_chance(self, attempts: int) -> None:
        pauses = Backoff(0.5, 30)
        for number in range(attempts):
            delay = min(30, 0.5 * 2**number)
            assert delay / 2 <= pauses.next() <= delay

    def test_keeps_two_instances_apart(self) -> None:
        assert len({Backoff(0.5, 30).next() for _ in range(10)}) > 1

    def test_begins_anew_after_a_success(self) -> None:
        pauses = Backoff(0.5, 30)
        for _ in range(10):
            pauses.next()
        pauses.reset()
        assert pauses.next() <= 0.5


def test_a_line_that_repeats_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    say = ThrottledLog(log, logging.WARNING, lambda: now)
    for _ in range(3):
        say("trouble with %s", "Alice")
    now = EVERY_SECONDS
    say("trouble with %s", "Bob")
    say("trouble with %s", "Carol")
    assert caplog.messages == [
        "trouble with Alice",
        "trouble with Bob (and 2 more like it since the last such line)",
    ]
