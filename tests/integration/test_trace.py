"""How many Python calls a message costs that passes through a bridge at work: a number that no machine changes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from component.compiled import IS_COMPILED

ROOT = Path(__file__).parents[2]

MOST = {"policy": (10, 3), "outgoing": (7, 3), "stream": (35, 3), "bridge": (33, 9), "until it arrived": (110, 33)}
"""Calls of one message, and the modules that these are in, for each part of its way, and for all of it until its
receiver has it. Whoever makes the way shorter lowers them."""


@pytest.mark.skipif(IS_COMPILED, reason="compiled functions cannot be counted")
def test_a_warm_message_makes_no_more_calls_than_it_did() -> None:
    """R2: what every message costs grows by what is added without a thought, a call here and a call there."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trace"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=300
    )
    counted = {
        part: (int(calls), int(modules))
        for part, calls, modules in re.findall(r"^(\w+(?: \w+)*) +(\d+) +\d+ +(\d+) +\d+ *$", done.stdout, re.MULTILINE)
    }
    more = {part: counted[part] for part in MOST if any(map(int.__gt__, counted[part], MOST[part]))}
    assert more == {}, done.stdout
