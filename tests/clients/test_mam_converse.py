"""A1, A6: Converse.js in Chromium shows a history of 35 messages once and in order, under both versions."""

import time
from pathlib import Path

import pytest

from component.ejabberd.private_server import free_ports
from tests.support.bridge import BridgeProcess
from tests.support.converse import Converse, usable
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.past import MINUTE, chatter, past
from tests.support.server import PASSWORD, TestServer

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not usable, reason="needs Debian's chromium, and node with what make test gets from npm"),
]

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"


def last(count: int, of: int = 35) -> list[str]:
    return [f"message {number}" for number in range(of - count + 1, of + 1)]


@pytest.mark.parametrize("size", [10, 50])
@pytest.mark.parametrize(("version", "visible"), [("9.9", 30), ("9.10", 35)])
async def test_converse(
    tmp_path: Path, ejabberd: TestServer, login: LogIn, version: str, visible: int, size: int
) -> None:
    """By a first visit, together with what comes live, and by a second visit that fetches what was missed."""
    async with past(tmp_path, begin=time.time_ns() // 1000 - 60 * MINUTE) as written:
        await written.said(*chatter(ALICE, BOB, 35))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version=version)
    async with process:
        await ejabberd.register(ALICE)
        async with ejabberd.api() as api:
            # Converse.js 14 waits for ever for a block list, which desk hosts have not, before it opens a chat with
            # somebody who is no contact.
            await api.add_contact(ALICE, BOBS_FACE, "Bob Berg")
        other, bob = await login(ALICE), await login(BOB)
        page = free_ports(1)[0]
        browser = (tmp_path / "browser", page, ALICE, PASSWORD, ejabberd.web_port, BOBS_FACE, size)
        async with Converse(*browser) as converse:
            await converse.shows(last(visible))
            await bob.say(ALICES_FACE, "message 36")
            await other.expect(message(body="message 36"))
            await other.say(BOBS_FACE, "message 37")
            await converse.shows(last(visible + 2, of=37))
        await bob.say(ALICES_FACE, "message 38")
        await other.expect(message(body="message 38"))
        await other.say(BOBS_FACE, "message 39")
        await bob.expect(message(body="message 39"))
        async with Converse(*browser) as converse:
            await converse.shows(last(visible + 4, of=39))
