"""AD1, AD4: who is found under which address; D1: all tenants are checked together."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from component.config.configuration import load_settings
from component.config.directory_file import DirectoryError, load_directories, make_directory
from component.directory.world import World
from component.jid import _PREPARED, _normalise_any, normalise
from component.model import Mode, Party, Person, Profile, Side, Tenant

EXAMPLE = Path(__file__).parents[3] / "examples" / "deskbridge.toml"
SECRET = {"DESKBRIDGE_XMPP_SECRET": "x"}

ALICE = Person("Alice Ames", work="alice.ames", agent="alice")
BOB = Person("Bob Berg", work="bob")
OTHER_BOB = Person("Bob Bolt", work="bob", agent="bob")
PLAIN = Person("Paula Plain")


def tenant(name: str) -> Tenant:
    return Tenant(
        id=name,
        name=name.title(),
        mode=Mode.THREE,
        version=Profile.V9_10,
        work_host=f"work.{name}.test",
        desk_host=f"cc.{name}.test",
        agent_faces=f"agents.{name}.test",
        work_faces=f"directory.{name}.test",
        directory=Path(f"{name}.toml"),
    )


ACME, ZETA = tenant("acme"), tenant("zeta")


@pytest.fixture(scope="module")
def world() -> World:
    return World.of([(ACME, make_directory([ALICE, BOB, PLAIN])), (ZETA, make_directory([OTHER_BOB]))])


def test_two_licences_are_two_roles_of_one_person(world: World) -> None:
    """AD1: two accounts, two faces, with local parts of their own."""
    agent, worker = world.account("alice@cc.acme.test"), world.account("alice.ames@work.acme.test")
    assert agent == Party(ACME, Side.AGENT, ALICE)
    assert worker == Party(ACME, Side.WORK, ALICE)
    assert agent is world.face("alice@agents.acme.test")
    assert worker is world.face("alice.ames@directory.acme.test")


@pytest.mark.parametrize(
    "stranger",
    [
        "bob@cc.acme.test",  # no agent licence
        "alice@work.acme.test",  # the agent's local part on the Work host
        "alice@agents.acme.test",  # a face is no account
        "alice@cc.zeta.test",
        "cc.acme.test",
        "",
    ],
)
def test_not_an_account(world: World, stranger: str) -> None:
    assert world.account(stranger) is None


@pytest.mark.parametrize("stranger", ["alice@cc.acme.test", "alice@agents.zeta.test", "agents.acme.test", ""])
def test_not_a_face(world: World, stranger: str) -> None:
    assert world.face(stranger) is None


def test_the_same_local_part_in_two_tenants(world: World) -> None:
    """AD4: nothing of one tenant shows in the other."""
    ours, theirs = world.account("bob@work.acme.test"), world.account("bob@work.zeta.test")
    assert ours and theirs
    assert (ours.person, theirs.person) == (BOB, OTHER_BOB)
    assert (ours.tenant, theirs.tenant) == (ACME, ZETA)


def test_hosts(world: World) -> None:
    assert world.tenant_of_account_host("cc.zeta.test") is ZETA
    assert world.tenant_of_component_host("agents.acme.test") is ACME
    assert world.tenant_of_account_host("agents.acme.test") is None
    assert world.tenant_of_component_host("cc.acme.test") is None
    assert world.side_of("work.acme.test") is world.side_of("directory.acme.test") is Side.WORK
    assert world.side_of("cc.acme.test") is world.side_of("agents.acme.test") is Side.AGENT
    assert world.side_of("elsewhere.test") is None


def test_parties_by_side(world: World) -> None:
    assert [party.person for party in world.parties(ACME, Side.WORK)] == [ALICE, BOB]
    assert [party.person for party in world.parties(ACME, Side.AGENT)] == [ALICE]
    assert world.parties(ACME, Side.AGENT)[0] is world.account("alice@cc.acme.test")
    assert world.directory(ACME).people == (ALICE, BOB, PLAIN)
    assert world.tenants == (ACME, ZETA)


def test_load_the_example() -> None:
    world = World.of(load_directories(load_settings(EXAMPLE, SECRET)))
    carol = world.face("carol@agents.acme.test")
    assert carol and carol.person.groups == {"sales", "support"}


def test_the_problems_of_all_tenants_together(tmp_path: Path) -> None:
    """D1: an operator mends everything in one go."""
    second = EXAMPLE.read_text().replace("acme", "zeta")
    both = EXAMPLE.read_text() + second[second.index("\n[[tenants]]") :]
    (tmp_path / "deskbridge.toml").write_text(both)
    (tmp_path / "acme.toml").write_text('[[people]]\nname = "Ann"\nwork = "chat-1"')
    with pytest.raises(DirectoryError) as caught:
        load_directories(load_settings(tmp_path / "deskbridge.toml", SECRET))
    assert [problem.place.file.name for problem in caught.value.problems] == ["acme.toml", "zeta.toml"]


@pytest.mark.parametrize(
    ("written", "prepared"),
    [
        ("alice@agents.acme.test", ("alice@agents.acme.test", "")),
        ("Alice@Agents.ACME.test/Home PC", ("alice@agents.acme.test", "Home PC")),
        ("agents.acme.test", ("agents.acme.test", "")),
        ("a@b.test/x/y@z", ("a@b.test", "x/y@z")),
        ("JÖRG@b.test", ("jörg@b.test", "")),
        ("", None),
        ("@b.test", None),
        ("a@", None),
        ("a@b.test/", None),
        ("a b@b.test", None),
        ("a@b..test", None),
        ("\u1d34ans@b.test", None),
        ("\ud800@b.test", None),
    ],
)
def test_normalise(written: str, prepared: tuple[str, str] | None) -> None:
    assert normalise(written) == prepared


@given(st.text(max_size=30) | st.from_regex(r"\w{1,9}@\w{1,9}\.test(/\w{1,9})?", fullmatch=True))
def test_normalised_addresses_stay_as_they_are(jid: str) -> None:
    """One person has one address: what was normalised once is what every look-up compares."""
    prepared = normalise(jid)
    if prepared is not None:
        assert normalise(prepared[0]) == (prepared[0], "")


@given(st.text(alphabet="abz09.-_+@/:=#Zü", max_size=20) | st.from_regex(_PREPARED, fullmatch=True))
@example("a@b--c.test")
@example("a@xn--mller-kva.test")
@example(f"{'a' * 256}@{'.'.join(['a' * 21 + '-b' * 2] * 4)}/{'c' * 256}")
def test_addresses_that_are_let_through_are_what_xmpp_makes_of_them(jid: str) -> None:
    """The short cut for plain addresses changes nothing."""
    assert normalise(jid) == _normalise_any(jid)
