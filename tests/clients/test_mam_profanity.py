"""A1, A6: profanity, in a terminal, shows a history of 35 messages once and in order, under both versions."""

import re
import time
from pathlib import Path

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.past import MINUTE, chatter, past
from tests.support.profanity import needs_profanity, profanity
from tests.support.server import TestServer

pytestmark = needs_profanity

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"


@pytest.mark.parametrize(("version", "visible"), [("9.9", 30), ("9.10", 35)])
async def test_profanity(tmp_path: Path, ejabberd: TestServer, login: LogIn, version: str, visible: int) -> None:
    async with past(tmp_path, begin=time.time_ns() // 1000 - 60 * MINUTE) as written:
        await written.said(*chatter(ALICE, BOB, 35))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version=version)
    async with process, profanity(ejabberd, ALICE, tmp_path, "/mam on") as terminal:
        await terminal.type(f"/msg {BOBS_FACE}")
        await terminal.shows("message 35")
        bob = await login(BOB)
        await bob.say(ALICES_FACE, "That is all.")
        screen = await terminal.shows("That is all.")
        shown = [int(number) for number in re.findall(r": message (\d+)", screen)]
        assert shown == list(range(36 - visible, 36))
