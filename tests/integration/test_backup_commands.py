"""H6, A6: a backup of a running bridge, and its restore, as operators and clients see them on a real ejabberd."""

import asyncio
import sys
from pathlib import Path

from tests.support.archive import ask, live_id
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.server import TestServer
from tests.support.storage import on_sqlite

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
ALICES_FACE = "alice@agents.acme.test"


async def deskbridge(process: BridgeProcess, *arguments: str) -> tuple[int | None, str]:
    """The command's status, and what it printed."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "component.cli", *arguments, "--config", str(process.config)),
        env={"DESKBRIDGE_XMPP_SECRET": process.settings.xmpp.secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await command.communicate()
    return command.returncode, output.decode()


async def said(bob: XmppClient, alice: XmppClient, *texts: str) -> list[str]:
    """Bob says this to Alice; the ids of her copies."""
    found = []
    for text in texts:
        await bob.say(ALICES_FACE, text)
        found.append(live_id(await alice.expect(message(body=text))))
    return found


@on_sqlite
@on_sqlite
async def test_a_backup_is_put_back(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    process, copy = BridgeProcess(tmp_path, ejabberd.settings), tmp_path / "copy.db"
    process.write_config(version="9.10")
    async with process:
        alice, bob = await login(ALICE), await login(BOB)
        kept = await said(bob, alice, "one", "two")
        status, output = await deskbridge(process, "backup", str(copy))
        assert status == 0 and "copy.db" in output and "MB" in output
        status, output = await deskbridge(process, "backup", str(copy))
        assert status == 1 and "is there already" in output
        lost = await said(bob, alice, "three", "four")
        status, output = await deskbridge(process, "restore", str(copy), "--yes")
        assert status == 1 and "deskbridge runs on it already" in output
        assert (await ask(alice)).ids == kept + lost
        await process.stop()
        status, output = await deskbridge(process, "restore", str(copy), "--yes")
        assert status == 0 and "deskbridge.db.replaced-" in output
        await process.restart()
        status, output = await deskbridge(process, "restore")
        assert status == 1 and "deskbridge runs on it already" in output
        new = await said(bob, alice, "five")
        assert not {*new} & {*kept, *lost}
        assert (await ask(alice)).bodies == ["one", "two", "five"]
        page = await ask(alice, after=lost[-1])
        assert (page.ids, page.complete) == (new, True)
        page = await ask(alice, before=lost[0])
        assert (page.ids, page.complete) == (kept, True)
        _, log = await deskbridge(process, "audit")
        assert "archive.backed-up" in log and "archive.restored" in log
        assert not alice.take(message(body="one")) and not alice.take(message(body="two")), "delivered before"


async def test_a_database_that_was_put_back_by_other_means(tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
    """By pg_restore, or with the whole disk."""
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version="9.10")
    async with process:
        alice, bob = await login(ALICE), await login(BOB)
        kept = await said(bob, alice, "one")
        await process.stop()
        status, output = await deskbridge(process, "restore")
        assert status == 0 and "restored" in output
        await process.restart()
        new = await said(bob, alice, "two")
        assert (await ask(alice)).ids == kept + new
        _, log = await deskbridge(process, "audit")
        assert "archive.restored by other means" in log
