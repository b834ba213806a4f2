"""``deskbridge explain``: the words of the rule that decides in the bridge, in each direction."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from component.cli.explain import Unknown, explanation
from component.cli.main import main
from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Mode, Person
from component.policy.features import Feature
from tests.support.server import make_tenant

EXAMPLE = Path(__file__).parents[3] / "examples" / "deskbridge.toml"

ANN = Person("Ann", agent="ann", groups=frozenset({"sales"}))
AMY = Person("Amy", agent="amy", work="amy", groups=frozenset({"sales"}))
LENA = Person("Lena", agent="lena", work="lena")
SUE = Person("Sue", agent="sue", supervises=frozenset({"*"}))
BOB = Person("Bob", work="bob")
ERIN = Person("Erin", work="erin")
PEOPLE = make_directory([ANN, AMY, LENA, SUE, BOB, ERIN])

ACME, GLOBEX = make_tenant("acme", Path()), make_tenant("globex", Path())
WORLD = World.of([(ACME, PEOPLE), (GLOBEX, PEOPLE)])
APART = World.of([(replace(ACME, mode=Mode.ONE), PEOPLE)])


def lines(sender: str, receiver: str, world: World = WORLD) -> list[str]:
    return explanation(world, sender, receiver).splitlines()


def test_allowed_both_ways() -> None:
    """M1, M2"""
    assert lines("bob@work.acme.test", "ann@cc.acme.test") == [
        "bob@work.acme.test -> ann@agents.acme.test: allowed by M1: Work users reach any agent in mode 3; "
        "both have to be logged in",
        "ann@cc.acme.test -> bob@directory.acme.test: allowed by M2: agents reach any Work user in mode 3; "
        "the sender has to be logged in",
    ]


def test_what_a_message_may_carry() -> None:
    """Section 4, from the table that decides: every row, with the answer where there is one."""
    there, *rows = explanation(WORLD, "bob@work.acme.test", "ann@cc.acme.test", content=True).splitlines()
    back = next(place for place, row in enumerate(rows) if row.startswith("ann@"))
    assert there.startswith("bob@work.acme.test -> ann@agents.acme.test: allowed by M1")
    assert back == len(Feature) == len(rows) - back - 1
    assert "  C5: a file on the web becomes a line of text with a link" in rows[:back]
    assert [row for row in rows[back:] if "a file on the web" in row] == [
        "  C5: a file on the web is refused, with all of the message: modify/policy-violation, "
        '"Files cannot be sent here. Put the file where the other side can reach it and send its address as text."'
    ]
    assert [row for row in rows if "XHTML" in row] == [
        "  C10: formatted text (XHTML-IM) is taken out; becomes the text of a message that has none",
        "  C10: formatted text (XHTML-IM) becomes plain text, with a link to the formatted message where that is "
        "not all",
    ]


def test_there_is_nothing_to_carry() -> None:
    """M11: no message goes that way."""
    assert len(explanation(WORLD, "bob@work.acme.test", "erin@work.acme.test", content=True).splitlines()) == 4


def test_refused() -> None:
    """With the answer that the sender gets, word by word."""
    assert lines("bob@work.acme.test", "erin@work.acme.test")[:2] == [
        "bob@work.acme.test -> erin@directory.acme.test: refused by M11: Work users write to each other directly",
        '  answer: cancel/not-allowed, "This address is for agents only. '
        'Write to your colleague at their usual address."',
    ]


def test_refused_but_for_a_reply() -> None:
    """M6"""
    there, _, reply, back = lines("ann@cc.acme.test", "lena@cc.acme.test")
    assert there.startswith("ann@cc.acme.test -> lena@agents.acme.test: refused by M3: ")
    assert reply == "  but allowed by M6 while a conversation between the two is open"
    assert back.startswith("lena@cc.acme.test -> ann@agents.acme.test: allowed by M5: ")


@pytest.mark.parametrize(
    ("sender", "receiver", "rule"),
    [
        ("ann@cc.acme.test", "amy@cc.acme.test", "allowed by M3"),
        ("sue@cc.acme.test", "lena@cc.acme.test", "allowed by M4"),
        ("amy@cc.acme.test", "amy@work.acme.test", "refused by M10"),
        ("ann@cc.acme.test", "ann@cc.acme.test", "refused by M10"),
    ],
)
def test_rules(sender: str, receiver: str, rule: str) -> None:
    assert rule in lines(sender, receiver)[0]


def test_other_tenants() -> None:
    """M9: with the answer that tells nothing."""
    assert lines("bob@work.acme.test", "ann@cc.globex.test")[:2] == [
        "bob@work.acme.test -> ann@agents.globex.test: refused by M9: they belong to different tenants",
        '  answer: auth/forbidden, "Only people of this organisation can write to this address."',
    ]


def test_modes() -> None:
    """M1, M2, M5: what mode 3 opens is closed in the others."""
    assert "refused by M1: the tenant is not in mode 3" in lines("bob@work.acme.test", "ann@cc.acme.test", APART)[0]
    assert "refused by M2: the tenant is not in mode 3" in lines("ann@cc.acme.test", "bob@work.acme.test", APART)[0]
    assert "refused by M3" in lines("lena@cc.acme.test", "ann@cc.acme.test", APART)[0]


@pytest.mark.parametrize(
    "address", ["ann@cc.acme.test", "ann@agents.acme.test", "ANN@Agents.Acme.Test", "ann@cc.acme.test/desk"]
)
def test_addresses(address: str) -> None:
    """AD2: accounts and faces, as the operator happens to have them."""
    assert lines(address, "bob@work.acme.test") == lines("ann@cc.acme.test", "bob@directory.acme.test")


@pytest.mark.parametrize("address", ["nobody@cc.acme.test", "agents.acme.test", "bob@example.org", "", "@", "a b@c"])
def test_unknown_addresses(address: str) -> None:
    with pytest.raises(Unknown, match="nobody in the directories has this address") as unknown:
        explanation(WORLD, "bob@work.acme.test", address)
    assert "directory.globex.test" in str(unknown.value)


def run(*arguments: str) -> Result:
    command = ["explain", "--config", str(EXAMPLE), *arguments]
    return CliRunner().invoke(main, command, env={"DESKBRIDGE_XMPP_SECRET": "x"})


def test_command() -> None:
    result = run("bob@work.acme.test", "alice@cc.acme.test")
    assert result.exit_code == 0
    assert "bob@work.acme.test -> alice@agents.acme.test: allowed by M1" in result.output


def test_command_for_nobody() -> None:
    result = run("bob@work.acme.test", "nobody@cc.acme.test")
    assert result.exit_code == 1
    assert "nobody@cc.acme.test: nobody in the directories has this address" in result.output
    assert "Traceback" not in result.output


def test_command_without_addresses() -> None:
    assert run("bob@work.acme.test").exit_code == 2
