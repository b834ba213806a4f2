"""A bridge of their own for scripts about contacts that appear by themselves (D2)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from component.model import Settings
from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, LENA, SUE
from tests.support.server import TestServer

LIMIT = 50
OTHERS = (
    *("dora@cc.acme.test", "dora@work.acme.test"),
    *("alice.ames@work.acme.test", "lena@work.acme.test", "sue@work.acme.test"),
)
"""In the directory of some of these scripts, with an account or without."""


@pytest.fixture
async def settings(ejabberd: TestServer) -> AsyncIterator[Settings]:
    """For Acme alone. Nobody there has contacts now, nor when the script is over."""
    await ejabberd.register(ALICE, CAROL, DAN, SUE, LENA, BOB, ERIN)
    await ejabberd.empty_rosters(*OTHERS)
    yield replace(ejabberd.settings, tenants=(ejabberd.acme,))
    await ejabberd.empty_rosters(*OTHERS)


@pytest.fixture
async def bridge(settings: Settings, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge with which contacts appear."""
    async with BridgeProcess(tmp_path, settings, LIMIT) as process:
        yield process
