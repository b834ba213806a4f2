"""What has to change in a roster: wanted against actual, and what the user made of it, as a pure function (D2)."""

import itertools
import random

import pytest

from component.model import RosterItem
from component.policy.roster_members import Entry
from component.policy.roster_plan import Note, Origin, Plan, Situation, decode, encode, plan

CAROL, DAN = "carol@agents.acme.test", "dan@agents.acme.test"


def in_groups(name: str, *groups: str) -> Entry:
    return Entry(name, frozenset(groups))


def item(name: str, *groups: str, subscription: str = "to", asks: bool = False) -> RosterItem:
    return RosterItem(name, frozenset(groups), subscription, asks)


SALES = in_groups("Carol", "Sales")
APPEARED = Note(Origin.APPEARED, (SALES,))
ADDED = Note(Origin.ADDED, (SALES,))
DECLINED = Note(Origin.DECLINED)


def planned(
    listed: Entry | None,
    there: RosterItem | None,
    note: Note | None = None,
    allowed: Entry | None = None,
    asked: bool = False,
    left: bool = False,
) -> Plan:
    """For Carol alone. Who is listed is allowed."""
    stands = listed or allowed
    return plan(
        Situation(
            {CAROL: listed} if listed else {},
            lambda face: stands,
            {CAROL: there} if there else {},
            {CAROL: note} if note else {},
            {CAROL} if asked else set(),
            {CAROL} if left else set(),
        )
    )


class TestWhoAppears:
    def test_is_put_there_to_be_seen(self) -> None:
        made = planned(SALES, None)
        assert made.put == {CAROL: (SALES, "to")}
        assert made.before == made.after == {CAROL: APPEARED}

    def test_and_is_left_alone_then(self) -> None:
        assert planned(SALES, item("Carol", "Sales"), APPEARED).changes == 0

    @pytest.mark.parametrize(("actual", "wanted"), [("none", "to"), ("from", "both"), ("both", "both")])
    def test_has_the_right_subscription(self, actual: str, wanted: str) -> None:
        made = planned(SALES, item("Carol", "Sales", subscription=actual), APPEARED)
        assert made.put == ({} if actual == wanted else {CAROL: (SALES, wanted)})

    @pytest.mark.parametrize("allowed", [None, SALES])
    def test_goes_when_no_longer_listed(self, allowed: Entry | None) -> None:
        made = planned(None, item("Carol", "Sales"), APPEARED, allowed)
        assert (made.delete, made.put, made.after) == ([CAROL], {}, {})
        assert made.before == {CAROL: APPEARED}, "or a crash in between would make it the user's own"

    def test_changes_with_the_directory(self) -> None:
        wanted = in_groups("Carol Chang", "Support")
        made = planned(wanted, item("Carol", "Sales"), APPEARED)
        assert made.put == {CAROL: (wanted, "to")}
        assert made.after == {CAROL: Note(Origin.APPEARED, (wanted,))}

    @pytest.mark.parametrize("there", [item("Carol", "Sales"), item("Carol Chang", "Support"), None])
    def test_follows_although_a_crash_came_between(self, there: RosterItem | None) -> None:
        """Whether ejabberd had got the change or not, and although the directory changed again."""
        crashed = planned(in_groups("Carol Chang", "Support"), item("Carol", "Sales"), APPEARED).before
        newest = in_groups("Carol Chu", "Billing")
        made = planned(newest, there, crashed[CAROL])
        assert made.put == {CAROL: (newest, "to")}


class TestWhatTheUserChose:
    @pytest.mark.parametrize("note", [APPEARED, ADDED])
    def test_a_name_stays(self, note: Note) -> None:
        made = planned(in_groups("Carol Chang", "Sales"), item("Caro", "Sales"), note)
        assert made.put == {}

    @pytest.mark.parametrize(
        ("groups", "expected"),
        [
            (("Sales",), {"Support"}),
            (("Sales", "Friends"), {"Support", "Friends"}),
            (("Friends",), {"Friends"}),
            ((), set()),
        ],
    )
    def test_groups_stay(self, groups: tuple[str, ...], expected: set[str]) -> None:
        made = planned(in_groups("Carol", "Support"), item("Carol", *groups), APPEARED)
        found = made.put[CAROL][0].groups if made.put else frozenset(groups)
        assert found == expected

    def test_a_contact_added_by_hand_stays_and_gets_what_it_lacks(self) -> None:
        made = planned(None, item(""), allowed=SALES)
        assert made.put == {CAROL: (SALES, "to")}
        assert planned(None, item("Carol", "Sales"), made.after[CAROL], allowed=SALES).changes == 0
        assert planned(None, item("Caro", "Friends"), allowed=SALES).changes == 0

    @pytest.mark.parametrize("note", [None, ADDED, APPEARED, DECLINED])
    def test_but_goes_if_it_is_not_allowed(self, note: Note | None) -> None:
        assert planned(None, item("Caro"), note).delete == [CAROL]

    def test_a_request_that_nobody_answered_is_answered(self) -> None:
        made = planned(None, item("Caro", "Friends", subscription="none", asks=True), allowed=SALES)
        assert (made.consent, made.put) == ([CAROL], {})

    def test_a_contact_that_was_removed_stays_away(self) -> None:
        made = planned(SALES, None, APPEARED, left=True)
        assert (made.changes, made.after) == (0, {CAROL: DECLINED})
        assert planned(SALES, None, DECLINED).after == {CAROL: DECLINED}

    def test_until_it_would_not_appear_any_more(self) -> None:
        assert planned(None, None, DECLINED, allowed=SALES).after == {}
        assert planned(None, None, DECLINED).after == {}

    @pytest.mark.parametrize("there", [item("Carol", subscription="none"), item("Carol", subscription="from")])
    def test_one_that_is_kept_without_presence_is_left_alone(self, there: RosterItem) -> None:
        assert planned(SALES, there, APPEARED, left=True).changes == 0

    def test_one_that_the_user_has_again_is_the_users_own(self) -> None:
        made = planned(SALES, item("Caro", "Friends"), DECLINED)
        assert (made.changes, made.after[CAROL].origin) == (0, Origin.ADDED)

    def test_one_that_is_missing_although_nobody_removed_it_comes_back(self) -> None:
        """ejabberd lost the roster, or the account was made anew."""
        assert planned(SALES, None, APPEARED).put == {CAROL: (SALES, "to")}

    @pytest.mark.parametrize("note", [None, DECLINED])
    def test_one_that_was_asked_for_comes(self, note: Note | None) -> None:
        for there in (None, item("Carol", "Sales", subscription="none")):
            made = planned(None, there, note, allowed=SALES, asked=True)
            assert made.put == {CAROL: (SALES, "to")}
            assert made.after == {CAROL: ADDED}
        assert planned(None, None, note, asked=True).changes == 0, "nobody who may not be seen"

    def test_what_is_the_same_as_it_would_appear_counts_as_appeared(self) -> None:
        """deskbridge lost its database, and has put it there before."""
        assert planned(SALES, item("Carol", "Sales")).after == {CAROL: APPEARED}


def test_what_was_planned_and_done_needs_no_more() -> None:
    """For any situation, wherever it was broken off: the next plan does the rest, and then there is nothing to do."""
    chance = random.Random(6)
    entries = [SALES, in_groups("Carol Chang", "Sales", "Support"), in_groups("Caro", "Friends"), in_groups("")]
    items = [None, *(RosterItem(e.name, e.groups, s) for e in entries for s in ("none", "from", "to", "both"))]
    notes = [None, DECLINED, *(Note(o, (e,)) for o in (Origin.APPEARED, Origin.ADDED) for e in entries)]
    for listed, there, note, asked, left in itertools.product(
        [None, *entries[:2]], items, notes, (False, True), (False, True)
    ):
        allowed = chance.choice([None, SALES])
        made = planned(listed, there, note, allowed, asked, left)
        wanted = done(made, there)
        again = planned(listed, wanted, made.after.get(CAROL), allowed)
        assert again.changes == 0, (listed, there, note, asked, left)
        broken_off = planned(listed, there, made.before.get(CAROL), allowed, asked, left)
        assert done(broken_off, there) == wanted, (listed, there, note, asked, left)


def done(made: Plan, there: RosterItem | None) -> RosterItem | None:
    """Carol in ejabberd's roster after the plan was carried out."""
    if CAROL in made.delete:
        return None
    if CAROL in made.put:
        stands, subscription = made.put[CAROL]
        return RosterItem(stands.name, stands.groups, subscription)
    return there


def test_notes_survive_as_text() -> None:
    notes = {CAROL: Note(Origin.APPEARED, (SALES, in_groups('"Łucja" & Söhne'))), DAN: DECLINED}
    assert decode(encode(notes)) == notes
    assert decode("") == {}
