"""R5: a stanza that ejabberd would not take is never written to the stream, and nobody waits for what it said."""

from bisect import bisect_left

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.stream.connection import Connection
from component.ejabberd.ejabberd_yml import stanza_limit
from component.xml import encoded
from tests.support.archived import bodies, forget_delivery, query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, SERVICE, face
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import refused, send
from tests.support.server import TestServer

CONNECTED, LOST = "connected to ejabberd", "lost the connection"
POLICY = "modify/policy-violation"


def sized(bytes: int) -> str:
    """A message of so many bytes to somebody whom nobody can reach."""
    head = f"<message from='{SERVICE}' to='nobody@nowhere.test' type='headline'><body>"
    tail = "</body></message>"
    return f"{head}{'x' * (bytes - len(head) - len(tail))}{tail}"


def make_link(ejabberd: TestServer) -> Connection:
    def always() -> bool:
        return True

    def nothing(*_: object) -> None:
        pass

    limit = stanza_limit(ejabberd.settings)
    return Connection(ejabberd.settings.xmpp, SERVICE, limit, always, nothing, nothing, BackgroundTasks())


def largest(ejabberd: TestServer) -> int:
    """The bytes of the largest stanza that would be sent."""
    link = make_link(ejabberd)
    return bisect_left(range(600_000), True, key=lambda size: not link.fits("x" * size)) - 1


class TestWhatEjabberdTakes:
    @pytest.mark.parametrize("behind", [0, 1, 10, 400])
    async def test_the_largest_that_is_sent_with_others_in_the_same_write(
        self, ejabberd: TestServer, behind: int
    ) -> None:
        """ejabberd counts what it reads together with the end of a stanza."""
        text = sized(largest(ejabberd)) + sized(1_000) * behind
        async with ejabberd.component() as component:
            for number in range(5):
                await component.send(f"{text}<message from='{SERVICE}' to='{SERVICE}' id='end-{number}'/>")
                await component.expect(message(id=f"end-{number}"))

    async def test_one_of_the_limits_own_size_ends_the_stream(self, ejabberd: TestServer) -> None:
        component = ejabberd.component()
        await component.login()
        await component.send(sized(stanza_limit(ejabberd.settings)))
        await component.expect_closed()
        component.kill()

    def test_bytes_count_as_they_are_written(self, ejabberd: TestServer) -> None:
        link, size = make_link(ejabberd), largest(ejabberd)
        assert link.fits("é" * (size // 2))
        assert not link.fits("é" * (size // 2 + 1))
        assert not link.fits("x" * size, room=1)


class TestWhatXmlCannotHold:
    @pytest.mark.parametrize("character", ["\0", "\x08", "\x1f", "\ud800", "\ufffe", "\uffff"])
    def test_is_not_sent(self, character: str) -> None:
        assert encoded(f"<body>a{character}é</body>") == "<body>a\ufffdé</body>".encode()

    def test_nothing_else_changes(self) -> None:
        text = "<body>\t\r\n\x7f\x85\u2028\ufdd0\ufffd\U0001fffe\U0010ffff</body>"
        assert encoded(text) == text.encode()


async def test_a_message_that_gets_too_large_when_written_is_refused_and_not_kept(
    bridge: BridgeProcess, login: LogIn
) -> None:
    """A character reference of four bytes stands for each of these."""
    bob, alice = await login(BOB), await login(ALICE)
    thread = f"<thread><![CDATA[{'<' * 125_000}]]></thread>"
    for _ in range(3):
        id = await send(bob, face(ALICE), f"<body>Too much</body>{thread}")
        await refused(bob, id, face(ALICE), POLICY)
        assert bodies(bridge, id) == []
    await bob.say(face(ALICE), "Less")
    await alice.expect(message(body="Less"))
    assert (bridge.count(CONNECTED), bridge.count(LOST)) == (1, 0)


async def test_a_message_that_was_kept_and_cannot_be_sent_is_withdrawn(bridge: BridgeProcess, login: LogIn) -> None:
    """As when the limit is lower than it was. Its sender is told once, and it is not tried again."""
    bob, alice = await login(BOB), await login(ALICE)
    id = await bob.say(face(ALICE), "Long ago")
    await alice.expect(message(body="Long ago"))
    await bridge.stop()
    forget_delivery(bridge)
    thread = f"<thread>{'&lt;' * 125_000}</thread>"
    query(bridge, "UPDATE message SET payload = payload || ? WHERE client_id = ?", thread, id)
    await bridge.restart()
    await refused(bob, id, face(ALICE), POLICY)
    await ticked_off(bridge)
    assert query(bridge, "SELECT count(*) FROM message WHERE withdrawn_at IS NULL") == [0]
    await bridge.stop()
    await bridge.restart()
    await bob.say(face(ALICE), "Now")
    await alice.expect(message(body="Now"))
    assert bob.take(message(type="error")) == []
    assert bridge.count(LOST) == 0
