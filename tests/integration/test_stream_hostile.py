"""R2: one person's stanzas, whatever is in them, end nobody's stream.

ejabberd passes XML on that readers of namespaces refuse. Each kind here once ended the component's stream.
"""

from collections.abc import AsyncIterator

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, SERVICE, face, shows, watch
from tests.support.log_ins import LogIn
from tests.support.matching import iq, message
from tests.support.scripts import carried
from tests.support.server import TestServer

LENA = "lena@work.acme.test"

CONNECTED, LOST, READY = "connected to ejabberd", "lost the connection", "ready after"

STRANGE = {
    "a brace in a namespace": "<x xmlns='}'/>",
    "a brace in a prefix's namespace": "<p:x xmlns:p='a}b' p:k='1'/>",
    "a namespace that only xml has": "<xml:x/>",
    "a prefix of the sender's own stream": "<own:x/>",
    "an attribute with such a prefix": "<x xmlns='of:nobody' own:k='1'/>",
}
"""Of a client whose stream declares the prefix ``own``."""


@pytest.fixture(scope="module")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """One for all that is strange: nothing of it must end its stream. Alice has Lena among her contacts."""
    await ejabberd.empty_rosters()
    async with BridgeProcess(tmp_path_factory.mktemp("bridge"), ejabberd.settings) as process:
        async with await ejabberd.client(LENA), await ejabberd.client(ALICE) as alice:
            await watch(alice, LENA)
        yield process


@pytest.fixture
async def lena(bridge: BridgeProcess, ejabberd: TestServer) -> AsyncIterator[XmppClient]:
    """A Work user whose stream declares a prefix."""
    client = await ejabberd.client(LENA)
    client.declarations = "xmlns:own='of:lena'"
    async with client:
        yield client


@pytest.mark.parametrize("content", STRANGE.values(), ids=list(STRANGE))
class TestStrangeNames:
    async def test_in_messages(self, bridge: BridgeProcess, login: LogIn, lena: XmppClient, content: str) -> None:
        """What nobody knows is taken out, and the rest goes on."""
        connected, alice = bridge.count(CONNECTED), await login(ALICE)
        for _ in range(3):
            await lena.send(f"<message to='{face(ALICE)}' type='chat'><body>Hello</body>{content}</message>")
            got = await alice.expect(message(body="Hello"))
            assert carried(got) == "body"
        assert (bridge.count(CONNECTED), bridge.count(LOST)) == (connected, 0)

    async def test_in_requests(self, bridge: BridgeProcess, lena: XmppClient, content: str) -> None:
        """They are answered as any that nobody knows."""
        connected = bridge.count(CONNECTED)
        for to in (SERVICE, "directory.acme.test", face(ALICE)):
            for type in ("get", "set"):
                answer = await lena.request(f"<iq type='{type}' to='{to}'>{content}</iq>")
                assert iq(type="error")(answer)
        assert (bridge.count(CONNECTED), bridge.count(LOST)) == (connected, 0)

    async def test_in_presence(self, bridge: BridgeProcess, login: LogIn, lena: XmppClient, content: str) -> None:
        """Who sends it is logged in all the same, also when everybody is asked anew."""
        connected, alice = bridge.count(CONNECTED), await login(ALICE)
        await lena.send(f"<presence><show>away</show>{content}</presence>")
        await alice.expect(shows(LENA, show="away"))
        await bridge.stop()
        await bridge.restart()
        await lena.say(face(ALICE), "Still here")
        await alice.expect(message(body="Still here"))
        assert (bridge.count(CONNECTED), bridge.count(LOST)) == (connected + 1, 0)
