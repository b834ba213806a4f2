"""What is kept is what was delivered, whoever reads it afterwards, and wherever (A9)."""

import csv
import io
import json
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.supervisors.conftest import LogIn
from tests.supervisors.test_transcripts import deskbridge, link, opened, read
from tests.support.archive import ask
from tests.support.archived import query
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.matching import message
from tests.support.scripts import ALICE, CAROL, send, talk
from tests.support.watching import (
    ALICE_AND_CAROL,
    copies,
    copy,
    copy_at_work,
    watch,
)

BEGAN = "ⓘ Alice Ames and Carol Cho began a chat."
POLISH = "<body>ok</body><body xml:lang='pl'>PIN 4711 {word}</body>"
RETRACTION = "<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>"
FALLBACK = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>"


@pytest_asyncio.fixture(loop_scope="package")
async def watched(alice: XmppClient, carol: XmppClient, sue: XmppClient) -> AsyncIterator[XmppClient]:
    """Sue, who watches Alice and Carol."""
    await talk(alice, carol, CAROL)
    await watch(sue, ALICE_AND_CAROL)
    await copies(sue, BEGAN, "▸ Alice Ames: Hello")
    yield sue


async def number_of(bridge: BridgeProcess) -> str:
    [number] = query(bridge, "SELECT max(id) FROM conversation")
    return str(number)


class TestLanguages:
    async def test_everybody_reads_all_of_them(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient, bridge: BridgeProcess
    ) -> None:
        """Live, in the agent's archive by its words, and in transcripts of every form."""
        word = new_id()
        id = await send(alice, CAROL, POLISH.format(word=word))
        got = await carol.expect(message(id=id))
        assert [body.text for body in got.iterfind("{*}body")] == ["ok", f"PIN 4711 {word}"]
        both = f"ok\n[pl] PIN 4711 {word}"
        await copy(watched, f"▸ Alice Ames: ok\n│ [pl] PIN 4711 {word}")
        for client in (alice, carol):
            (found,) = (await ask(client, text=word)).results
            assert [body.text for body in found.message.iterfind("{*}body")] == ["ok", f"PIN 4711 {word}"]
        shown = await read(watched, text=word)
        assert f"PIN 4711 {word}" in shown.words
        _, _, text = await opened(bridge, await link(watched, shown, "Download as text"))
        assert f"Alice Ames: ok\n    [pl] PIN 4711 {word}" in text
        number = await number_of(bridge)
        document = json.loads(await deskbridge(bridge, "show", "acme", number, "--format", "json"))
        assert document["messages"][-1]["text"] == both
        table = await deskbridge(bridge, "show", "acme", number, "--format", "csv")
        assert [row["text"] for row in csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))][-1] == both

    async def test_in_the_work_account(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """A4"""
        word = new_id()
        await send(carol, ALICE, POLISH.format(word=word))
        await copy_at_work(alice_at_work, f"ok\n[pl] PIN 4711 {word}")


class TestWordsBesideARetraction:
    async def test_of_nothing(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """A client that finds nothing to retract, or knows no retractions, shows them."""
        words = f"PIN 4711 {new_id()}"
        await send(carol, ALICE, f"<body>{words}</body>{RETRACTION.format(id='does-not-exist')}{FALLBACK}")
        await alice.expect(message(body=words))
        await copy(watched, f"ⓘ Carol Cho retracted a message.\n▸ Carol Cho: {words}")
        await copy_at_work(alice_at_work, words)
        assert f"Carol Cho retracted a message, with the text: {words}" in (await read(watched, text=words)).words

    async def test_of_a_message(self, alice: XmppClient, carol: XmppClient, watched: XmppClient) -> None:
        words = new_id()
        wrong = await alice.say(CAROL, "My password")
        await send(alice, CAROL, f"<body>{words}</body>{RETRACTION.format(id=wrong)}")
        await carol.expect(message(body=words))
        await copies(
            watched, "▸ Alice Ames: My password", f"ⓘ Alice Ames retracted: My password\n▸ Alice Ames: {words}"
        )
        shown = await read(watched, text=words)
        assert f'Alice Ames retracted "My password", with the text: {words}' in shown.words
