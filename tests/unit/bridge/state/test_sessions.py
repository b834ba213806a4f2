"""Who is logged in, and what is believed while that is found out anew (P4, P6)."""

import pytest

from component.bridge.state.sessions import Sessions
from component.policy.shown_presence import Session, Status

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
BUSY, PLAIN, HIDDEN = Session("dnd"), Session(), Session(priority=-1)


@pytest.fixture
def sessions() -> Sessions:
    sessions = Sessions()
    sessions.started(ALICE, "desk", BUSY)
    sessions.started(ALICE, "phone", PLAIN)
    sessions.started(BOB, "home", PLAIN)
    return sessions


def test_a_person_is_logged_in_until_the_last_session_ends(sessions: Sessions) -> None:
    assert not sessions.ended(ALICE, "desk")
    assert dict(sessions.of(ALICE)) == {"phone": PLAIN}
    assert sessions.ended(ALICE, "phone")
    assert sessions.left(ALICE)
    assert not sessions.logged_in(ALICE)
    assert sessions.accounts() == [BOB]


def test_an_end_without_a_resource_ends_all(sessions: Sessions) -> None:
    assert sessions.ended(ALICE)
    sessions.left(ALICE)
    assert not sessions.logged_in(ALICE)


class TestLeaving:
    """P4: who has had no session for less than the grace."""

    @pytest.fixture(autouse=True)
    def leave(self, sessions: Sessions) -> None:
        assert sessions.ended(BOB, "home")

    def test_counts_as_logged_in_and_shows_what_it_did(self, sessions: Sessions) -> None:
        assert sessions.logged_in(BOB) and BOB in sessions.accounts()
        assert dict(sessions.shown(BOB)) == {"home": PLAIN}
        assert not sessions.is_there(BOB) and not sessions.of(BOB)

    @pytest.mark.parametrize("resource", ["home", "cafe"])
    def test_ends_with_a_new_session(self, sessions: Sessions, resource: str) -> None:
        assert not sessions.started(BOB, resource, BUSY)
        assert dict(sessions.shown(BOB)) == {resource: BUSY}
        assert not sessions.left(BOB)
        assert sessions.logged_in(BOB)

    def test_whoever_waits_is_told_how_it_ended(self, sessions: Sessions) -> None:
        told: list[str] = []
        sessions.when_certain(BOB, lambda: told.append("back"))
        sessions.when_certain(ALICE, lambda: told.append("never in doubt"))
        assert told == ["never in doubt"]
        sessions.started(BOB, "home", PLAIN)
        assert told[1:] == ["back"]
        sessions.ended(BOB, "home")
        sessions.when_certain(BOB, lambda: told.append("gone"))
        sessions.left(BOB)
        assert told[2:] == ["gone"]

    def test_a_lost_connection_leaves_it_to_the_new_truth(self, sessions: Sessions) -> None:
        told: list[bool] = []
        sessions.when_certain(BOB, lambda: told.append(sessions.logged_in(BOB)))
        sessions.begin_anew()
        assert not sessions.left(BOB)
        sessions.settle({})
        assert told == [False]

    def test_it_may_begin_while_the_truth_is_gathered(self, sessions: Sessions) -> None:
        sessions.begin_anew()
        sessions.started(ALICE, "desk", PLAIN)
        assert sessions.ended(ALICE, "desk")
        sessions.settle({})
        assert sessions.logged_in(ALICE) and sessions.leaving(ALICE)
        assert sessions.left(ALICE)
        assert not sessions.logged_in(ALICE)


class TestANegativePriority:
    """RFC 6121 §8.5.2.1.1: what is sent to the account does not arrive."""

    def test_alone_is_as_good_as_no_session(self, sessions: Sessions) -> None:
        sessions.started("carol@cc.acme.test", "desk", HIDDEN)
        assert not sessions.logged_in("carol@cc.acme.test")
        assert not sessions.shown("carol@cc.acme.test")
        assert sessions.connected("carol@cc.acme.test")
        assert dict(sessions.of("carol@cc.acme.test")) == {"desk": HIDDEN}

    def test_of_one_of_two_changes_nothing(self, sessions: Sessions) -> None:
        assert not sessions.started(ALICE, "desk", HIDDEN)
        assert sessions.is_there(ALICE)

    def test_of_the_last_session_is_a_log_out(self, sessions: Sessions) -> None:
        assert sessions.started(BOB, "home", HIDDEN)
        assert dict(sessions.shown(BOB)) == {"home": PLAIN}
        assert sessions.left(BOB)
        assert not sessions.logged_in(BOB)
        sessions.started(BOB, "home", PLAIN)
        assert sessions.is_there(BOB)

    def test_stays_behind_when_the_last_other_session_ends(self, sessions: Sessions) -> None:
        sessions.started(BOB, "phone", HIDDEN)
        assert sessions.ended(BOB, "home")
        sessions.left(BOB)
        assert not sessions.logged_in(BOB) and sessions.connected(BOB)


def test_who_is_dropped_is_logged_out_at_once(sessions: Sessions) -> None:
    sessions.set_override(ALICE, Status.BUSY)
    sessions.drop(ALICE)
    assert not sessions.connected(ALICE)
    assert sessions.override(ALICE) is None


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
        assert not sessions.leaving(ALICE)

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
    assert noted[-1] == (BOB, Status.AWAY)
    sessions.left(BOB)
    assert noted == [(ALICE, None), (BOB, Status.BUSY), (BOB, None), (BOB, Status.AWAY), (BOB, None)]
