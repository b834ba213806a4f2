"""Log lines that a peer can cause without end (R3)."""

import logging

import pytest

from component.bridge.throttled_log import EVERY_SECONDS, ThrottledLog

log = logging.getLogger("test")


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
