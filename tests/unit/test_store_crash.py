"""A process killed in the middle of writing: what it acknowledged is there, and nothing comes twice (A5, A6)."""

import subprocess
import sys
from pathlib import Path

import pytest

from component.store.api import ArchiveView, Filters, Slice
from tests.support.store import ALICE, BOB, ids, message, numbers, opened

pytestmark = pytest.mark.usefixtures("each_storage")

ROOT = Path(__file__).parents[2]


def _killed_after(lines: int, folder: Path) -> list[int]:
    """The ids that the victim acknowledged before it was killed."""
    command = [sys.executable, "-m", "tests.support.store_victim", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout
        acknowledged = [int(victim.stdout.readline()) for _ in range(lines)]
        victim.kill()
        whole_lines = victim.stdout.read().split("\n")[:-1]
    return acknowledged + [int(line) for line in whole_lines]


@pytest.mark.parametrize("lines", [1, 137, 3000])
async def test_a5_what_was_acknowledged_outlives_kill_9(tmp_path: Path, lines: int) -> None:
    acknowledged = _killed_after(lines, tmp_path)
    async with opened(tmp_path) as store:
        chat = await store.find_joined(ALICE, BOB)
        assert chat is not None
        found = await numbers(store, chat.id)
        assert {id for id, _ in found} >= set(acknowledged)
        assert [seq for _, seq in found] == list(range(1, chat.length + 1)), "no message is half there"
        again = await store.undelivered(store.delivered_up_to, 10 * len(found))
        assert [row.id for row in again] == [id for id, _ in found]
        assert store.next_message_id() > found[-1][0]


async def test_a6_a_killed_process_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    _killed_after(50, tmp_path)
    async with opened(tmp_path) as store:
        chat = await store.find_joined(ALICE, BOB)
        assert chat is not None
        await store.submit(message(store, chat))
        assert (await numbers(store, chat.id))[-1][1] == chat.length + 1


@pytest.mark.parametrize("lines", [20, 1000])
async def test_a7_what_was_written_before_kill_9_can_be_searched(tmp_path: Path, lines: int) -> None:
    """Wherever the process was in putting words into their index."""
    acknowledged = _killed_after(lines, tmp_path)
    async with opened(tmp_path) as store:
        chat = await store.find_joined(ALICE, BOB)
        assert chat is not None
        page = await store.history(ArchiveView(ALICE, True), Filters(text="number"), Slice(100_000))
        assert ids(page) == [id for id, _ in await numbers(store, chat.id)]
        assert set(ids(page)) >= set(acknowledged)
