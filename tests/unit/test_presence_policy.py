"""Presence as pure functions: which session speaks for a person, and what each side sees (P1 to P4)."""

from itertools import pairwise, permutations, product
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.model import Side
from component.policy.shown_presence import (
    PLAINLY_AVAILABLE,
    STATUSES,
    UNAVAILABLE,
    Seen,
    Session,
    Status,
    leading,
    seen_by,
)
from component.xep.presence_stanzas import PresenceText, answers_probe, plain, session

AGENT, WORK = Side.AGENT, Side.WORK
SHOWS = ("", "chat", "away", "dnd", "xa")

sessions = st.builds(Session, show=st.sampled_from(SHOWS), status=st.text(max_size=20), priority=st.integers(-128, 127))
people = st.lists(sessions, min_size=1, max_size=4)


class TestWorkUsersSeeOfAgents:
    """P1"""

    @given(people, st.sampled_from([None, *STATUSES[AGENT]]))
    def test_nothing_but_that_they_are_logged_in(self, sessions: list[Session], override: Status | None) -> None:
        assert seen_by(WORK, AGENT, sessions, override) == PLAINLY_AVAILABLE

    def test_that_they_are_logged_out(self) -> None:
        assert seen_by(WORK, AGENT, []) == UNAVAILABLE


class TestAgentsSeeOfAgents:
    """P2"""

    @pytest.mark.parametrize(
        ("show", "seen"),
        [
            ("", Seen(True, "", "Available")),
            ("chat", Seen(True, "", "Available")),
            ("dnd", Seen(True, "dnd", "Busy")),
            ("away", Seen(True, "away", "On break")),
            ("xa", Seen(True, "xa", "Work offline")),
        ],
    )
    def test_the_status_by_its_name(self, show: str, seen: Seen) -> None:
        assert seen_by(AGENT, AGENT, [Session(show)]) == seen

    @pytest.mark.parametrize("show", SHOWS)
    def test_the_agents_own_words_instead(self, show: str) -> None:
        seen = seen_by(AGENT, AGENT, [Session(show, " Back at two ")])
        assert seen.status == "Back at two"

    def test_the_chosen_status_instead_of_the_clients(self) -> None:
        session = Session("", "Back at two")
        assert seen_by(AGENT, AGENT, [session], Status.ON_BREAK) == Seen(True, "away", "On break")

    def test_that_they_are_logged_out(self) -> None:
        assert seen_by(AGENT, AGENT, [], Status.BUSY) == UNAVAILABLE

    def test_an_agent_cannot_choose_to_be_invisible(self) -> None:
        assert Status.INVISIBLE not in STATUSES[AGENT]


class TestAgentsSeeOfWorkUsers:
    """P3"""

    @pytest.mark.parametrize(
        ("session", "seen"),
        [
            (Session(), Seen(True)),
            (Session("chat"), Seen(True)),
            (Session("away"), Seen(True, "away")),
            (Session("xa"), Seen(True, "away")),
            (Session("dnd"), Seen(True, "dnd")),
            (Session("dnd", "Busy"), Seen(True, "dnd", "Busy")),
            (Session("dnd", " BUSY "), Seen(True, "dnd", "Busy")),
            (Session("dnd", "Busy bee"), Seen(True, "dnd")),
            (Session("away", "Busy"), Seen(True, "away")),
            (Session("", "At the lake"), Seen(True)),
        ],
    )
    def test_one_of_five_statuses_and_no_words(self, session: Session, seen: Seen) -> None:
        assert seen_by(AGENT, WORK, [session]) == seen

    @pytest.mark.parametrize(
        ("chosen", "seen"),
        [
            (Status.AVAILABLE, Seen(True)),
            (Status.AWAY, Seen(True, "away")),
            (Status.DO_NOT_DISTURB, Seen(True, "dnd")),
            (Status.BUSY, Seen(True, "dnd", "Busy")),
            (Status.INVISIBLE, UNAVAILABLE),
        ],
    )
    @pytest.mark.parametrize("show", SHOWS)
    def test_the_chosen_status_instead_of_the_clients(self, show: str, chosen: Status, seen: Seen) -> None:
        assert seen_by(AGENT, WORK, [Session(show)], chosen) == seen

    def test_a_chosen_status_does_not_outlast_the_log_in(self) -> None:
        assert seen_by(AGENT, WORK, [], Status.BUSY) == UNAVAILABLE


class TestSeveralSessions:
    """P4"""

    def test_the_highest_priority_speaks(self) -> None:
        assert leading([Session("", priority=1), Session("dnd", priority=5)]) == Session("dnd", priority=5)

    def test_then_the_most_available(self) -> None:
        order = [Session(show) for show in ("chat", "", "away", "dnd", "xa")]
        for better, worse in pairwise(order):
            assert leading([worse, better]) == leading([better, worse]) == better

    def test_then_one_with_words(self) -> None:
        assert leading([Session(), Session("", "Lunch")]) == Session("", "Lunch")

    def test_a_negative_priority_is_a_session_too(self) -> None:
        assert seen_by(AGENT, AGENT, [Session("away", priority=-1)]).available

    @given(people)
    def test_what_is_seen_does_not_depend_on_the_order_of_log_ins(self, sessions: list[Session]) -> None:
        for viewer, side in product(Side, Side):
            assert len({seen_by(viewer, side, order) for order in permutations(sessions)}) == 1

    def test_nobody_speaks_for_who_is_logged_out(self) -> None:
        assert leading([]) is None


class TestReading:
    @pytest.mark.parametrize(
        ("children", "expected"),
        [
            ("", Session()),
            ("<show>away</show><status>Lunch</status><priority>5</priority>", Session("away", "Lunch", 5)),
            ("<show> dnd\n</show>", Session("dnd")),
            ("<show>asleep</show>", Session()),
            ("<priority>many</priority>", Session()),
            ("<priority>4000</priority>", Session(priority=127)),
            ("<priority>-4000</priority>", Session(priority=-128)),
            ("<priority>" + "9" * 5000 + "</priority>", Session()),
            ("<show/><status/><priority/>", Session()),
            ("<show xmlns='other'>dnd</show>", Session()),
            ("<status>" + "x" * 600 + "</status>", Session(status="x" * 500)),
        ],
    )
    def test_nonsense_counts_as_not_said(self, children: str, expected: Session) -> None:
        assert session(fromstring(f"<presence xmlns='jabber:component:accept'>{children}</presence>")) == expected

    def test_an_answer_to_a_probe_says_since_when(self) -> None:
        told = "<presence xmlns='jabber:component:accept'>{}</presence>"
        assert answers_probe(fromstring(told.format("<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>")))
        assert not answers_probe(fromstring(told.format("<show>away</show>")))


class TestWriting:
    @given(st.builds(Seen, st.booleans(), st.sampled_from(SHOWS), st.text("<>&'\" äb", max_size=9)))
    def test_carries_what_is_seen_and_nothing_else(self, seen: Seen) -> None:
        """P7: the one resource of all faces, and no element that Seen does not know."""
        face, watcher = "o'neil@agents.acme.test", "a&b@work.acme.test/<x>"
        written = fromstring(PresenceText(face, seen).to(watcher))
        assert (written.get("from"), written.get("to")) == (f"{face}/deskbridge", watcher)
        assert written.get("type") == (None if seen.available else "unavailable")
        told = {child.tag: child.text for child in written}
        expected = {"show": seen.show, "status": seen.status} if seen.available else {}
        assert told == {name: value for name, value in expected.items() if value}

    @pytest.mark.parametrize("type", ["subscribed", "unsubscribed", "probe"])
    def test_bare_presence_has_no_content(self, type: str) -> None:
        written = fromstring(plain(type, "o'neil@agents.acme.test", "bob@work.acme.test"))
        assert written.attrib == {"type": type, "from": "o'neil@agents.acme.test", "to": "bob@work.acme.test"}
        assert len(written) == 0


def test_every_status_can_be_told_from_the_others() -> None:
    """P2, P3: two statuses of one side never look the same to an agent."""
    for side in Side:
        looks = {seen_by(AGENT, side, [Session()], status) for status in STATUSES[side]}
        assert len(looks) == len(STATUSES[side])
