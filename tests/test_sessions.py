"""Who is logged in, and what is believed while that is found out anew (P4, P6)."""

import pytest

from component.gateway.presence.sessions import Sessions
from component.policy.presence import Session, Status

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
BUSY, PLAIN = Session("dnd"), Session()


@pytest.fixture
def sessions() -> Sessions:
    sessions = Sessions()
    sessions.started(ALICE, "desk", BUSY)
    sessions.started(ALICE, "phone", PLAIN)
    sessions.started(BOB, "home", PLAIN)
    return sessions


def test_a_person_is_logged_in_until_the_last_session_ends(sessions: Sessions) -> None:
    sessions.ended(ALICE, "desk")
    assert dict(sessions.of(ALICE)) == {"phone": PLAIN}
    sessions.ended(ALICE, "phone")
    assert not sessions.logged_in(ALICE)
    assert sessions.accounts() == [BOB]


def test_an_end_without_a_resource_ends_all(sessions: Sessions) -> None:
    sessions.ended(ALICE)
    assert not sessions.logged_in(ALICE)


def test_an_end_of_what_was_never_begun_changes_nothing(sessions: Sessions) -> None:
    sessions.ended(ALICE, "tablet")
    sessions.ended("carol@cc.acme.test", "desk")
    assert len(sessions.of(ALICE)) == 2


class TestAfterALostConnection:
    @pytest.fixture(autouse=True)
    def lose_it(self, sessions: Sessions) -> None:
        sessions.begin_anew()

    def test_what_was_known_counts_until_the_truth_is(self, sessions: Sessions) -> None:
        sessions.started(BOB, "home", PLAIN)
        assert sessions.logged_in(ALICE)
        assert not sessions.gathered(ALICE)
        sessions.settle({})
        assert sessions.accounts() == [BOB]

    def test_what_changes_meanwhile_is_part_of_the_truth(self, sessions: Sessions) -> None:
        sessions.started(ALICE, "desk", PLAIN)
        sessions.started(ALICE, "tablet", BUSY)
        sessions.ended(ALICE, "tablet")
        sessions.settle({})
        assert dict(sessions.of(ALICE)) == {"desk": PLAIN}

    def test_who_is_connected_but_silent_is_taken_to_be_what_they_were(self, sessions: Sessions) -> None:
        """Alice's phone is gone, her desk is busy; Bob's new client was never heard of."""
        sessions.settle({ALICE: {"desk"}, BOB: {"cafe"}})
        assert dict(sessions.of(ALICE)) == {"desk": BUSY}
        assert not sessions.logged_in(BOB)

    def test_a_chosen_status_lasts_if_the_log_in_does(self, sessions: Sessions) -> None:
        """P3"""
        sessions.set_override(ALICE, Status.BUSY)
        sessions.set_override(BOB, Status.INVISIBLE)
        sessions.started(BOB, "home", PLAIN)
        sessions.settle({})
        assert (sessions.override(ALICE), sessions.override(BOB)) == (None, Status.INVISIBLE)


def test_only_who_is_logged_in_can_choose_a_status(sessions: Sessions) -> None:
    sessions.set_override("carol@cc.acme.test", Status.BUSY)
    assert sessions.override("carol@cc.acme.test") is None


def test_what_is_noted_of_chosen_statuses() -> None:
    """P3: chosen, cleared, ended with the last session; and what an earlier run knew of those who are not there."""
    noted: list[tuple[str, Status | None]] = []
    sessions = Sessions({ALICE: Status.BUSY, BOB: Status.INVISIBLE}, lambda *change: noted.append(change))
    sessions.begin_anew()
    sessions.started(BOB, "home", PLAIN)
    sessions.settle({})
    assert sessions.override(BOB) is Status.INVISIBLE
    sessions.set_override(BOB, Status.BUSY)
    sessions.set_override(BOB, None)
    sessions.set_override(BOB, None)
    sessions.set_override(BOB, Status.AWAY)
    sessions.ended(BOB, "home")
    assert noted == [(ALICE, None), (BOB, Status.BUSY), (BOB, None), (BOB, Status.AWAY), (BOB, None)]
