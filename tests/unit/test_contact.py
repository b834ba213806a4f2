"""Who may write to whom (M1 to M7, M10, M11), and who may see whose presence, over all kinds of people."""

from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from component.model import Mode, Party, Person, Side, Tenant
from component.policy.may_write import Pair, contact_rule, may_see
from tests.support.server import make_tenant

PEOPLE = {
    person.name: person
    for person in (
        Person("ann", agent="ann", groups=frozenset({"sales"})),
        Person("amy", agent="amy", work="amy", groups=frozenset({"sales"})),
        Person("dan", agent="dan", groups=frozenset({"support"})),
        Person("cat", agent="cat", groups=frozenset({"sales", "support"})),
        Person("lena", agent="lena", work="lena"),
        Person("nell", agent="nell"),
        Person("sue", agent="sue", supervises=frozenset({"sales"})),
        Person("sam", agent="sam", work="sam", supervises=frozenset({"*"})),
        Person("bob", work="bob"),
        Person("erin", work="erin"),
    )
}
"""In sales: ann, amy (Work licence too), cat. In support: dan, cat. In no group: lena (Work licence too), nell.
Supervisors: sue, and sam with a Work licence. Without an agent's licence: bob, erin."""

# who         to whom       modes 1, 2   mode 3   mode 3, conversation open; a minus refuses
CONTACTS = """
bob.work      ann.agent     -M1          M1       M1
bob.work      lena.agent    -M1          M1       M1
amy.work      ann.agent     -M1          M1       M1
amy.work      lena.agent    -M1          M1       M1
bob.work      erin.work     -M11         -M11     -M11
amy.work      bob.work      -M11         -M11     -M11
bob.work      bob.work      -M10         -M10     -M10
amy.work      amy.agent     -M10         -M10     -M10
amy.agent     amy.work      -M10         -M10     -M10
amy.agent     amy.agent     -M10         -M10     -M10
nell.agent    nell.agent    -M10         -M10     -M10
sam.agent     sam.work      -M10         -M10     -M10
ann.agent     bob.work      -M2          M2       M2
ann.agent     amy.work      -M2          M2       M2
sue.agent     bob.work      -M2          M2       M2
ann.agent     amy.agent     M3           M3       M3
amy.agent     ann.agent     M3           M3       M3
cat.agent     dan.agent     M3           M3       M3
dan.agent     cat.agent     M3           M3       M3
ann.agent     dan.agent     -M3          M5       M5
dan.agent     amy.agent     -M3          -M3      M6
dan.agent     lena.agent    -M3          -M3      M6
lena.agent    dan.agent     -M3          M5       M5
nell.agent    lena.agent    -M3          -M3      M6
ann.agent     sue.agent     -M3          M5       M5
ann.agent     sam.agent     -M3          -M3      M6
sue.agent     dan.agent     M4           M4       M4
sue.agent     lena.agent    M4           M4       M4
sue.agent     sam.agent     M4           M4       M4
sam.agent     nell.agent    M4           M4       M4
"""


def party(name: str, mode: Mode) -> Party:
    """``ann.agent``: Ann in her role as an agent, in a tenant of that mode."""
    person, _, side = name.partition(".")
    return Party(tenant(mode), Side(side), PEOPLE[person])


@cache
def tenant(mode: Mode) -> Tenant:
    return replace(make_tenant("acme", Path()), mode=mode)


def decided(pair: Pair) -> str:
    """``M5`` if that rule allows, ``-M3`` if that one refuses."""
    rule = contact_rule(pair)
    assert (rule.reason is None) == rule.allows
    return rule.spec if rule.allows else f"-{rule.spec}"


@pytest.mark.parametrize(
    ("sender", "receiver", "apart", "joined", "replying"),
    [pytest.param(*line.split(), id=" ".join(line.split()[:2])) for line in CONTACTS.strip().splitlines()],
)
def test_pairs(sender: str, receiver: str, apart: str, joined: str, replying: str) -> None:
    for mode in (Mode.ONE, Mode.TWO):
        assert decided(Pair(party(sender, mode), party(receiver, mode))) == apart
    one, other = party(sender, Mode.THREE), party(receiver, Mode.THREE)
    assert decided(Pair(one, other)) == joined
    assert decided(Pair(one, other, conversation_open=True)) == replying


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("conversation_open", [False, True])
def test_every_pair_of_agents(mode: Mode, conversation_open: bool) -> None:
    """M3 to M6 in a sentence each, for everybody."""
    agents = [Party(tenant(mode), Side.AGENT, person) for person in PEOPLE.values() if person.agent]
    for sender, receiver in product(agents, agents):
        if sender.person is receiver.person:
            continue
        allowed = (
            bool(sender.person.groups & receiver.person.groups)  # M3: a group in common
            or bool(sender.person.supervises)  # M4: supervisors may contact any agent
            or (mode is Mode.THREE and receiver.person.work is None)  # M5: no Work licence, mode 3
            or conversation_open  # M6: a reply
        )
        assert contact_rule(Pair(sender, receiver, conversation_open)).allows == allowed


@pytest.mark.parametrize("mode", Mode)
def test_every_pair_of_a_work_user_and_an_agent(mode: Mode) -> None:
    """M1, M2: mode 3 joins everybody but a person with themselves (M10)."""
    joined = tenant(mode)
    workers = [Party(joined, Side.WORK, person) for person in PEOPLE.values() if person.work]
    agents = [Party(joined, Side.AGENT, person) for person in PEOPLE.values() if person.agent]
    for worker, agent in product(workers, agents):
        allowed = mode is Mode.THREE and worker.person is not agent.person
        assert contact_rule(Pair(worker, agent)).allows == allowed
        assert contact_rule(Pair(agent, worker)).allows == allowed


@pytest.mark.parametrize("mode", Mode)
def test_a_refusal_has_the_answer_of_its_own_rule(mode: Mode) -> None:
    everybody = [Party(tenant(mode), side, person) for side, person in product(Side, PEOPLE.values())]
    roles = [party for party in everybody if party.person.local_part(party.side)]
    for sender, receiver in product(roles, roles):
        rule = contact_rule(Pair(sender, receiver))
        assert rule.reason is None or rule.reason.spec == rule.spec


def test_a_mere_reply_shows_no_presence() -> None:
    """P5: presence is for those who may write at any time."""
    dan, amy = party("dan.agent", Mode.THREE), party("amy.agent", Mode.THREE)
    assert not may_see(dan, amy)
    assert may_see(amy, dan)


def test_tenants_do_not_see_each_other() -> None:
    """AD4, M9: not even people who share everything but the tenant."""
    acme, globex = tenant(Mode.THREE), make_tenant("globex", Path())
    for side, other in product(Side, Side):
        watcher, face = Party(acme, side, PEOPLE["amy"]), Party(globex, other, PEOPLE["sam"])
        assert not may_see(watcher, face)
