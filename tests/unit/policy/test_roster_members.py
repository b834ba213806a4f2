"""Who appears in whose list, as a pure function (D2)."""

from dataclasses import replace
from itertools import product

import pytest

from component.config.directory_file import make_directory
from component.model import EVERYBODY, Mode, Party, Person, Side, Team, Tenant
from component.policy.may_write import may_see
from component.policy.roster_members import Entry, People, contacts, entry
from tests.support.people import ACME

BIG, SMALL, TWO_NAMES = Team("big", "Big"), Team("small", "Small"), Team("odd", "Odd; or even")
ALICE = Person("Alice", agent="alice", work="alice.ames", groups=frozenset({"big", "small"}))
CAROL = Person("Carol", agent="carol", groups=frozenset({"big"}))
DAN = Person("Dan", agent="dan", groups=frozenset({"big"}))
GUS = Person("Gus", agent="gus", work="gus", groups=frozenset({"small"}))
ODA = Person("Oda", agent="oda", work="oda", groups=frozenset({"odd"}))
SUE = Person("Sue", agent="sue", work="sue", supervises=frozenset({"small"}))
TED = Person("Ted", agent="ted", work="ted", supervises=frozenset({EVERYBODY}))
BOB = Person("Bob", work="bob")
EVERYONE = (ALICE, CAROL, DAN, GUS, ODA, SUE, TED, BOB)
DIRECTORY = make_directory(EVERYONE, groups=(BIG, SMALL, TWO_NAMES))


def tenant(mode: Mode = Mode.THREE, limit: int = 50) -> Tenant:
    return replace(ACME, mode=mode, roster_limit=limit)


def listed(person: Person, side: Side, at: Tenant) -> dict[str, set[str]]:
    """Who appears for this person, under which groups; by name, and with a ``*`` for a Work user's face."""
    found = contacts(Party(at, side, person), people(at))
    return {entry.name + "*" * face.endswith(at.work_faces): set(entry.groups) for face, entry in found.items()}


def people(at: Tenant) -> People:
    parties = {side: [Party(at, side, person) for person in EVERYONE if person.local_part(side)] for side in Side}
    return People.of(DIRECTORY, parties[Side.WORK], parties[Side.AGENT])


class TestWho:
    def test_an_agent_gets_groups_and_directory(self) -> None:
        assert listed(ALICE, Side.AGENT, tenant()) == {
            "Carol": {"Big"}, "Dan": {"Big"}, "Gus": {"Small"},
            "Gus (Work)*": {"Acme"}, "Oda (Work)*": {"Acme"}, "Sue (Work)*": {"Acme"}, "Ted (Work)*": {"Acme"},
            "Bob*": {"Acme"},
        }  # fmt: skip

    def test_through_the_directory_only_agents_without_a_work_licence(self) -> None:
        """M5"""
        agents = {name for name in listed(ODA, Side.AGENT, tenant()) if not name.endswith("*")}
        assert agents == {"Carol", "Dan"}

    def test_who_has_both_licences_is_listed_under_two_names(self) -> None:
        """AD1: the suffix is the tenant's, and may be none."""
        assert {"Gus", "Gus (Work)*"} <= listed(ALICE, Side.AGENT, tenant()).keys()
        assert {"Gus", "Gus*"} <= listed(ALICE, Side.AGENT, replace(tenant(), work_suffix="")).keys()
        assert {"Gus", "Gus at Work*"} <= listed(ALICE, Side.AGENT, replace(tenant(), work_suffix=" at Work")).keys()

    def test_a_work_user_gets_all_agents_and_learns_no_groups(self) -> None:
        """P1"""
        assert listed(BOB, Side.WORK, tenant()) == {
            name: {"Agents"} for name in ("Alice", "Carol", "Dan", "Gus", "Oda", "Sue", "Ted")
        }

    @pytest.mark.parametrize("mode", [Mode.ONE, Mode.TWO])
    def test_supervisors_get_whom_they_supervise(self, mode: Mode) -> None:
        assert listed(SUE, Side.AGENT, tenant(mode)) == {"Alice": {"Small"}, "Gus": {"Small"}}
        found = listed(TED, Side.AGENT, tenant(mode))
        assert set(found) == {"Alice", "Carol", "Dan", "Gus", "Oda"}
        assert (found["Alice"], found["Oda"]) == ({"Big", "Small"}, {"Odd, or even"})

    @pytest.mark.parametrize("mode", [Mode.ONE, Mode.TWO])
    def test_work_users_get_nobody_if_they_are_not_joined(self, mode: Mode) -> None:
        assert listed(BOB, Side.WORK, tenant(mode)) == {}
        assert listed(ALICE, Side.AGENT, tenant(mode)) == {"Carol": {"Big"}, "Dan": {"Big"}, "Gus": {"Small"}}

    def test_nobody_appears_who_may_not_be_seen(self) -> None:
        """M10 among them; whatever the mode and the limit."""
        for mode, limit in product(Mode, (0, 1, 3, 50)):
            at = tenant(mode, limit)
            everybody = [Party(at, side, person) for side in Side for person in EVERYONE if person.local_part(side)]
            faces = {party.face: party for party in everybody}
            for viewer in everybody:
                found = contacts(viewer, people(at))
                assert all(may_see(viewer, faces[face]) for face in found)
                assert all(found[face] == entry(viewer, faces[face], DIRECTORY) for face in found)
                assert len(found) <= limit

    def test_whom_one_may_write_to_has_a_place_in_the_list(self) -> None:
        """Also who does not appear by themselves: they may be searched for, and added."""
        at = tenant(Mode.TWO)
        oda, sue = Party(at, Side.AGENT, ODA), Party(at, Side.AGENT, SUE)
        assert entry(sue, oda, DIRECTORY) == Entry("Oda", frozenset({"Acme"}))
        assert entry(oda, sue, DIRECTORY) is None


class TestTheLimit:
    """``roster_limit``"""

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [(8, 8), (7, {"Carol", "Dan", "Gus"}), (3, {"Carol", "Dan", "Gus"}), (2, {"Gus"}), (1, {"Gus"}), (0, set())],
    )
    def test_beyond_it_only_teams_appear_small_ones_first(self, limit: int, expected: set[str] | int) -> None:
        found = set(listed(ALICE, Side.AGENT, tenant(limit=limit)))
        assert found == expected or len(found) == expected

    def test_a_work_user_has_no_teams(self) -> None:
        """Alice's agent groups are not hers in the Work account (AD1)."""
        assert len(listed(ALICE, Side.WORK, tenant(limit=6))) == 6
        assert listed(ALICE, Side.WORK, tenant(limit=5)) == {}
