"""README's words on backing up and restoring, done as they stand there (A6, O5)."""

import re
import stat
import subprocess
from pathlib import Path

from tests.support.past import past

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
README = Path(__file__).parents[2] / "README.md"


def command(beginning: str) -> str:
    """The one command of README that begins so."""
    (found,) = re.findall(rf"`({re.escape(beginning)}[^`]+)`", README.read_text())
    return found


def run(command: str, folder: Path) -> None:
    """As an operator whose shell makes files that everybody can read."""
    subprocess.run(["sh", "-c", f"umask 022; {command}"], cwd=folder, check=True)


def restore(folder: Path) -> None:
    for file in folder.glob("deskbridge.db*"):
        file.unlink()
    (folder / "copy.db").rename(folder / "deskbridge.db")
    run(command('sqlite3 deskbridge.db "UPDATE'), folder)


async def test_a_backup_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    async with past(tmp_path) as written:
        await written.said((ALICE, BOB, "Hi"))
        run(command("(umask"), tmp_path)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


async def test_after_a_restore_no_id_is_given_out_again(tmp_path: Path) -> None:
    async with past(tmp_path) as written:
        await written.said((ALICE, BOB, "one"))
        run(command("(umask"), tmp_path)
        lost = await written.said((ALICE, BOB, "two"), (BOB, ALICE, "three"))
    restore(tmp_path)
    async with past(tmp_path) as written:
        assert (await written.said((ALICE, BOB, "four")))[0] > lost[-1]
