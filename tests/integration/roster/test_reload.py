"""What the directory or the configuration changes, changes in everybody's list (D1, D2)."""

import pytest

from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.contact_lists import contact, sees_contacts
from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, LENA, SUE, ask, gone, shows
from tests.support.log_ins import LogIn
from tests.support.matching import presence

SALES, SUPPORT, ACME, AGENTS = "Sales desk", "Support desk", "Acme", "Agents"

CAROL_CHO = """
[[people]]
name = "Carol Cho"
agent = "carol"
groups = ["sales", "support"]
"""
DORA = """
[[people]]
name = "Dora Dahl"
agent = "dora"
work = "dora"
groups = ["support"]
"""
BOBS_AGENTS = (
    contact(ALICE, "Alice Ames", AGENTS),
    contact(CAROL, "Carol Cho", AGENTS),
    contact(DAN, "Dan Diaz", AGENTS),
    contact(SUE, "Sue Shah", AGENTS),
    contact(LENA, "Lena Lund", AGENTS),
)
ALICES_CONTACTS = (
    contact(CAROL, "Carol Cho", SALES),
    contact(DAN, "Dan Diaz", ACME),
    contact("sue@work.acme.test", "Sue Shah (Work)", ACME),
    contact("lena@work.acme.test", "Lena Lund (Work)", ACME),
    contact(BOB, "Bob Berg", ACME),
    contact(ERIN, "Erin Egg", ACME),
)
CAROLS_COLLEAGUES = (*ALICES_CONTACTS[2:], contact("alice.ames@work.acme.test", "Alice Ames (Work)", ACME))


@pytest.fixture
async def bob(bridge: BridgeProcess, login: LogIn) -> XmppClient:
    """Logged in, with his contacts there."""
    bob = await login(BOB)
    await sees_contacts(bob, *BOBS_AGENTS)
    bob.forget()
    return bob


async def test_who_joins_appears(bridge: BridgeProcess, login: LogIn, bob: XmppClient) -> None:
    """For both sides, with what they are; also who was logged in before the directory knew of them."""
    dora = await login("dora@cc.acme.test", show="away")
    bridge.write_people("acme", PEOPLE + DORA)
    await bridge.reload()
    await bob.expect(shows("dora@cc.acme.test", show=None))
    await sees_contacts(bob, *BOBS_AGENTS, contact("dora@cc.acme.test", "Dora Dahl", AGENTS))
    await dora.expect(shows(BOB))


async def test_who_leaves_disappears(bridge: BridgeProcess, login: LogIn, bob: XmppClient) -> None:
    """From everybody's list, and everybody from theirs."""
    carol = await login(CAROL)
    await bob.expect(shows(CAROL))
    bridge.write_people("acme", PEOPLE.replace(CAROL_CHO, ""))
    await bridge.reload()
    await bob.expect(gone(CAROL))
    await sees_contacts(bob, *(some for some in BOBS_AGENTS if "carol@agents.acme.test" not in some))
    await sees_contacts(carol)


async def test_who_left_while_deskbridge_was_stopped_disappears(
    bridge: BridgeProcess, login: LogIn, bob: XmppClient
) -> None:
    carol = await login(CAROL)
    await bob.expect(shows(CAROL))
    await bridge.stop()
    bridge.write_people("acme", PEOPLE.replace(CAROL_CHO, ""))
    await bridge.restart()
    await sees_contacts(bob, *(some for some in BOBS_AGENTS if "carol@agents.acme.test" not in some))
    await sees_contacts(carol)


async def test_names_and_groups_follow(bridge: BridgeProcess, login: LogIn) -> None:
    """One push for each contact that changes, and none for the others."""
    carol = await login(CAROL)
    await sees_contacts(
        carol, contact(ALICE, "Alice Ames", SALES), contact(DAN, "Dan Diaz", SUPPORT), *CAROLS_COLLEAGUES
    )
    carol.forget()
    bridge.write_people("acme", PEOPLE.replace('"Dan Diaz"', '"Dan Dunn"').replace('"Sales desk"', '"Sales"'))
    await bridge.reload()
    await sees_contacts(
        carol, contact(ALICE, "Alice Ames", "Sales"), contact(DAN, "Dan Dunn", SUPPORT), *CAROLS_COLLEAGUES
    )
    assert sorted(pushed(carol)) == ["alice@agents.acme.test", "dan@agents.acme.test"]


async def test_who_changes_groups_moves(bridge: BridgeProcess, login: LogIn) -> None:
    """M3, M5: Carol stays among Dan's contacts through the directory; Alice comes."""
    dan = await login(DAN)
    bridge.write_config(mode=2)
    await bridge.reload()
    await sees_contacts(dan, contact(CAROL, "Carol Cho", SUPPORT))
    bridge.write_people("acme", PEOPLE.replace('groups = ["support"]', 'groups = ["sales"]'))
    await bridge.reload()
    await sees_contacts(dan, contact(CAROL, "Carol Cho", SALES), contact(ALICE, "Alice Ames", SALES))


async def test_a_change_of_mode_takes_effect(bridge: BridgeProcess, login: LogIn, bob: XmppClient) -> None:
    alice = await login(ALICE)
    await bob.expect(shows(ALICE))
    bridge.write_config(mode=2)
    await bridge.reload()
    await bob.expect(gone(ALICE))
    await sees_contacts(bob)
    await sees_contacts(alice, contact(CAROL, "Carol Cho", SALES))
    bridge.write_config()
    await bridge.reload()
    await sees_contacts(bob, *BOBS_AGENTS)
    await bob.expect(shows(ALICE))
    await sees_contacts(alice, *ALICES_CONTACTS)


async def test_beyond_the_limit_only_teams_appear(bridge: BridgeProcess, login: LogIn, bob: XmppClient) -> None:
    """``roster_limit``; whoever is not listed any more may still be asked for."""
    carol, _ = await login(CAROL), await login(ALICE)
    await bob.expect(shows(ALICE))
    bridge.write_config(roster_limit=4)
    await bridge.reload()
    await sees_contacts(carol, contact(ALICE, "Alice Ames", SALES), contact(DAN, "Dan Diaz", SUPPORT))
    await sees_contacts(bob)
    await bob.expect(gone(ALICE))
    await ask(bob, ALICE)
    await bob.expect(presence(sender="alice@agents.acme.test", type="subscribed"))
    await bob.expect(shows(ALICE))
    await sees_contacts(bob, contact(ALICE, ""))


async def test_nothing_is_looked_at_when_nothing_changed(bridge: BridgeProcess, bob: XmppClient) -> None:
    await bridge.logged("up to date after")
    await bridge.reload()
    assert bridge.count("up to date after") == 1
    bridge.write_people("acme", PEOPLE.replace("Alice Ames", "Alice Adler"))
    await bridge.reload()
    await bridge.logged("up to date after", 2)
    assert pushed(bob) == ["alice@agents.acme.test"]


def pushed(client: XmppClient) -> list[str]:
    """Contacts of which the client was told since it last forgot what it knows."""
    stanzas = client.take(lambda stanza: stanza.find("{jabber:iq:roster}query") is not None)
    items = [item for stanza in stanzas if stanza.get("type") == "set" for item in stanza.iter()]
    return [item.get("jid", "") for item in items if item.tag == "{jabber:iq:roster}item"]
