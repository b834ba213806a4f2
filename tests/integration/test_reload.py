"""SIGHUP: files are read again, and what they change holds at once (D1)."""

import re

import pytest

from tests.support.archived import query
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, BOB, CAROL, DAN, ask, face, gone, shows, taken_out, watch
from tests.support.log_ins import LogIn
from tests.support.matching import message, presence
from tests.support.scripts import error_of

pytestmark = pytest.mark.usefixtures("empty_rosters")

DONE, REFUSED = "process: reloaded", "reload refused, nothing was changed"

CAROL_CHO = """
[[people]]
name = "Carol Cho"
agent = "carol"
groups = ["sales", "support"]
"""


async def refused(client: XmppClient, to: str) -> str:
    """The error that a message to this person's face gets."""
    sent = await client.say(face(to), "May I?")
    return error_of(await client.expect(message(id=sent, type="error")))


async def goes_through(sender: XmppClient, receiver: XmppClient) -> None:
    sent = await sender.say(face(receiver.account), "I may")
    await receiver.expect(message(id=sent, type="chat"))


class TestThePeople:
    async def test_who_is_removed_is_gone(self, bridge: BridgeProcess, login: LogIn) -> None:
        """For watchers, for the agent she was chatting with, and for everybody who writes to her."""
        bob, alice, carol = await login(BOB), await login(ALICE), await login(CAROL)
        await watch(bob, CAROL)
        await goes_through(carol, alice)
        bridge.write_people("acme", PEOPLE.replace(CAROL_CHO, ""))
        await bridge.reload()
        await bob.expect(gone(CAROL))
        await bob.expect(taken_out(CAROL))
        await alice.expect(message(sender=face(CAROL), body="ⓘ Carol Cho logged out. This chat has ended."))
        assert query(bridge, "SELECT end_reason FROM conversation WHERE kind = 'desk'") == ["logged-out"]
        assert await refused(carol, ALICE) == "auth/forbidden"
        assert await refused(bob, CAROL) == "cancel/item-not-found"
        await carol.set_presence(show="away")
        await bob.expect_nothing(presence(sender=face(CAROL)))

    async def test_who_is_back_is_there_as_before(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Without logging in again."""
        bob, carol = await login(BOB), await login(CAROL, show="away")
        for people in (PEOPLE.replace(CAROL_CHO, ""), PEOPLE):
            bridge.write_people("acme", people)
            await bridge.reload()
        await ask(bob, CAROL)
        await bob.expect(shows(CAROL))
        await goes_through(bob, carol)

    async def test_groups_decide_anew(self, bridge: BridgeProcess, login: LogIn) -> None:
        """M3"""
        alice, dan = await login(ALICE), await login(DAN)
        assert await refused(dan, ALICE) == "auth/forbidden"
        bridge.write_people("acme", PEOPLE.replace('groups = ["support"]', 'groups = ["support", "sales"]'))
        await bridge.reload()
        await goes_through(dan, alice)


class TestTheTenant:
    async def test_mode_and_version_can_change(self, bridge: BridgeProcess, login: LogIn) -> None:
        """M1, P5: in mode 2 Work users and agents do not meet."""
        bob, alice = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        bridge.write_config(mode=2, version="9.9")
        await bridge.reload()
        await bob.expect(gone(ALICE))
        assert await refused(bob, ALICE) == "auth/forbidden"
        bridge.write_config()
        await bridge.reload()
        await goes_through(bob, alice)
        assert bridge.count(DONE) == 2

    async def test_limits_can_change(self, bridge: BridgeProcess, login: LogIn) -> None:
        """C18"""
        bob, alice = await login(BOB), await login(ALICE)
        await goes_through(bob, alice)
        bridge.write_config(limits={"body_chars": 3})
        await bridge.reload()
        assert await refused(bob, ALICE) == "modify/policy-violation"

    async def test_what_takes_a_restart_is_refused_with_words(self, bridge: BridgeProcess, login: LogIn) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        bridge.write_people("acme", PEOPLE.replace(CAROL_CHO, ""))
        for change in ({"work_host": "office.acme.test"}, {"id": "umbrella"}):
            bridge.write_config(**change)
            await bridge.reload()
        words = f"{REFUSED}: tenants or their hosts changed, which takes a restart of deskbridge"
        assert bridge.count(words) == 2
        await goes_through(bob, alice)
        assert await refused(bob, CAROL) == "wait/recipient-unavailable", "Carol is still in the directory"


class TestABadFile:
    async def test_changes_nothing_and_says_where(self, bridge: BridgeProcess, login: LogIn) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        for people, words in (
            (PEOPLE.replace('name = "Bob Berg"', "name = "), "value"),
            (PEOPLE + '\n[[people]]\nname = "Other Bob"\nwork = "bob"\n', "bob"),
            (PEOPLE.replace('groups = ["sales"]', 'groups = ["sails"]'), "sails"),
        ):
            bridge.write_people("acme", people)
            await bridge.reload()
            complaint = bridge.log.read_text().rpartition(REFUSED)[2]
            assert words in complaint
            assert re.search(r"acme\.toml:\d+", complaint), "it says the line"
            await goes_through(bob, alice)
        await bob.expect_nothing(presence(sender=face(ALICE)))

    async def test_in_one_tenant_changes_nothing_in_the_others(self, bridge: BridgeProcess, login: LogIn) -> None:
        bob = await login(BOB)
        bridge.write_people("acme", PEOPLE.replace(CAROL_CHO, ""))
        bridge.write_people("globex", "people = 1")
        await bridge.reload()
        assert bridge.count(REFUSED) == 1
        assert await refused(bob, CAROL) == "wait/recipient-unavailable"
