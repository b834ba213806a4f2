"""A8, O5: ``deskbridge archive`` on a database that an earlier run left."""

import asyncio
import json
import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from component.cli.main import main
from component.cli.store_access import operator
from tests.support.bridge import BridgeProcess
from tests.support.past import Line, chatter, past
from tests.support.server import make_settings
from tests.support.storage import execute, storage_of

ALICE, CAROL, BOB = "alice@cc.acme.test", "carol@cc.acme.test", "bob@work.acme.test"
LATELY = 20_000_000_000_000_000
"""A time in us that is not over yet: 2603."""

Run = Callable[..., Result]


@pytest.fixture
def deskbridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``deskbridge("stats")``: a command of ``deskbridge archive``, with a configuration of two tenants."""
    monkeypatch.setenv("DESKBRIDGE_XMPP_SECRET", "secret")
    process = BridgeProcess(tmp_path, make_settings(tmp_path, 1, 1))

    def run(*arguments: str, **options: Any) -> Result:
        command, *rest = arguments
        words = ["hold", rest.pop(0)] if command == "hold" else [command]
        return CliRunner().invoke(main, ["archive", *words, "--config", str(process.config), *rest], **options)

    return run


def write(folder: Path, *lines: Line, **options: int) -> None:
    async def fill() -> None:
        async with past(folder, **options) as written:
            await written.said(*lines)

    asyncio.run(fill())


def exported(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def bodies(result: Result) -> list[str]:
    return [line["body"] for line in exported(result)]


def test_stats(tmp_path: Path, deskbridge: Run) -> None:
    write(
        tmp_path, *chatter(ALICE, BOB, 3), (ALICE, CAROL, "Hi"), ("alice@cc.globex.test", "bob@work.globex.test", "Yo")
    )
    result = deskbridge("stats")
    assert "acme: 4 messages in 2 conversations of 3 accounts, from 2026-01-01 to 2026-01-01\n" in result.output
    assert "globex: 1 messages" in result.output


def test_before_the_first_run(deskbridge: Run) -> None:
    """Nothing is created by looking."""
    result = deskbridge("stats")
    assert result.exit_code == 1
    assert "there is no database" in result.output


class TestExport:
    def test_of_a_tenant(self, tmp_path: Path, deskbridge: Run) -> None:
        """One line each, the oldest first, of this tenant only; with all that is known."""
        write(tmp_path, *chatter(ALICE, BOB, 2), ("alice@cc.globex.test", "bob@work.globex.test", "Yo"))
        first, second = exported(deskbridge("export", "--tenant", "acme"))
        assert (first["body"], second["body"]) == ("message 1", "message 2")
        assert (first["sender"], first["receiver_account"]) == (f"{ALICE}/then", BOB)
        assert (first["sent_at"], first["withdrawn_at"]) == ("2026-01-01T08:01:00+00:00", None)

    def test_of_an_account(self, tmp_path: Path, deskbridge: Run) -> None:
        write(tmp_path, (ALICE, BOB, "one"), (CAROL, BOB, "two"), (BOB, ALICE, "three"))
        assert bodies(deskbridge("export", "--tenant", "acme", "--account", "Alice@cc.acme.test")) == ["one", "three"]
        assert "address" in deskbridge("export", "--tenant", "acme", "--account", "@").output

    def test_withdrawn(self, tmp_path: Path, deskbridge: Run) -> None:
        async def fill() -> None:
            async with past(tmp_path) as written:
                numbers = await written.said((ALICE, BOB, "came back"))
                await written.withdrawn(numbers[0])

        asyncio.run(fill())
        (line,) = exported(deskbridge("export", "--tenant", "acme"))
        assert line["withdrawn_at"]

    def test_into_a_file(self, tmp_path: Path, deskbridge: Run) -> None:
        """For no other user to read, and never over a file that is there."""
        write(tmp_path, (ALICE, BOB, "Grüße"))
        file = tmp_path / "acme.jsonl"
        assert deskbridge("export", "--tenant", "acme", "--output", str(file)).output == ""
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "Grüße" in file.read_text()
        assert "File exists" in deskbridge("export", "--tenant", "acme", "--output", str(file)).output


class TestTheAuditLog:
    """O5, A8: who read or removed what with which command."""

    @pytest.fixture
    def entries(self, tmp_path: Path) -> Callable[[], list[tuple[str, str, str, str, str]]]:
        """Tenant, actor, action, subject and detail of each line so far."""

        def read() -> list[tuple[str, str, str, str, str]]:
            return execute(storage_of(tmp_path), "SELECT tenant, actor, action, subject, detail FROM audit")

        return read

    def test_an_export(self, tmp_path: Path, deskbridge: Run, entries: Callable[[], list[Any]]) -> None:
        """Before the first line of it."""
        write(tmp_path, (ALICE, BOB, "Hi"))
        deskbridge("export", "--tenant", "acme")
        deskbridge("export", "--tenant", "acme", "--account", ALICE, "--output", str(tmp_path / "alice.jsonl"))
        assert entries() == [
            ("acme", operator(), "archive.exported", "everybody", ""),
            ("acme", operator(), "archive.exported", ALICE, ""),
        ]

    def test_a_purge(self, tmp_path: Path, deskbridge: Run, entries: Callable[[], list[Any]]) -> None:
        """What was asked for before anything goes, and what has gone."""
        write(tmp_path, (ALICE, BOB, "old"))
        deskbridge("purge", "--days", "30", "--tenant", "acme", input="n\n")
        assert entries() == []
        deskbridge("purge", "--days", "30", "--tenant", "acme", "--yes")
        subject = "messages older than 30 days"
        done = "1 messages and 0 conversations deleted, 0 messages kept for holds"
        assert entries() == [
            ("acme", operator(), "archive.purge", subject, ""),
            ("acme", operator(), "archive.purged", subject, done),
        ]

    def test_holds(self, tmp_path: Path, deskbridge: Run, entries: Callable[[], list[Any]]) -> None:
        """One that does not exist is not lifted, and leaves no line."""
        write(tmp_path, (ALICE, BOB, "Hi"))
        deskbridge("hold", "add", "--tenant", "acme", "--reason", "case 12", "--account", ALICE, "--from", "2026-01-01")
        for _ in range(2):
            deskbridge("hold", "remove", "--tenant", "acme", "1")
        about = json.dumps({"reason": "case 12", "account": ALICE, "from": "2026-01-01T00:00:00+00:00"})
        assert entries() == [
            ("acme", operator(), "hold.placed", "hold 1", about),
            ("acme", operator(), "hold.lifted", "hold 1", ""),
        ]

    def test_who_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody can say that they are another, but sudo is asked who became that user."""
        user = pwd.getpwuid(os.getuid()).pw_name
        other = next(entry.pw_name for entry in pwd.getpwall() if entry.pw_name != user)
        for name in ("LOGNAME", "USER"):
            monkeypatch.setenv(name, other)
        assert operator({}) == f"operator {user}"
        assert operator({"SUDO_USER": other}) == f"operator {user} (sudo by {other})"
        assert operator({"SUDO_USER": "nobody at\nall"}) == f"operator {user}"


class TestPurge:
    def test_by_days(self, tmp_path: Path, deskbridge: Run) -> None:
        """Asked for twice; then what is older goes, of one tenant or of all."""
        write(tmp_path, (ALICE, BOB, "old"), ("alice@cc.globex.test", "bob@work.globex.test", "old too"))
        write(tmp_path, (CAROL, BOB, "new"), begin=LATELY)
        assert deskbridge("purge", "--days", "30", input="n\n").exit_code == 1
        assert bodies(deskbridge("export", "--tenant", "acme")) == ["old", "new"]
        result = deskbridge("purge", "--days", "30", "--tenant", "acme", input="y\n")
        assert "acme: 1 messages and 0 conversations deleted, 0 messages kept for holds" in result.output
        assert bodies(deskbridge("export", "--tenant", "acme")) == ["new"]
        assert bodies(deskbridge("export", "--tenant", "globex")) == ["old too"]

    def test_by_the_configuration(self, tmp_path: Path, deskbridge: Run) -> None:
        """Without --days each tenant's own; 0 is for ever."""
        write(tmp_path, (ALICE, BOB, "old"), ("alice@cc.globex.test", "bob@work.globex.test", "old too"))
        process = BridgeProcess(tmp_path, make_settings(tmp_path, 1, 1))
        process.write_config(retention_days=30)
        result = deskbridge("purge")
        assert "acme: 1 messages" in result.output
        assert "globex: messages are kept indefinitely" in result.output
        assert bodies(deskbridge("export", "--tenant", "globex")) == ["old too"]


class TestHolds:
    def test_what_is_held_stays(self, tmp_path: Path, deskbridge: Run) -> None:
        """Only in the export; until the hold is removed and the next purge."""
        write(tmp_path, (ALICE, BOB, "about Alice"), (CAROL, BOB, "about Carol"))
        result = deskbridge("hold", "add", "--tenant", "acme", "--reason", "case 12", "--account", ALICE)
        assert result.output == "hold 1 is in force\n"
        result = deskbridge("purge", "--days", "30", "--yes")
        assert "acme: 1 messages and 0 conversations deleted, 1 messages kept for holds" in result.output
        assert bodies(deskbridge("export", "--tenant", "acme")) == ["about Alice"]
        assert deskbridge("hold", "remove", "--tenant", "acme", "1").output == "hold 1 is removed\n"
        deskbridge("purge", "--days", "30", "--yes")
        assert bodies(deskbridge("export", "--tenant", "acme")) == []

    def test_by_days(self, tmp_path: Path, deskbridge: Run) -> None:
        """The last day counts in, whole."""
        write(tmp_path, *chatter(ALICE, BOB, 3))
        deskbridge("hold", "add", "--tenant", "acme", "--reason", "why", "--from", "2026-01-01", "--to", "2026-01-01")
        deskbridge("hold", "add", "--tenant", "acme", "--reason", "later", "--from", "2026-01-02")
        deskbridge("purge", "--days", "30", "--yes")
        assert len(bodies(deskbridge("export", "--tenant", "acme"))) == 3

    def test_the_list(self, tmp_path: Path, deskbridge: Run) -> None:
        """Also of those that are over; of one tenant only."""
        write(tmp_path, (ALICE, BOB, "Hi"))
        deskbridge("hold", "add", "--tenant", "acme", "--reason", "case 12", "--account", ALICE, "--from", "2026-01-01")
        deskbridge("hold", "add", "--tenant", "acme", "--reason", "all")
        deskbridge("hold", "remove", "--tenant", "acme", "2")
        first, second = deskbridge("hold", "list", "--tenant", "acme").output.splitlines()
        assert first.startswith(f"1: {ALICE} from 2026-01-01: case 12 (by ")
        assert second.startswith("2: everybody: all (by ") and "removed by" in second
        assert deskbridge("hold", "list", "--tenant", "globex").output == ""
        assert "globex has no hold 1 in force" in deskbridge("hold", "remove", "--tenant", "globex", "1").output
