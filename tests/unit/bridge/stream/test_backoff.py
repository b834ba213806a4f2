"""Pauses between attempts (R3)."""

from hypothesis import given
from hypothesis import strategies as st

from component.bridge.stream.backoff import Backoff


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
