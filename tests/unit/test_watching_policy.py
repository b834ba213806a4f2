"""Who may watch whom (S1, S2), and whose own chat it is (A4): every case by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Mode, Party, Person, Side, Team, Tenant
from component.policy.may_watch import (
    Chat,
    Scope,
    as_agent,
    covers,
    is_concerned,
    is_watchable,
    may_watch,
    title,
    watchable_groups,
)
from tests.support.server import make_tenant

ACME, GLOBEX = make_tenant("acme", Path()), make_tenant("globex", Path())
GROUPS = (Team("sales", "Sales", watch=True), Team("support", "Support"), Team("night", "Night"))
QUEUES = (Team("hotline", "Hotline", watch=True), Team("fax", "Fax"))


def person(name: str, groups: str = "", queues: str = "", supervises: str = "", work: bool = False) -> Person:
    return Person(
        name,
        agent=name.lower(),
        work=f"{name.lower()}.w" if work else None,
        groups=frozenset(groups.split()),
        queues=frozenset(queues.split()),
        supervises=frozenset(supervises.split()),
    )


ALICE, CAROL = person("Alice", "sales", work=True), person("Carol", "sales support")
DAN, QUINN, FAY = person("Dan", "support"), person("Quinn", "support", "hotline"), person("Fay", "night", "fax")
SUE, TESS, MAX = (
    person("Sue", "sales", supervises="sales", work=True),
    person("Tess", supervises="support"),
    person("Max", supervises="*"),
)
DIRECTORY = make_directory((ALICE, CAROL, DAN, QUINN, FAY, SUE, TESS, MAX), GROUPS, QUEUES)


def chat(one: Person, other: Person, side: Side = Side.AGENT, tenant: Tenant = ACME) -> Chat:
    return Chat(Party(tenant, Side.AGENT, one), Party(tenant, side, other), "chat-x@agents.acme.test")


@pytest.mark.parametrize(
    ("one", "other", "watchable"),
    [
        (ALICE, CAROL, True),  # both in a watched group
        (CAROL, DAN, True),  # one of them is
        (DAN, CAROL, True),
        (DAN, QUINN, True),  # a watched queue
        (DAN, FAY, False),
    ],
)
def test_s1_by_group_and_queue(one: Person, other: Person, watchable: bool) -> None:
    assert is_watchable(chat(one, other), DIRECTORY) is watchable


def test_s1_by_tenant() -> None:
    assert is_watchable(chat(DAN, FAY, tenant=replace(ACME, watch=True)), DIRECTORY)


def test_s1_never_with_work_users() -> None:
    assert not is_watchable(chat(CAROL, ALICE, Side.WORK, replace(ACME, watch=True)), DIRECTORY)


@pytest.mark.parametrize(
    ("supervisor", "one", "other", "may"),
    [
        (SUE, ALICE, CAROL, True),
        (SUE, DAN, CAROL, True),  # over either
        (SUE, DAN, QUINN, False),
        (TESS, DAN, QUINN, True),
        (TESS, DAN, FAY, False),  # watching is not switched on
        (MAX, DAN, QUINN, True),
        (MAX, ALICE, CAROL, True),
        (MAX, DAN, FAY, False),
        (CAROL, ALICE, DAN, False),  # no supervisor
        (SUE, SUE, CAROL, False),  # their own chat
        (MAX, SUE, CAROL, True),  # supervisors are watched too
    ],
)
@pytest.mark.parametrize("side", Side)
def test_s2(supervisor: Person, one: Person, other: Person, may: bool, side: Side) -> None:
    assert may_watch(Party(ACME, side, supervisor), chat(one, other), DIRECTORY) is may
    assert may_watch(Party(ACME, side, supervisor), chat(other, one), DIRECTORY) is may


def test_ad4_never_across_tenants() -> None:
    assert not may_watch(Party(GLOBEX, Side.AGENT, MAX), chat(ALICE, CAROL), DIRECTORY)


@pytest.mark.parametrize(
    ("supervisor", "scope", "value", "covered"),
    [
        (SUE, Scope.ALL, "", True),
        (SUE, Scope.CHAT, "chat-x@agents.acme.test", True),
        (SUE, Scope.CHAT, "chat-y@agents.acme.test", False),
        (SUE, Scope.GROUP, "sales", True),
        (SUE, Scope.GROUP, "support", False),  # Carol is in it, but Sue does not supervise it
        (MAX, Scope.GROUP, "support", True),
        (MAX, Scope.GROUP, "night", False),
        (CAROL, Scope.ALL, "", False),
    ],
)
def test_what_a_watch_covers(supervisor: Person, scope: Scope, value: str, covered: bool) -> None:
    assert covers(scope, value, Party(ACME, Side.AGENT, supervisor), chat(ALICE, CAROL), DIRECTORY) is covered


def test_a4_whose_chat_it_is() -> None:
    own = chat(ALICE, CAROL)
    assert as_agent(Party(ACME, Side.WORK, ALICE), own) is own.one
    assert as_agent(Party(ACME, Side.AGENT, ALICE), own) is None  # they take part with that account
    assert as_agent(Party(ACME, Side.WORK, SUE), own) is None
    as_work_user = chat(CAROL, ALICE, Side.WORK)
    assert as_agent(Party(ACME, Side.WORK, ALICE), as_work_user) is None


def test_who_is_concerned() -> None:
    own = chat(ALICE, CAROL)
    concerned = [
        (each.name, side.value)
        for each in DIRECTORY.people
        for side in Side
        if each.local_part(side) and is_concerned(Party(ACME, side, each), own, DIRECTORY)
    ]
    assert concerned == [("Alice", "work"), ("Sue", "work"), ("Sue", "agent"), ("Tess", "agent"), ("Max", "agent")]


def test_what_the_chat_is_called() -> None:
    own = chat(ALICE, CAROL)
    assert title(Party(ACME, Side.WORK, ALICE), own) == "Carol (agent chat)"
    assert title(Party(ACME, Side.WORK, SUE), own) == "Alice, Carol"


def test_groups_are_offered_in_which_there_is_something_to_watch() -> None:
    """S2: Fay, alone in the night, meets nobody who is watched, unless she may write to agents beyond her groups."""

    def offered(supervisor: Person, people: tuple[Person, ...], tenant: Tenant) -> list[str]:
        directory = make_directory((*people, supervisor), GROUPS, QUEUES)
        return [team.id for team in watchable_groups(Party(tenant, Side.AGENT, supervisor), directory)]

    apart = replace(ACME, mode=Mode.TWO)
    everybody = (ALICE, CAROL, DAN, QUINN, FAY)
    assert offered(MAX, everybody, apart) == ["sales", "support"]
    assert offered(MAX, everybody, ACME) == ["sales", "support", "night"]  # M5
    assert offered(MAX, everybody, replace(apart, watch=True)) == ["sales", "support", "night"]
    assert offered(TESS, everybody, apart) == ["support"]
    assert offered(SUE, (DAN, FAY), apart) == []  # in the group sales is she alone
    assert offered(MAX, (DAN, FAY), replace(apart, watch=True)) == ["support", "night"]
    assert offered(MAX, (DAN, FAY), ACME) == []


def test_namesakes_have_chats_of_different_names() -> None:
    """A4: a contact with both faces has two names, and of two contacts of one name the addresses tell them apart."""
    gus, other = Person("Gus Gesamt", agent="gus", work="gus"), Person("Gus Gesamt", agent="gg")
    world = World.of([(ACME, make_directory((ALICE, gus, other)))])
    viewer = world.account("alice.w@work.acme.test")
    alice = world.account("alice@cc.acme.test")
    assert viewer and alice
    names = []
    for account in ("gus@cc.acme.test", "gus@work.acme.test", "gg@cc.acme.test"):
        contact = world.account(account)
        assert contact
        names.append(title(viewer, Chat(alice, contact, "chat-x@agents.acme.test")))
    assert names == [
        "Gus Gesamt (gus@agents.acme.test) (agent chat)",
        "Gus Gesamt (Work) (agent chat)",
        "Gus Gesamt (gg@agents.acme.test) (agent chat)",
    ]
