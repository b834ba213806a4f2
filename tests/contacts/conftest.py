"""A bridge of their own for scripts about contacts that appear by themselves (D2)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.faces import ALICE, BOB, CAROL, DAN, ERIN, LENA, SUE
from tests.support.server import TestServer

LIMIT = 50


@pytest.fixture
async def bridge(ejabberd: TestServer, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge. Nobody has contacts when it starts, nor when the script is over."""
    await ejabberd.register(ALICE, CAROL, DAN, SUE, LENA, BOB, ERIN)
    await ejabberd.empty_rosters()
    async with BridgeProcess(tmp_path, ejabberd.settings, LIMIT) as process:
        yield process
    await ejabberd.empty_rosters()
