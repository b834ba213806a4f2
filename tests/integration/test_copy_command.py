"""H5: from SQLite to PostgreSQL, as operators and clients see it on a real ejabberd."""

from pathlib import Path

from tests.integration.test_backup_commands import ALICE, BOB, deskbridge, said
from tests.support.archive import ask
from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.postgresql import PostgreSQLServer
from tests.support.server import TestServer


async def test_history_goes_on_in_another_database(
    tmp_path: Path, ejabberd: TestServer, login: LogIn, postgresql: PostgreSQLServer
) -> None:
    """Clients have the ids that they know, and new messages come behind them."""
    process, target = BridgeProcess(tmp_path, ejabberd.settings), postgresql.new_database()
    process.write_config(version="9.10")
    async with process:
        alice, bob = await login(ALICE), await login(BOB)
        kept = await said(bob, alice, "one", "two")
        status, output = await deskbridge(process, "archive", "copy", "--to", target)
        assert status == 1 and "deskbridge runs on it already" in output
        await process.stop()
        status, output = await deskbridge(process, "archive", "copy", "--to", target)
        assert status == 0 and "message: 2" in output and "the same in both" in output
        process.storage = target
        process.write_config(version="9.10")
        await process.restart()
        new = await said(bob, alice, "three")
        assert (await ask(alice)).ids == kept + new
        assert (await ask(alice, after=kept[-1])).bodies == ["three"]
