"""Two organisations at once on one stream, with people of the same names (AD4)."""

from itertools import product
from pathlib import Path

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, anything_of, face, gone, last_seen, shows, watch
from tests.support.log_ins import LogIn
from tests.support.matching import message, presence
from tests.support.past import past
from tests.support.scripts import error_of, error_text
from tests.support.server import TestServer

pytestmark = pytest.mark.usefixtures("empty_rosters")


INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"


def other(account: str) -> str:
    """The same name in the other organisation."""
    return account.replace("acme", "globex")


async def test_each_sees_only_their_own(bridge: BridgeProcess, login: LogIn) -> None:
    """Presence: the Alice of Globex comes, changes and goes, and nobody of Acme is told."""
    bob, their_bob = await login(BOB), await login(other(BOB))
    await watch(bob, ALICE)
    await watch(their_bob, other(ALICE))
    their_alice = await login(other(ALICE))
    await their_bob.expect(shows(other(ALICE)))
    assert not last_seen(bob, ALICE)
    alice = await login(ALICE)
    await bob.expect(shows(ALICE))
    await their_alice.logout()
    await their_bob.expect(gone(other(ALICE)))
    await alice.set_presence(show="dnd")
    await bob.expect_nothing(anything_of(ALICE))
    assert last_seen(bob, ALICE)


async def test_each_hears_only_their_own(bridge: BridgeProcess, login: LogIn) -> None:
    """Messages, to all four at the same time and under the same id."""
    clients = {account: await login(account) for name in (ALICE, BOB) for account in (name, other(name))}
    pairs = [(BOB, ALICE), (ALICE, BOB), (other(BOB), other(ALICE)), (other(ALICE), other(BOB))]
    for sender, receiver in pairs:
        await clients[sender].send(
            f"<message to='{face(receiver)}' type='chat' id='same'><body>{sender} says</body></message>"
        )
    for sender, receiver in pairs:
        got = await clients[receiver].expect(message(id="same"))
        assert (got.get("from"), got.findtext("{*}body")) == (face(sender), f"{sender} says")
    for client in clients.values():
        await client.expect_nothing(message(), seconds=0.1)


async def test_the_others_faces_are_denied_as_if_there_were_none(bridge: BridgeProcess, login: LogIn) -> None:
    """Whether there is somebody of that name, logged in or not, shows in no answer."""
    bob, _ = await login(BOB), await login(other(ALICE))
    for address in ("alice@agents.globex.test", "bob@directory.globex.test", "nobody@agents.globex.test"):
        await bob.send(f"<presence to='{address}' type='subscribe'/>")
        assert (await bob.expect(presence(sender=address))).get("type") == "unsubscribed"
        await bob.send(f"<presence to='{address}' type='probe'/>")
        sent = await bob.say(address, "Hello")
        assert error_of(await bob.expect(message(id=sent))) == "auth/forbidden"
        answer = await bob.request(f"<iq to='{address}' type='get'><query xmlns='{INFO}'/></iq>")
        assert error_of(answer) == "auth/forbidden"
    await bob.expect_nothing(lambda stanza: presence(type=None)(stanza) and "globex" in stanza.get("from", ""))


async def test_the_others_services_say_nothing(bridge: BridgeProcess, login: LogIn) -> None:
    bob = await login(BOB)
    for host, namespace in product(("agents.globex.test", "directory.globex.test"), (INFO, ITEMS)):
        answer = await bob.request(f"<iq to='{host}' type='get'><query xmlns='{namespace}'/></iq>")
        assert error_of(answer) == "auth/forbidden"
        assert "Globex" not in error_text(answer)
        await bob.send(f"<presence to='{host}' type='subscribe'/>")
        assert (await bob.expect(presence(sender=host))).get("type") == "unsubscribed"


async def test_a_reload_of_one_does_not_touch_the_other(bridge: BridgeProcess, login: LogIn) -> None:
    """Mode 2 in Acme; in Globex all goes on."""
    bob, alice = await login(other(BOB)), await login(other(ALICE))
    await watch(bob, other(ALICE))
    bridge.write_config(mode=2)
    await bridge.reload()
    await bob.say(face(other(ALICE)), "Still here")
    await alice.expect(message(body="Still here"))
    await bob.expect_nothing(anything_of(other(ALICE)))


async def test_one_that_is_gone_holds_up_nobody(ejabberd: TestServer, tmp_path: Path, login: LogIn) -> None:
    """R3: messages were on their way when their organisation was taken out of the configuration."""
    async with past(tmp_path) as written:
        await written.on_its_way(("alice@cc.initech.test", "bob@work.initech.test", "Hello"))
    async with BridgeProcess(tmp_path, ejabberd.settings) as bridge:
        bob, alice = await login(BOB), await login(ALICE)
        await bob.say(face(ALICE), "Still there?")
        await alice.expect(message(body="Still there?"))
        assert bridge.count("connected to ejabberd") == 1
