"""A8: what is past its time is gone from every view, index and count, and its ids are still anchors, on a real
ejabberd."""

import asyncio
import sys
import time
from pathlib import Path

from component.outgoing.archive_id import Role
from tests.support.archive import ask, live_id
from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.past import MINUTE, chatter, past
from tests.support.server import TestServer

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"
AN_HOUR_AGO = time.time_ns() // 1000 - 60 * MINUTE


async def archive(process: BridgeProcess, *arguments: str) -> str:
    """``deskbridge archive`` beside the running bridge."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "component.cli", "archive", *arguments, "--config", str(process.config)),
        env={"DESKBRIDGE_XMPP_SECRET": process.settings.xmpp.secret},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await command.communicate()
    return output.decode()


async def test_at_the_start(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    """The tenant's days count; nobody finds what is older, by paging, by searching, or at a face."""
    async with past(tmp_path) as written:
        old = await written.said(*chatter(ALICE, BOB, 5, "old"))
        gone = written.id(old[-1], Role.SENDER)
    async with past(tmp_path, begin=AN_HOUR_AGO) as written:
        await written.said(("carol@cc.acme.test", BOB, "of Carol's"))
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(retention_days=30)
    async with process:
        alice, bob = await login(ALICE), await login(BOB)
        await process.logged("5 messages deleted")
        for page in (
            await ask(alice),
            await ask(alice, text="old"),
            await ask(alice, ids=[gone]),
            await ask(alice, after=gone),
            await ask(bob, to=ALICES_FACE),
        ):
            assert (page.bodies, page.count, page.complete) == ([], 0, True)
        await bob.say(ALICES_FACE, "new")
        live = await alice.expect(message(body="new"))
        page = await ask(alice, after=gone)
        assert (page.ids, page.count) == ([live_id(live)], 1)


async def test_by_command_while_running(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    """The bridge need not stop, and nobody notices but who looks."""
    async with past(tmp_path) as written:
        await written.said(*chatter(ALICE, BOB, 40, "old"))
    async with BridgeProcess(tmp_path, ejabberd.settings) as process:
        alice, bob = await login(ALICE), await login(BOB)
        page = await ask(alice, max=10)
        assert page.count == 40

        async def chat() -> None:
            for number in range(30):
                await bob.say(ALICES_FACE, f"new {number}")
                await alice.expect(message(body=f"new {number}"))

        _, output = await asyncio.gather(chat(), archive(process, "purge", "--days", "30", "--yes"))
        assert "acme: 40 messages" in output
        page = await ask(alice, after=page.last)
        assert (page.bodies, page.count, page.complete) == ([f"new {n}" for n in range(30)], 30, True)
        assert "acme: 30 messages in 1 conversations of 2 accounts" in await archive(process, "stats")
