"""What is accepted arrives and what is refused does not, however often a standby takes over (H3, A5)."""

from pathlib import Path

import pytest

from benchmarks.support.promises import tell
from benchmarks.takeover import TAKEOVERS, campaign, tell_times
from tests.support.server import TestServer


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_no_promise_is_broken_by_twenty_take_overs(ejabberd: TestServer, tmp_path: Path) -> None:
    outcomes, times = await campaign(ejabberd, tmp_path, None, TAKEOVERS)
    tell(outcomes, f"{TAKEOVERS} take-overs")
    tell_times(times)
    for outcome in outcomes:
        assert outcome.accepted, outcome
        assert outcome.promises_kept, outcome
    assert sum(map(len, times.values())) == TAKEOVERS
