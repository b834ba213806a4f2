"""Speed: what every message passes through is compiled where that can be done, and works where it cannot."""

import shutil
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from component.compiled import IS_COMPILED
from tests.support.bridge import BridgeProcess
from tests.support.compiled import ROOT, library, listed
from tests.support.faces import BOB, CAROL, face
from tests.support.log_ins import LogIn
from tests.support.scripts import talk
from tests.support.server import TestServer


@pytest.mark.skipif(not IS_COMPILED, reason="runs from the source")
@pytest.mark.parametrize("source", listed(), ids=lambda source: source.stem)
def test_what_is_tested_is_compiled(source: Path) -> None:
    module = import_module(".".join(source.relative_to(ROOT).with_suffix("").parts))
    assert Path(module.__file__ or "") == library(source)


@pytest.fixture
async def uncompiled(
    ejabberd: TestServer, empty_rosters: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge that has nothing but the source."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "component", copy / "component", ignore=shutil.ignore_patterns("*.so", "node_modules"))
    monkeypatch.chdir(copy)
    async with BridgeProcess(tmp_path, ejabberd.settings) as process:
        yield process


async def test_messages_cross_without_a_compiler_and_the_log_tells(uncompiled: BridgeProcess, login: LogIn) -> None:
    bob, carol = await login(BOB), await login(CAROL)
    await talk(bob, carol, face(CAROL))
    await talk(carol, bob, face(BOB))
    assert "running uncompiled" in uncompiled.log.read_text()
