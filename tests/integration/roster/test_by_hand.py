"""What users do to their lists by hand stays as they want it, as far as it is allowed (D2)."""

import asyncio

import pytest

from tests.support.archived import query
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import ROSTER, XmppClient
from tests.support.contact_lists import contact, contacts_of, sees_contacts
from tests.support.faces import ALICE, BOB, CAROL, DAN, LENA, SERVICE, SUE, ask, face, gone, shows
from tests.support.log_ins import LogIn
from tests.support.matching import presence
from tests.support.server import TestServer

SALES, SUPPORT, ACME, AGENTS = "Sales desk", "Support desk", "Acme", "Agents"
BOBS_AGENTS = {
    **contact(ALICE, "Alice Ames", AGENTS),
    **contact(CAROL, "Carol Cho", AGENTS),
    **contact(DAN, "Dan Diaz", AGENTS),
    **contact(SUE, "Sue Shah", AGENTS),
    **contact(LENA, "Lena Lund", AGENTS),
}
NOBODY = "nobody@agents.acme.test"


@pytest.fixture
async def bob(bridge: BridgeProcess, login: LogIn) -> XmppClient:
    """Logged in, with his contacts there."""
    bob = await login(BOB)
    await sees_contacts(bob, BOBS_AGENTS)
    return bob


async def set_contact(client: XmppClient, address: str, name: str = "", *groups: str) -> None:
    """As a client does when its user edits a contact."""
    inside = "".join(f"<group>{group}</group>" for group in groups)
    item = f"<item jid='{address}' name='{name}'>{inside}</item>"
    await client.request(f"<iq type='set'><query xmlns='{ROSTER}'>{item}</query></iq>")


async def remove_contact(client: XmppClient, address: str) -> None:
    item = f"<item jid='{address}' subscription='remove'/>"
    await client.request(f"<iq type='set'><query xmlns='{ROSTER}'>{item}</query></iq>")


async def looked_through(bridge: BridgeProcess) -> None:
    """Everybody's list, once more."""
    await bridge.stop()
    done = bridge.count("up to date after")
    await bridge.restart()
    await bridge.logged("up to date after", done + 1)


async def in_mode_2(bridge: BridgeProcess) -> None:
    """And everybody's list is as it is there."""
    await bridge.logged("up to date after")
    bridge.write_config(mode=2)
    await bridge.reload()
    await bridge.logged("up to date after", 2)


async def declined(bridge: BridgeProcess) -> None:
    """Wait until it is written down that somebody does not want one of their contacts."""
    async with asyncio.timeout(90):
        while "declined" not in str(query(bridge, "SELECT notes FROM contact_notes")):  # noqa: ASYNC110 - it does not say when
            await asyncio.sleep(0.05)


async def test_a_contact_that_is_removed_stays_away(bridge: BridgeProcess, login: LogIn, bob: XmppClient) -> None:
    """After a restart too, whoever logs in; until it is added again."""
    await login(ALICE)
    await bob.expect(shows(ALICE))
    await remove_contact(bob, face(ALICE))
    await bob.expect(gone(ALICE))
    without_alice = {address: standing for address, standing in BOBS_AGENTS.items() if address != face(ALICE)}
    await declined(bridge)
    await looked_through(bridge)
    await sees_contacts(bob, without_alice)
    bob.forget()
    await ask(bob, ALICE)
    await bob.expect(shows(ALICE))
    await looked_through(bridge)
    await sees_contacts(bob, BOBS_AGENTS)


async def test_a_contact_kept_without_its_presence_stays_so(bridge: BridgeProcess, bob: XmppClient) -> None:
    await bob.send(f"<presence to='{face(ALICE)}' type='unsubscribe'/>")
    await declined(bridge)
    await looked_through(bridge)
    await sees_contacts(bob, BOBS_AGENTS, contact(ALICE, "Alice Ames", AGENTS, subscription="none"))


async def test_names_and_groups_that_the_user_chose_stay(bridge: BridgeProcess, login: LogIn) -> None:
    """What the user did not touch follows the directory."""
    await in_mode_2(bridge)
    carol = await login(CAROL)
    await sees_contacts(carol, contact(ALICE, "Alice Ames", SALES), contact(DAN, "Dan Diaz", SUPPORT))
    await set_contact(carol, face(ALICE), "Ally", SALES)
    await set_contact(carol, face(DAN), "Dan Diaz", "Friends")
    people = PEOPLE.replace("Alice Ames", "Alice Adler").replace("Dan Diaz", "Dan Dunn")
    bridge.write_people("acme", people.replace('"Sales desk"', '"Sales"'))
    await bridge.reload()
    await sees_contacts(carol, contact(ALICE, "Ally", "Sales"), contact(DAN, "Dan Dunn", "Friends"))


async def test_a_contact_added_by_hand_stays_while_it_is_allowed(bridge: BridgeProcess, login: LogIn) -> None:
    """Sue supervises sales and may write to every agent (M4), so also to Dan, who does not appear in mode 2."""
    await in_mode_2(bridge)
    sue, dan = await login(SUE), await login(DAN)
    supervised = (contact(ALICE, "Alice Ames", SALES), contact(CAROL, "Carol Cho", SALES))
    await sees_contacts(sue, *supervised)
    await set_contact(sue, face(DAN), "Danny", "Friends")
    await ask(sue, DAN)
    await sue.expect(shows(DAN))
    await looked_through(bridge)
    await sees_contacts(sue, *supervised, contact(DAN, "Danny", "Friends"))
    bridge.write_people("acme", PEOPLE.replace('supervises = ["sales"]', ""))
    await bridge.reload()
    await sees_contacts(sue)
    await sue.expect(gone(DAN))
    await dan.logout()


async def test_a_contact_added_by_address_alone_gets_its_name(bridge: BridgeProcess, login: LogIn) -> None:
    await in_mode_2(bridge)
    sue = await login(SUE)
    await ask(sue, DAN)
    await sue.expect(presence(sender=face(DAN), type="subscribed"))
    await looked_through(bridge)
    assert (await contacts_of(sue))[face(DAN)] == ("Dan Diaz", frozenset({ACME}), "to")


@pytest.mark.parametrize("address", [face(DAN), NOBODY, "alice.ames@directory.acme.test"])
async def test_who_may_not_be_seen_is_refused_and_does_not_stay(
    bridge: BridgeProcess, login: LogIn, address: str
) -> None:
    """P5, M10: for Alice in mode 2."""
    await in_mode_2(bridge)
    alice = await login(ALICE)
    await set_contact(alice, address, "Somebody")
    await alice.send(f"<presence to='{address}' type='subscribe'/>")
    await alice.expect(presence(sender=address, type="unsubscribed"))
    await looked_through(bridge)
    await sees_contacts(alice, contact(CAROL, "Carol Cho", SALES))


async def test_what_was_asked_while_deskbridge_was_away_is_answered(bridge: BridgeProcess, login: LogIn) -> None:
    bridge.write_config(mode=2)
    await bridge.stop()
    sue, _ = await login(SUE), await login(DAN)
    await ask(sue, DAN)
    await sue.expect(presence(sender=face(DAN), type="error"))
    await bridge.restart()
    await sue.expect(presence(sender=face(DAN), type="subscribed"))
    await sue.expect(shows(DAN))


async def test_whose_account_is_made_anew_gets_everybody_again(
    bridge: BridgeProcess, ejabberd: TestServer, login: LogIn
) -> None:
    """That all contacts went with the old account is not the user's doing."""
    erin = "erin@work.acme.test"
    await sees_contacts(await login(erin), BOBS_AGENTS)
    async with ejabberd.api() as api:
        await api.call("unregister", {"user": "erin", "host": "work.acme.test"})
    ejabberd.accounts.discard(erin)
    await sees_contacts(await login(erin, "new"), BOBS_AGENTS)


async def test_contacts_elsewhere_are_nobodys_business(bridge: BridgeProcess, bob: XmppClient) -> None:
    await set_contact(bob, "erin@work.acme.test", "Erin", "Friends")
    await looked_through(bridge)
    colleague = {"erin@work.acme.test": ("Erin", frozenset({"Friends"}), "none")}
    await sees_contacts(bob, BOBS_AGENTS, colleague)
    assert SERVICE in await bob.roster()
