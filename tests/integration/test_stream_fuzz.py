"""R2: thousands of hostile stanzas by chance, through a real ejabberd, and nobody else notices.

What ejabberd itself refuses ends the hostile client's stream, which logs in again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from xml.etree.ElementTree import Element

import pytest

from component.bridge.stream.xml_parser import StreamParser
from tests.support.bridge import BridgeProcess
from tests.support.client import PING, XmppClient
from tests.support.faces import ALICE, BOB, SERVICE, face
from tests.support.hostile import DECLARATIONS, Hostile
from tests.support.log_ins import LogIn
from tests.support.matching import iq, message
from tests.support.server import TestServer
from tests.support.stream import StreamClosed

CONNECTED, LOST, UNHANDLED = "connected to ejabberd", "lost the connection", "could not be handled"

EJABBERDS_OWN = ("{jabber:client", "{jabber:component:accept", "{unreadable:xmpp", "{vcard-temp:x:update")
"""Namespaces of what it writes itself. The prefix ``xmpp`` stands for a client's stanzas in the hostile stream."""

AT_ONCE = 5
"""Hostile stanzas before the client looks whether it is still connected."""


class Mallory:
    """Sends hostile stanzas, and logs in again where ejabberd refuses one."""

    def __init__(self, client: XmppClient, seed: int) -> None:
        self.client = client
        self.closed: Counter[str] = Counter()
        self.taken = 0
        """Stanzas after which the client was still there."""
        self._since_login: list[str] = []
        self._hostile = Hostile(seed)
        client.declarations = DECLARATIONS

    async def send(self, stanzas: int) -> list[str]:
        """So many; those that ejabberd took."""
        taken = []
        for _ in range(stanzas // AT_ONCE):
            batch = [self._hostile.stanza() for _ in range(AT_ONCE)]
            if await self._took("".join(batch)):
                taken += batch
        self.taken += len(taken)
        return taken

    async def answered(self) -> None:
        """Wait until each request since the last login that has an id of its own has a result or an error (R5)."""
        sent = [stanza for stanza in read("".join(self._since_login)) if iq()(stanza)]
        asked = {stanza.get("id", "") for stanza in sent if stanza.get("type") in ("get", "set")}
        got = {stanza.get("id") for stanza in self.client.received if iq()(stanza)}
        for id in asked - got:
            if id.startswith("h"):
                await self.client.expect(iq(id=id))

    async def _took(self, stanzas: str) -> bool:
        with suppress(StreamClosed, OSError):
            await self.client.send(stanzas)
            await self.client.send(f"<iq type='get' id='still-there'><ping xmlns='{PING}'/></iq>")
            answer = await self.client.expect_or_closed(iq(id="still-there"))
            if answer is not None:
                self.client.forget()
                self._since_login.append(stanzas)
                return True
        self.closed[_reason(self.client.received)] += 1
        self.client.kill()
        self.client.received.clear()
        self._since_login.clear()
        await self.client.login()
        return False


def _reason(received: list[Element]) -> str:
    """Why ejabberd closed a stream."""
    errors = [element for element in received if element.tag == "{http://etherx.jabber.org/streams}error"]
    return " ".join(f"{part.tag.rpartition('}')[2]} {part.text or ''}" for part in errors[-1]) if errors else "closed"


@pytest.fixture(params=["lena@work.acme.test", "dan@cc.acme.test"])
async def mallory(
    request: pytest.FixtureRequest, bridge: BridgeProcess, ejabberd: TestServer
) -> AsyncIterator[Mallory]:
    client = await ejabberd.client(request.param)
    mallory = Mallory(client, seed=len(request.param))
    async with client:
        yield mallory


@pytest.mark.long
async def test_nothing_that_ejabberd_passes_on_disturbs_anybody(
    bridge: BridgeProcess, login: LogIn, mallory: Mallory
) -> None:
    """Every ping of the others is answered, and their messages arrive, in order, while one sends such things."""
    bob, alice = await login(BOB), await login(ALICE)
    for number in range(60):
        hostile = asyncio.create_task(mallory.send(50))
        await bob.say(face(ALICE), f"Message {number}")
        for client, to in ((bob, SERVICE), (alice, face(BOB))):
            answer = await client.request(f"<iq type='get' to='{to}'><ping xmlns='{PING}'/></iq>")
            assert iq(type="result", sender=to)(answer)
        await hostile
        alice.forget_but(message(sender=face(BOB)))
    for number in range(60):
        got = await alice.expect(message(sender=face(BOB)))
        assert got.findtext("{*}body") == f"Message {number}"
    await mallory.answered()
    print(f"ejabberd took {mallory.taken} of 3000; it closed the client for {dict(mallory.closed)}")
    assert mallory.taken > 2500
    assert [bridge.count(text) for text in (CONNECTED, LOST, UNHANDLED)] == [1, 0, 0]


@pytest.mark.long
async def test_what_ejabberd_passes_on_is_read_as_it_was_sent(ejabberd: TestServer) -> None:
    """The same elements on both sides of it, as a bare component in deskbridge's place sees them."""
    client = await ejabberd.client("lena@work.acme.test")
    mallory = Mallory(client, seed=1)
    compared = 0
    async with ejabberd.component() as component, client:
        for _ in range(20):
            taken = await mallory.send(100)
            await client.send(f"<message to='{SERVICE}' id='last'/>")
            await component.expect(message(id="last"))
            sent = {stanza.get("id"): stanza for stanza in read("".join(taken))}
            for got in component.take(lambda stanza: stanza.get("id", "").startswith("h")):
                if got.get("type") != "error" and got.get("id") in sent:
                    assert shape(got) == shape(sent[got.get("id")])
                    compared += 1
            component.forget()
    print(f"compared {compared} of 2000; ejabberd closed the client for {dict(mallory.closed)}")
    assert compared > 700


def read(stanzas: str) -> list[Element]:
    """As they stand in the hostile client's stream."""
    parser = StreamParser()
    parser.feed(
        f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' {DECLARATIONS}>"
        f"{stanzas}".encode()
    )
    return [element for event, element in parser.read_events() if event == "end"]


def shape(stanza: Element) -> list[str]:
    """The names of all elements, without namespaces, which ejabberd declares elsewhere than its client did. It writes
    what it knows of stanzas anew, and adds the mark of an avatar to presence."""
    foreign = [child for child in stanza if child.tag.partition("}")[0] not in EJABBERDS_OWN]
    return sorted(part.tag.rpartition("}")[2] for child in foreign for part in child.iter())
