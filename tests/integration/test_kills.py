"""What is accepted arrives and what is refused does not, whatever is killed, and however often (A5, R3)."""

from pathlib import Path

import pytest

from benchmarks.kills import KILLS, campaign
from benchmarks.support.promises import tell
from tests.support.server import TestServer


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_no_promise_is_broken_by_fifty_kills(ejabberd: TestServer, tmp_path: Path) -> None:
    outcomes = await campaign(ejabberd, tmp_path, KILLS)
    tell(outcomes, f"{KILLS} kills")
    for outcome in outcomes:
        assert outcome.accepted, outcome
        assert outcome.promises_kept, outcome
