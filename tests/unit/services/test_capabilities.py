"""What faces advertise is what the policy table lets through, and nothing else (D3)."""

import pytest

from component.model import Profile, Side
from component.policy.features import Feature
from component.policy.matrix import DIRECTIONS, MATRIX, Act
from component.services.capabilities import ADVERTISED, TAKEN, abilities

NEVER = (Feature.GROUP_CHAT, Feature.FILE, Feature.CALL_OFFER, Feature.CHAT_STATE, Feature.RECEIPT, Feature.ENCRYPTED)
"""A client must not offer calls, files, typing or group chats for a face."""


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda sides: "-".join(sides))
class TestEveryDirection:
    def test_nothing_that_is_refused_or_lost(self, direction: tuple[Side, Side], profile: Profile) -> None:
        offered = set(abilities(*direction, profile))
        for feature, namespaces in ADVERTISED.items():
            taken = MATRIX[feature, *direction, profile].act in TAKEN
            assert set(namespaces) <= offered if taken else not set(namespaces) & offered, feature

    def test_never(self, direction: tuple[Side, Side], profile: Profile) -> None:
        offered = set(abilities(*direction, profile))
        for feature in NEVER:
            assert ADVERTISED[feature]
            assert not set(ADVERTISED[feature]) & offered


def test_rich_text_where_it_arrives() -> None:
    """C10: agents may format, Work users' formatting is lost on agents."""
    xhtml = "http://jabber.org/protocol/xhtml-im"
    assert xhtml in abilities(Side.AGENT, Side.AGENT, Profile.V9_10)
    assert xhtml in abilities(Side.AGENT, Side.WORK, Profile.V9_10)
    assert xhtml not in abilities(Side.WORK, Side.AGENT, Profile.V9_10)


def test_what_is_taken() -> None:
    assert not TAKEN & {Act.REFUSE, Act.DROP, Act.STRIP, Act.END, Act.LINK}
