"""O5: commands are told in one way of which tenant."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from component.cli.main import main
from tests.support.bridge import BridgeProcess
from tests.support.past import past
from tests.support.server import make_settings

OF_ONE = {
    "archive export": (),
    "archive hold add": ("--reason", "why"),
    "archive hold list": (),
    "archive hold remove": ("1",),
    "transcripts list": (),
    "transcripts show": ("1",),
}
"""Commands on one tenant, with what else they have to be told."""

OF_ALL = {"archive purge": (), "audit": (), "links list": (), "links revoke": ()}
"""Commands on every tenant, or on one."""

Run = Callable[..., Result]


def commands(group: click.Group, *words: str) -> Iterator[tuple[str, click.Command]]:
    """All that there are, by their words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)
        else:
            yield " ".join((*words, name)), command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("archive export", "--tenant", "acme")``, on a database with one message and a configuration of two
    tenants."""
    monkeypatch.setenv("DESKBRIDGE_XMPP_SECRET", "secret")
    process = BridgeProcess(tmp_path, make_settings(tmp_path, 1, 1))

    async def fill() -> None:
        async with past(tmp_path) as written:
            await written.said(("alice@cc.acme.test", "bob@work.acme.test", "Hi"))

    asyncio.run(fill())

    def run(words: str, *arguments: str) -> Result:
        more = (*(OF_ONE | OF_ALL)[words], "--config", str(process.config))
        return CliRunner().invoke(main, [*words.split(), *arguments, *more])

    return run


def test_it_is_an_option_of_the_same_name() -> None:
    found = {
        words: [param.opts for param in each.params if "tenant" in str(param.name)] for words, each in commands(main)
    }
    assert {words: opts for words, opts in found.items() if opts} == {
        words: [["--tenant"]] for words in OF_ONE | OF_ALL
    }


@pytest.mark.parametrize("words", OF_ONE | OF_ALL)
def test_one_that_does_not_exist(run: Run, words: str) -> None:
    result = run(words, "--tenant", "umbrella")
    assert result.exit_code == 2
    assert "there is no tenant 'umbrella' in the configuration (there is acme, globex)" in result.output


@pytest.mark.parametrize("words", OF_ONE)
def test_it_is_asked_for_if_there_are_several(run: Run, words: str) -> None:
    result = run(words)
    assert (result.exit_code, "with --tenant (there is acme, globex)" in result.output) == (2, True)


def test_it_may_be_left_out_if_there_is_one(tmp_path: Path, run: Run) -> None:
    given = run("archive export", "--tenant", "acme").output
    settings = make_settings(tmp_path, 1, 1)
    BridgeProcess(tmp_path, replace(settings, tenants=settings.tenants[:1]))
    assert run("archive export").output == given
    assert "Hi" in given
