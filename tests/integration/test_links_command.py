"""O5, C10: ``deskbridge links`` on a database that an earlier run left."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from component.cli import archive
from component.cli.main import main
from component.cli.store_access import operator
from component.store.api import AuditEntry, Hold, Store, StoredLink, Which, Withdraw
from tests.support.bridge import BridgeProcess
from tests.support.past import past
from tests.support.server import make_settings
from tests.support.storage import storage_of
from tests.support.web import DAY_US, TOKEN, new_link, now_us

ALICE, BOB, CAROL = "alice@cc.acme.test", "bob@work.acme.test", "carol@cc.acme.test"

Run = Callable[..., Result]


@pytest.fixture
def deskbridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``deskbridge("list")``: a command of ``deskbridge links``, or another, with a configuration of two tenants."""
    monkeypatch.setenv("DESKBRIDGE_XMPP_SECRET", "secret")
    process = BridgeProcess(tmp_path, make_settings(tmp_path, 1, 1))

    def run(command: str, *arguments: str, **options: Any) -> Result:
        words = {"audit": ["audit"], "export": ["archive", "export"]}.get(command, ["links", command])
        return CliRunner().invoke(main, [*words, "--config", str(process.config), *arguments], **options)

    return run


def store(folder: Path, work: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
    async def do() -> Any:
        opened = await Store.open(storage_of(folder))
        try:
            return await work(opened)
        finally:
            await opened.close()

    return asyncio.run(do())


@pytest.fixture
def messages(tmp_path: Path) -> list[int]:
    """Two messages with a link each, 1 from Alice and 2 from Carol, and link 3 of another tenant; their numbers."""

    async def fill() -> list[int]:
        async with past(tmp_path, begin=now_us()) as written:
            return await written.said((ALICE, BOB, "one"), (CAROL, BOB, "two"))

    numbers = asyncio.run(fill())
    first, second = numbers
    store(
        tmp_path,
        lambda opened: opened.submit(
            new_link(TOKEN, message_id=first),
            new_link("c" * 22, message_id=second, sender="Carol Cho", kind="file", title="prices.pdf"),
            new_link("g" * 22, tenant="globex", sender="Eve"),
        ),
    )
    return numbers


def listed(result: Result) -> list[int]:
    assert result.exit_code == 0, result.output
    return [int(line.partition(":")[0]) for line in result.output.splitlines()]


def audit(folder: Path) -> list[AuditEntry]:
    async def read(opened: Store) -> list[AuditEntry]:
        return [entry async for entry in opened.audit.entries()]

    return list(store(folder, read))


class TestList:
    def test_of_everybody_and_of_some(self, deskbridge: Run, messages: list[int]) -> None:
        assert listed(deskbridge("list")) == [1, 2, 3]
        assert listed(deskbridge("list", "--tenant", "acme")) == listed(deskbridge("list", "--person", BOB)) == [1, 2]
        assert listed(deskbridge("list", "--person", ALICE)) == [1]
        assert listed(deskbridge("list", "--message", str(messages[1]))) == [2]
        assert listed(deskbridge("list", "--tenant", "globex", "--person", BOB)) == []

    def test_what_is_shown(self, tmp_path: Path, deskbridge: Run, messages: list[int]) -> None:
        """Enough to know it by, and not what opens it."""
        store(tmp_path, lambda opened: opened.links.opened({1: 3}, 1_795_480_000_000_000))
        output = deskbridge("list").output
        assert "1: page of acme, " in output
        assert "Alice Ames: Message from Alice Ames; works until " in output
        assert "opened 3 times, last 2026-11-24 00:26" in output
        assert "Carol Cho: prices.pdf; " in output and "opened 0 times\n" in output
        assert TOKEN not in output + deskbridge("list", "--json").output

    def test_as_json(self, deskbridge: Run, messages: list[int]) -> None:
        first, *_ = (json.loads(line) for line in deskbridge("list", "--json").output.splitlines())
        assert (first["id"], first["message_id"], first["kind"], first["works"]) == (1, messages[0], "page", True)
        assert first["expires_at"].endswith("+00:00") and first["revoked_at"] is None

    def test_why_a_link_is_dead(self, tmp_path: Path, deskbridge: Run, messages: list[int]) -> None:
        store(
            tmp_path,
            lambda opened: opened.submit(
                Withdraw(messages[1], now_us()), new_link("e" * 22, expires_at=now_us() - DAY_US)
            ),
        )
        deskbridge("revoke", "1")
        lines = deskbridge("list").output.splitlines()
        assert [word in line for word, line in zip(("revoked", "dead", "works", "expired"), lines, strict=True)] == [
            True
        ] * 4

    def test_a_tenant_that_is_not_there(self, deskbridge: Run, messages: list[int]) -> None:
        assert "there is no tenant 'acne'" in deskbridge("list", "--tenant", "acne").output


class TestRevoke:
    @pytest.mark.parametrize(
        "name", ["1", TOKEN, f"https://chat.acme.test/m/{TOKEN}", f"http://127.0.0.1:8088/m/{TOKEN}?utm=x"]
    )
    def test_one(self, tmp_path: Path, deskbridge: Run, messages: list[int], name: str) -> None:
        result = deskbridge("revoke", name)
        assert (result.exit_code, result.output) == (0, "link 1 is revoked\n")
        assert deskbridge("revoke", name).output == "link 1 was revoked before\n"
        found = store(tmp_path, lambda opened: opened.links.find(TOKEN))
        assert not found.link.live(now_us())
        (entry,) = audit(tmp_path)
        assert (entry.tenant, entry.action, entry.subject) == ("acme", "link.revoked", "link 1")
        assert entry.actor == operator()

    def test_several(self, deskbridge: Run, messages: list[int]) -> None:
        """What is there is revoked, also beside what is not."""
        result = deskbridge("revoke", "3", "99", "c" * 22, "x" * 22)
        assert result.exit_code == 1
        assert "link 3 is revoked\nlink 2 is revoked\n" in result.output
        assert f"there is no such link: 99, {'x' * 22}" in result.output

    def test_of_a_message_a_person_a_tenant(self, deskbridge: Run, messages: list[int]) -> None:
        assert deskbridge("revoke", "--message", str(messages[0])).output == "1 links revoked\n"
        assert deskbridge("revoke", "--person", BOB, "--yes").output == "1 links revoked\n"
        assert "1 links revoked" in deskbridge("revoke", "--tenant", "globex", input="y\n").output

    def test_not_without_being_sure(self, tmp_path: Path, deskbridge: Run, messages: list[int]) -> None:
        for arguments in (["--person", BOB], ["--tenant", "acme"], [], ["1", "--message", "1"]):
            assert deskbridge("revoke", *arguments).exit_code != 0
        found = store(tmp_path, lambda opened: opened.links.revoke(Which(), "nobody", 1))
        assert len(found) == 3


class TestExport:
    """A8: the export has what was to be read behind links, also of messages that only a hold keeps."""

    def exported(self, result: Result) -> list[list[tuple[int, str]]]:
        lines = [json.loads(line) for line in result.output.splitlines()]
        return [[(link["id"], link["content"]) for link in line["links"]] for line in lines]

    def test_of_links(
        self, tmp_path: Path, deskbridge: Run, messages: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = [[(1, "<p>Good morning!</p>")], [(2, "<p>Good morning!</p>")]]
        assert self.exported(deskbridge("export", "--tenant", "acme")) == expected
        monkeypatch.setattr(archive, "AT_ONCE", 1)
        assert self.exported(deskbridge("export", "--tenant", "acme")) == expected
        store(tmp_path, lambda opened: opened.place_hold(Hold("acme", "lawsuit 7", "operator", now_us())))
        store(tmp_path, lambda opened: opened.purge("acme", now_us() + DAY_US))
        assert self.exported(deskbridge("export", "--tenant", "acme")) == expected
        assert [link.live(now_us()) for link in store(tmp_path, every_link)] == [False, False, True]


async def every_link(opened: Store) -> list[StoredLink]:
    return [link async for link in opened.links.all(Which())]


class TestAudit:
    """S3, O5: what was done to links is to be read, also when they are long gone."""

    def test_everything(self, tmp_path: Path, deskbridge: Run, messages: list[int]) -> None:
        store(tmp_path, lambda opened: opened.links.opened({1: 3}, 1_795_480_000_000_000))
        deskbridge("revoke", "3")
        opened, revoked = deskbridge("audit").output.splitlines()
        assert opened == "2026-11-24 00:26:40 acme: web link.opened link 1 (3 times)"
        assert revoked.endswith(f" globex: {operator()} link.revoked link 3")

    def test_some(self, tmp_path: Path, deskbridge: Run, messages: list[int]) -> None:
        store(tmp_path, lambda opened: opened.links.opened({1: 1, 2: 1, 3: 1}, 1_795_480_000_000_000))
        (entry,) = (json.loads(line) for line in deskbridge("audit", "--json", "--about", "link 2").output.splitlines())
        assert (entry["subject"], entry["at"]) == ("link 2", "2026-11-24T00:26:40+00:00")
        assert deskbridge("audit", "--tenant", "globex").output.count("\n") == 1
        assert deskbridge("audit", "--from", "2026-11-24").output.count("\n") == 3
        assert deskbridge("audit", "--from", "2026-11-25").output == ""


def test_before_the_first_run(deskbridge: Run) -> None:
    assert "there is no database" in deskbridge("list").output
