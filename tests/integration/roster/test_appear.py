"""Contacts appear by themselves, named, grouped, and with the right presence (D2)."""

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.contact_lists import contact, sees_contacts
from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, LENA, SUE, gone, shows
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.server import TestServer

SALES, SUPPORT, ACME, AGENTS = "Sales desk", "Support desk", "Acme", "Agents"
ALICE_AMES, SUE_SHAH, LENA_LUND = "alice.ames@work.acme.test", "sue@work.acme.test", "lena@work.acme.test"


class TestInModeThree:
    async def test_agents_get_their_groups_and_the_directory(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Work users, and Dan, who has no Work licence (M5); not Sue and Lena as agents, not herself (M10)."""
        await sees_contacts(
            await login(ALICE),
            contact(CAROL, "Carol Cho", SALES),
            contact(DAN, "Dan Diaz", ACME),
            contact(SUE_SHAH, "Sue Shah (Work)", ACME),
            contact(LENA_LUND, "Lena Lund (Work)", ACME),
            contact(BOB, "Bob Berg", ACME),
            contact(ERIN, "Erin Egg", ACME),
        )

    async def test_work_users_get_the_agents(self, bridge: BridgeProcess, login: LogIn) -> None:
        await sees_contacts(
            await login(BOB),
            contact(ALICE, "Alice Ames", AGENTS),
            contact(CAROL, "Carol Cho", AGENTS),
            contact(DAN, "Dan Diaz", AGENTS),
            contact(SUE, "Sue Shah", AGENTS),
            contact(LENA, "Lena Lund", AGENTS),
        )

    async def test_supervisors_get_whom_they_supervise(self, bridge: BridgeProcess, login: LogIn) -> None:
        await sees_contacts(
            await login(SUE),
            contact(ALICE, "Alice Ames", SALES),
            contact(CAROL, "Carol Cho", SALES),
            contact(DAN, "Dan Diaz", ACME),
            contact(ALICE_AMES, "Alice Ames (Work)", ACME),
            contact(LENA_LUND, "Lena Lund (Work)", ACME),
            contact(BOB, "Bob Berg", ACME),
            contact(ERIN, "Erin Egg", ACME),
        )

    async def test_presence_follows_both_ways(self, bridge: BridgeProcess, login: LogIn) -> None:
        alice = await login(ALICE, show="away")
        bob = await login(BOB)
        await bob.expect(shows(ALICE, show=None))
        await alice.expect(shows(BOB))
        await bob.set_presence(show="dnd")
        await alice.expect(shows(BOB, show="dnd"))
        sent = await bob.say("alice@agents.acme.test", "Hello")
        await alice.expect(message(id=sent, body="Hello"))
        await alice.logout()
        await bob.expect(gone(ALICE))

    async def test_who_is_here_already_gets_them_with_their_presence(
        self, ejabberd: TestServer, bridge: BridgeProcess, login: LogIn
    ) -> None:
        """Pushed to a client that is connected; what each face shows comes at once."""
        await bridge.logged("up to date after")
        await bridge.stop()
        await ejabberd.empty_rosters()
        bob, carol = await login(BOB), await login(CAROL, show="dnd")
        await bridge.restart()
        await bob.expect(shows(CAROL, show=None))
        await carol.expect(shows(BOB))
        await carol.logout()
        await bob.expect(gone(CAROL))


@pytest.mark.parametrize("mode", [1, 2])
async def test_in_other_modes_agents_get_agents_only(bridge: BridgeProcess, login: LogIn, mode: int) -> None:
    bridge.write_config(mode=mode)
    await bridge.reload()
    await sees_contacts(await login(CAROL), contact(ALICE, "Alice Ames", SALES), contact(DAN, "Dan Diaz", SUPPORT))
    await sees_contacts(await login(SUE), contact(ALICE, "Alice Ames", SALES), contact(CAROL, "Carol Cho", SALES))
    for account in (LENA, BOB):
        await sees_contacts(await login(account))
