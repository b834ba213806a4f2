"""The two policy tables against the rules as people read them: every cell of either is spelled out here by hand.

Nothing below is derived from the code, so that a wrong cell fails, and so does one that nobody expected.
"""

from itertools import product

import pytest

from component.model import Profile, Side
from component.policy.features import Feature
from component.policy.matrix import HISTORY_WINDOW, MATRIX, Rule

# feature            rule  Work->agent  agent->Work  agent->agent; NA, PV, SU and RC are the refusals below
CONTENT = """
BODY                 C1    pass         pass         pass
SAME_LANGUAGE        C1    PV           PV           PV
THREAD               C1    pass         pass         pass
ORIGIN_ID            C1    pass         pass         pass
GROUP_CHAT           C3    NA           NA           NA
ROOM_INVITATION      C3    NA           NA           NA
ROOM_JOIN            C3    NA           NA           NA
MULTICAST            C3    NA           NA           NA
MIX                  C3    NA           NA           NA
MEDIATED_INVITATION  C4    NA           NA           NA
FILE                 C5    link         PV           PV
FILE_ANNOUNCED       C5    strip        PV           PV
FILE_ELSEWHERE       C5    PV           PV           PV
FILE_DETAIL          C5    strip        PV           PV
ENCRYPTED_FILE       C6    PV           PV           PV
CALL_OFFER           C7    SU           SU           SU
CALL_NOTICE          C7    drop         drop         drop
CHAT_STATE           C8    strip        strip        strip
GONE                 C8    strip        strip        end
REAL_TIME_TEXT       C8    strip        strip        strip
RECEIPT              C9    strip        strip        strip
MARKER               C9    strip        strip        strip
XHTML                C10   text         page         rebuild
MARKUP               C10   strip        page         rebuild
TYPED_CONTENT        C10   text         page         rebuild
UNSTYLED             C11   pass         pass         pass
CORRECTION           C12   pass         pass         pass
RETRACTION           C13   pass         pass         pass
REPLY                C14   pass         pass         pass
FALLBACK             C14   pass         pass         pass
REACTION             C15   strip        strip        strip
MODERATION           C15   strip        strip        strip
ATTENTION            C15   strip        strip        strip
PEP_EVENT            C15   drop         drop         drop
NICK                 C15   strip        strip        strip
WRAPPER              C15   strip        strip        strip
STANZA_ID            C15   strip        strip        strip
ENCRYPTED            C16   PV           PV           PV
ENCRYPTION_MARK      C16   PV           PV           PV
ENCRYPTION_NOTICE    C16   strip        strip        strip
OVERSIZE             C18   PV           PV           PV
OVER_RATE            C18   RC           RC           RC
UNKNOWN              C0    strip        strip        strip
"""

REFUSALS = {
    "NA": "cancel/not-allowed",
    "PV": "modify/policy-violation",
    "SU": "cancel/service-unavailable",
    "RC": "wait/resource-constraint",
}

DIRECTIONS = ((Side.WORK, Side.AGENT), (Side.AGENT, Side.WORK), (Side.AGENT, Side.AGENT))

EXPECTED = {
    (feature, *direction): (rule, REFUSALS.get(outcome, outcome))
    for feature, rule, *outcomes in map(str.split, CONTENT.strip().splitlines())
    for direction, outcome in zip(DIRECTIONS, outcomes, strict=True)
}


def spelled_out(rule: Rule | None) -> tuple[str, str] | None:
    """``(rule, what happens)``; None for a cell that is not there, which denies."""
    if rule is None:
        return None
    answer = rule.reason and rule.reason.value
    return rule.spec, f"{answer.type}/{answer.condition}" if answer else rule.act.name.lower()


@pytest.mark.parametrize("feature", Feature, ids=lambda feature: feature.name)
def test_every_cell(feature: Feature) -> None:
    """feature x from x to x profile; nothing but a refusal leads from Work user to Work user (M11)."""
    for sender, receiver, profile in product(Side, Side, Profile):
        cell = MATRIX.get((feature, sender, receiver, profile))
        assert spelled_out(cell) == EXPECTED.get((feature.name, sender, receiver)), (sender, receiver, profile)


def test_nothing_else_is_in_the_table() -> None:
    """As many cells as the product has; a feature of the hand-written table that the code lost fails here."""
    assert len(MATRIX) == len(EXPECTED) * len(Profile)
    assert {feature for feature, _, _ in EXPECTED} == {feature.name for feature in Feature}


def test_every_content_rule_has_a_row() -> None:
    """C17 is about iqs, C2 about addresses: neither is something that a message carries."""
    rules = {f"C{number}" for number in range(1, 19)} - {"C2", "C17"}
    assert {rule.spec for rule in MATRIX.values()} == rules | {"C0"}


def test_history_window() -> None:
    """A1: the last 30 messages in profile 9.9, all of them in 9.10."""
    assert dict(HISTORY_WINDOW) == {Profile.V9_9: 30, Profile.V9_10: None}
