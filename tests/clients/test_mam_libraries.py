"""A1, A6: other people's libraries read a history of 35 messages under both versions: nbxmpp (Gajim's) and stanza.

Each is a program in ``tests/clients`` that says in JSON what it would show.
"""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.past import MINUTE, chatter, past
from tests.support.server import PASSWORD, TestServer

CLIENTS = Path(__file__).parent
PYTHON = "/usr/bin/python3"
"""Debian's own, for Debian's nbxmpp."""

ALICE, BOB, ERIN = "alice@cc.acme.test", "bob@work.acme.test", "erin@work.acme.test"
BOBS_FACE, ERINS_FACE = "bob@directory.acme.test", "erin@directory.acme.test"


def has_nbxmpp() -> bool:
    return Path(PYTHON).exists() and not subprocess.run([PYTHON, "-c", "import nbxmpp"], capture_output=True).returncode


needs_nbxmpp = pytest.mark.skipif(not has_nbxmpp(), reason="needs Debian's python3-nbxmpp")
needs_stanza = pytest.mark.skipif(
    not (shutil.which("node") and (CLIENTS / "node_modules/stanza").exists()),
    reason="needs node, with what make test gets from npm",
)


@pytest.fixture(params=["9.9", "9.10"])
async def visible(request: pytest.FixtureRequest, ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[int]:
    """A bridge with 35 messages of the last hour; how many of them can be seen."""
    await ejabberd.register(ALICE)
    async with past(tmp_path, begin=time.time_ns() // 1000 - 60 * MINUTE) as written:
        await written.said(*chatter(ALICE, BOB, 35))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version=request.param)
    async with process:
        yield 30 if request.param == "9.9" else 35


async def run(*command: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CLIENTS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    assert output, errors.decode()
    answer: dict[str, Any] = json.loads(output)
    return answer


def last(count: int) -> list[str]:
    return [f"message {number}" for number in range(36 - count, 36)]


@needs_nbxmpp
async def test_nbxmpp(ejabberd: TestServer, visible: int) -> None:
    """In pages of 70 as in Gajim, and of 8; all with one contact; and the next time there is nothing new."""
    account = (ALICE, PASSWORD, str(ejabberd.client_port))
    for size in ("70", "8"):
        history = await run(PYTHON, "nbxmpp_history.py", *account, size)
        assert [shown["body"] for shown in history["shown"]] == last(visible)
        assert {shown["with"] for shown in history["shown"]} == {BOBS_FACE}
        assert history["complete"]
    history = await run(PYTHON, "nbxmpp_history.py", *account, "70", history["last"])
    assert (history["shown"], history["complete"]) == ([], True)


@needs_stanza
async def test_stanza(ejabberd: TestServer, visible: int) -> None:
    """Both ways, everything and one chat, over a WebSocket."""
    url = f"ws://127.0.0.1:{ejabberd.web_port}/ws"
    for wanted in ((), (BOBS_FACE,)):
        history = await run("node", "stanza_history.mjs", ALICE, PASSWORD, url, "8", *wanted)
        for direction in ("forwards", "backwards"):
            assert [found["body"] for found in history[direction]] == last(visible)
        assert history["preferences"] == "always"
    history = await run("node", "stanza_history.mjs", ALICE, PASSWORD, url, "8", ERINS_FACE)
    assert (history["forwards"], history["backwards"]) == ([], [])
