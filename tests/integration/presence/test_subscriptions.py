"""Who may watch whose presence, and that the answer is quick and tells nothing (P5)."""

import pytest

from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, anything_of, ask, content, face, gone, shows, watch
from tests.support.log_ins import LogIn
from tests.support.matching import presence


class TestASubscription:
    async def test_allowed_at_once_with_the_current_presence(self, login: LogIn) -> None:
        bob, alice = await login(BOB), await login(ALICE, show="away")
        await ask(bob, ALICE)
        await bob.expect(presence(sender=face(ALICE), type="subscribed"))
        await bob.expect(shows(ALICE))
        await ask(alice, BOB)
        await alice.expect(presence(sender=face(BOB), type="subscribed"))
        await alice.expect(shows(BOB))
        await ask(bob, CAROL)
        await bob.expect(presence(sender=face(CAROL), type="subscribed"))
        await bob.expect(gone(CAROL))

    @pytest.mark.parametrize(
        ("watcher", "address"),
        [
            pytest.param(DAN, face(ALICE), id="M3-not-in-the-group"),
            pytest.param(BOB, face(ERIN), id="M11-colleague"),
            pytest.param(ALICE, face("alice.ames@work.acme.test"), id="M10-own-other-face"),
            pytest.param(BOB, "nobody@agents.acme.test", id="C2-no-such-face"),
            pytest.param(BOB, "alice@agents.globex.test", id="M9-other-tenant"),
            pytest.param("bob@work.globex.test", face(ALICE), id="M9-from-another-tenant"),
            pytest.param("mallory@work.acme.test", face(ALICE), id="M9-not-in-the-directory"),
        ],
    )
    async def test_denied_at_once_and_always_in_the_same_way(self, login: LogIn, watcher: str, address: str) -> None:
        watching, _ = await login(watcher), await login(ALICE, "desk")
        await watching.send(f"<presence to='{address}' type='subscribe'/>")
        answer = await watching.expect(presence(sender=address))
        assert (answer.get("type"), answer.get("from"), content(answer)) == ("unsubscribed", address, [])
        await watching.send(f"<presence to='{address}' type='probe'/>")
        await watching.send(f"<presence to='{address}'/>")
        await watching.expect_nothing(presence(sender=address, type=None))

    async def test_unsubscribing_ends_it(self, login: LogIn) -> None:
        bob, alice = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        await bob.send(f"<presence to='{face(ALICE)}' type='unsubscribe'/>")
        await bob.expect(gone(ALICE))
        await alice.logout()
        await alice.login()
        await bob.expect_nothing(anything_of(ALICE))

    async def test_every_log_in_of_the_watcher_is_answered(self, login: LogIn) -> None:
        bob, _ = await login(BOB), await login(ALICE)
        await watch(bob, ALICE)
        phone = await login(BOB, "phone")
        await phone.expect(shows(ALICE))
        await bob.expect_nothing(anything_of(ALICE))
