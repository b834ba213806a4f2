"""Lists get right whatever is killed meanwhile, and whoever comes late (D2, P6)."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from component.config.configuration import load_settings
from component.config.directory_file import load_directories
from component.directory.world import World
from component.model import Settings, Side
from component.policy.roster_members import People, contacts
from tests.integration.roster.conftest import LIMIT
from tests.support.archived import query
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.contact_lists import contact, contacts_of, sees_contacts
from tests.support.faces import ALICE, BOB, CAROL, DAN, LENA, SUE, face, shows
from tests.support.log_ins import LogIn
from tests.support.server import TestServer
from tests.support.storage import lose

SALES, SUPPORT, AGENTS = "Sales desk", "Support desk", "Agents"
BOBS_AGENTS = {
    **contact(ALICE, "Alice Ames", AGENTS),
    **contact(CAROL, "Carol Cho", AGENTS),
    **contact(DAN, "Dan Diaz", AGENTS),
    **contact(SUE, "Sue Shah", AGENTS),
    **contact(LENA, "Lena Lund", AGENTS),
}
DORA = '\n[[people]]\nname = "Dora Dahl"\nagent = "dora"\nwork = "dora"\ngroups = ["support"]\n'
EVERYBODY = 14
"""Accounts, Dora's two among them."""


Row = tuple[str, str, str, tuple[str, ...]]
"""Whose contact: account, face, name, groups."""


class Lists:
    """What ejabberd has, what deskbridge noted, and what both should be."""

    def __init__(self, bridge: BridgeProcess, ejabberd: TestServer) -> None:
        self._bridge = bridge
        self._ejabberd = ejabberd

    async def get_right(self, seconds: float = 20) -> None:
        """Wait until ejabberd and deskbridge agree on what the directory says."""
        wanted = set(self._wanted())
        try:
            async with asyncio.timeout(seconds):
                while not await self._are(wanted):  # noqa: ASYNC110 - neither of them says when
                    await asyncio.sleep(0.1)
        except TimeoutError:
            actual = await self._actual(wanted)
            raise AssertionError(f"missing {wanted - actual}, too many {actual - wanted}") from None

    async def _are(self, wanted: set[Row]) -> bool:
        return await self._actual(wanted) == wanted and self._watched() == {row[:2] for row in wanted}

    def _wanted(self) -> Iterator[Row]:
        config = load_settings(self._bridge.config, {"DESKBRIDGE_XMPP_SECRET": "none"})
        world = World.of(load_directories(config))
        for tenant in world.tenants:
            parties = {side: world.parties(tenant, side) for side in Side}
            people = People.of(world.directory(tenant), parties[Side.WORK], parties[Side.AGENT])
            for viewer in (*parties[Side.WORK], *parties[Side.AGENT]):
                for address, entry in contacts(viewer, people).items():
                    yield viewer.account, address, entry.name, tuple(sorted(entry.groups))

    async def _actual(self, wanted: set[Row]) -> set[object]:
        found: set[object] = set()
        async with self._ejabberd.api() as api:
            for account in {row[0] for row in wanted}:
                for address, item in (await api.contacts(account)).items():
                    if "@" in address:
                        assert item.subscription == "to"
                        found.add((account, address, item.name, tuple(sorted(item.groups))))
        return found

    def _watched(self) -> set[object]:
        sql = "SELECT jid, face FROM subscription JOIN account ON account.id = watcher_id"
        return set(query(self._bridge, sql))


@pytest.fixture
def lists(bridge: BridgeProcess, ejabberd: TestServer) -> Lists:
    return Lists(bridge, ejabberd)


async def test_a_deskbridge_killed_at_any_time_goes_on(bridge: BridgeProcess, lists: Lists) -> None:
    """The directory changes while it is down. Nobody's own choice is taken for deskbridge's, nor the other way."""
    chance = random.Random(6)
    await lists.get_right()
    for number in range(4):
        await bridge.kill()
        people = PEOPLE.replace("Carol Cho", f"Carol {number}").replace('"Sales desk"', f'"Sales {number}"')
        bridge.write_people("acme", people if number % 2 else people + DORA)
        await bridge.restart()
        await asyncio.sleep(chance.uniform(0, 0.25))
    await lists.get_right()


async def test_an_ejabberd_killed_in_the_middle(
    bridge: BridgeProcess, ejabberd: TestServer, lists: Lists, login: LogIn
) -> None:
    await lists.get_right()
    bridge.write_people("acme", PEOPLE.replace("Carol Cho", "Carol Chu") + DORA)
    await bridge.reload()
    await asyncio.to_thread(ejabberd.server.kill)
    await asyncio.sleep(0.3)
    await asyncio.to_thread(ejabberd.server.start)
    await lists.get_right(40)
    bob, _ = await login(BOB), await login(CAROL)
    await bob.expect(shows(CAROL))


async def test_whose_account_is_made_later_finds_everybody_there(
    bridge: BridgeProcess, lists: Lists, login: LogIn
) -> None:
    bridge.write_people("acme", PEOPLE + DORA)
    await bridge.reload()
    await lists.get_right()
    dora = await login("dora@work.acme.test")
    assert await contacts_of(dora) == BOBS_AGENTS, "but for herself as an agent (M10)"


async def test_a_lost_database_is_no_trouble(bridge: BridgeProcess, lists: Lists) -> None:
    """What ejabberd has is recognised as what deskbridge once put there."""
    await lists.get_right()
    await bridge.kill()
    lose(bridge.storage)
    bridge.write_people("acme", PEOPLE)
    await bridge.restart()
    await lists.get_right()
    bridge.write_people("acme", PEOPLE.replace("Carol Cho", "Carol Chu"))
    await bridge.reload()
    await lists.get_right()


async def test_a_subscription_that_is_only_remembered_is_forgotten(
    bridge: BridgeProcess, ejabberd: TestServer, lists: Lists
) -> None:
    """As after a crash between the user's removing a contact and the line that writes it down."""
    await bridge.stop()
    bridge.write_config(roster_limit=0)
    async with ejabberd.api() as api:
        await api.delete_contact(BOB, face(ALICE))
    await bridge.restart()
    await lists.get_right()


async def test_two_organisations_get_their_own(
    ejabberd: TestServer, settings: Settings, tmp_path: Path, login: LogIn
) -> None:
    """AD4"""
    their_bob = BOB.replace("acme", "globex")
    async with BridgeProcess(tmp_path, ejabberd.settings, LIMIT) as bridge:
        bridge.write_config(roster_limit=1)
        await bridge.reload()
        await sees_contacts(
            await login(their_bob),
            {address.replace("acme", "globex"): standing for address, standing in BOBS_AGENTS.items()},
        )
        await sees_contacts(await login(BOB))
        await sees_contacts(await login(DAN), contact(CAROL, "Carol Cho", SUPPORT))
    async with BridgeProcess(tmp_path, ejabberd.settings) as bridge:
        await bridge.logged("up to date after")
