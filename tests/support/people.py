"""A few people of one tenant in their roles, for tests of pure functions."""

from pathlib import Path
from typing import Any

from component.model import Limits, Party, Person, Side
from component.policy.decide import View
from component.policy.may_write import Pair, contact_rule
from tests.support.server import make_tenant

ACME = make_tenant("acme", Path())
_SALES = frozenset({"sales"})

ALICE = Party(ACME, Side.AGENT, Person("Alice Ames", agent="alice", work="alice.ames", groups=_SALES))
CAROL = Party(ACME, Side.AGENT, Person("Carol Cho", agent="carol", groups=_SALES))
LENA = Party(ACME, Side.AGENT, Person("Lena Lund", agent="lena", work="lena"))
BOB = Party(ACME, Side.WORK, Person("Bob Berg", work="bob"))
ERIN = Party(ACME, Side.WORK, Person("Erin Egg", work="erin"))
"""Alice and Carol share a group; Lena, with a Work licence and in no group, is out of Carol's reach."""

ALICE_AT_WORK = Party(ACME, Side.WORK, ALICE.person)


def view(
    sender: Party | None = BOB, receiver: Party | None = ALICE, conversation_open: bool = False, **changes: Any
) -> View:
    """Both are logged in and nothing is special, unless ``changes`` say so."""
    barred = contact_rule(Pair(sender, receiver, conversation_open)).reason if sender and receiver else None
    usual = {
        "sender_online": True,
        "receiver_online": True,
        "barred": barred,
        "reply_visible": False,
        "over_rate": False,
        "to_service": False,
        "limits": Limits(),
    }
    return View(sender, receiver, **{**usual, **changes})
