"""A1, A6: slixmpp's own archive client reads a history of 35 messages, under both versions."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slixmpp import JID, ClientXMPP
from slixmpp.exceptions import IqError

from tests.support.bridge import BridgeProcess
from tests.support.past import chatter, past
from tests.support.server import PASSWORD, TestServer

ALICE, BOB, ERIN = "alice@cc.acme.test", "bob@work.acme.test", "erin@work.acme.test"
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"


async def connected(ejabberd: TestServer, account: str) -> ClientXMPP:
    await ejabberd.register(account)
    client = ClientXMPP(f"{account}/slixmpp", PASSWORD)
    client.enable_starttls = client.enable_direct_tls = False
    client.enable_plaintext = True
    client.register_plugin("xep_0313")
    client.plugin["feature_mechanisms"].unencrypted_plain = True
    client.connect("127.0.0.1", ejabberd.client_port)
    await asyncio.wait_for(client.wait_until("session_start"), 90)
    return client


@pytest.fixture(params=["9.9", "9.10"])
async def visible(request: pytest.FixtureRequest, ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[int]:
    """A bridge with 35 messages of Alice and Bob, and 5 of hers and Erin's; how many of the 35 she sees."""
    async with past(tmp_path) as written:
        await written.said(*chatter(ALICE, BOB, 35), *chatter(ALICE, ERIN, 5, "aside"))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version=request.param)
    async with process:
        yield 30 if request.param == "9.9" else 35


@pytest.fixture
async def alice(ejabberd: TestServer, visible: int) -> AsyncIterator[ClientXMPP]:
    client = await connected(ejabberd, ALICE)
    yield client
    await client.disconnect()


def last(count: int) -> list[str]:
    return [f"message {number}" for number in range(36 - count, 36)]


def body(result: object) -> str:
    return result["mam_result"]["forwarded"]["stanza"]["body"]


async def test_iterating(alice: ClientXMPP, visible: int) -> None:
    """Both ways, one chat at a time and all together, in pages of any size."""
    archive = alice.plugin["xep_0313"]
    aside = [f"aside {number}" for number in range(1, 6)]
    for size in (1, 10, 35, 50):
        only_bob = {"with_jid": JID(BOBS_FACE), "rsm": {"max": size}}
        assert [body(result) async for result in archive.iterate(**only_bob)] == last(visible)
        assert [body(result) async for result in archive.iterate(**only_bob, reverse=True)] == last(visible)[::-1]
        assert [body(result) async for result in archive.iterate(rsm={"max": size})] == last(visible) + aside


async def test_what_it_finds(alice: ClientXMPP, visible: int) -> None:
    """Every part of a result that it knows, the metadata, and the fields of the form."""
    archive = alice.plugin["xep_0313"]
    result = await anext(archive.iterate(with_jid=JID(BOBS_FACE), total=1))
    forwarded = result["mam_result"]["forwarded"]
    assert (result["from"], forwarded["stanza"]["type"]) == (ALICE, "chat")
    assert forwarded["delay"]["stamp"].year == 2026
    assert len(result["mam_result"]["id"]) == 32
    metadata = (await archive.get_archive_metadata())["mam_metadata"]
    assert metadata["start"]["timestamp"] < metadata["end"]["timestamp"]
    fields = {field["var"] for field in await archive.get_fields()}
    assert {"with", "start", "end", "before-id", "after-id", "ids"} <= fields


async def test_at_a_face(ejabberd: TestServer, visible: int) -> None:
    """A3: Bob reads the whole chat at Alice's face; nobody has an archive at an address that is none."""
    bob = await connected(ejabberd, BOB)
    archive = bob.plugin["xep_0313"]
    assert [body(result) async for result in archive.iterate(jid=JID(ALICES_FACE))] == last(35)
    with pytest.raises(IqError) as refused:
        await archive.retrieve(jid=JID("nobody@agents.acme.test"))
    assert refused.value.condition == "item-not-found"
    await bob.disconnect()
