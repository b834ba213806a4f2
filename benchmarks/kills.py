"""What becomes of messages while deskbridge, ejabberd, or both are killed again and again (A5, R3).

Bob, a Work user, and Carol, an agent, write to each other all the time, through a real ejabberd that archives for Bob.
Every few seconds something is killed (SIGKILL) at a moment that chance picks, now and then a second time before all is
well again. In the end everything is counted: what was sent, refused and accepted, and what is at the clients and in the
two archives. No message that was accepted may be lost, and none that was refused may be delivered.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.support.promises import Outcome, Side, chatting, counted, log_in, tell
from benchmarks.support.report import save
from tests.support.bridge import READY, BridgeProcess
from tests.support.server import TestServer, running_ejabberd

KILLS = 50

SECOND_TIME = 0.25
"""How often something is killed a second time, before all is well."""

LONGEST = 4.0
"""Seconds of chat between two kills, at most."""


class Campaign:
    """``report`` is told of each kill."""

    def __init__(self, ejabberd: TestServer, bridge: BridgeProcess, sides: Sequence[Side], seed: int) -> None:
        self._ejabberd = ejabberd
        self._bridge = bridge
        self._sides = sides
        self._chance = random.Random(seed)

    async def run(self, kills: int) -> list[Outcome]:
        await log_in(self._sides)
        for number in range(kills):
            await asyncio.sleep(self._chance.uniform(0.5, LONGEST))
            what = ("deskbridge", "ejabberd", "both")[number % 3]
            began = time.monotonic()
            await self._kill(what)
            if self._chance.random() < SECOND_TIME:
                await asyncio.sleep(self._chance.uniform(0.2, LONGEST))
                await self._kill(what)
                what += ", twice"
            await self._until_ready()
            print(f"kill {number + 1} of {kills}: {what}; ready after {time.monotonic() - began:.1f} s", flush=True)
        return await counted(self._sides, self._bridge)

    async def _kill(self, what: str) -> None:
        """And start it again at once."""
        if what in ("deskbridge", "both"):
            await self._bridge.kill()
        if what in ("ejabberd", "both"):
            await asyncio.to_thread(self._ejabberd.server.kill)
            await asyncio.to_thread(self._ejabberd.server.start)
        self._ready = self._bridge.count(READY)
        if what in ("deskbridge", "both"):
            await self._bridge.start(wait=False)
        if what in ("ejabberd", "both"):
            # Clients are back as soon as ejabberd is, whether deskbridge is or not.
            await log_in(self._sides)

    async def _until_ready(self) -> None:
        await self._bridge.logged(READY, self._ready + 1)


async def campaign(ejabberd: TestServer, folder: Path, kills: int = KILLS, seed: int = 1) -> list[Outcome]:
    """What became of the messages, from Bob to Carol and from Carol to Bob."""
    async with BridgeProcess(folder, ejabberd.settings) as bridge, chatting(ejabberd) as sides:
        return await Campaign(ejabberd, bridge, sides, seed).run(kills)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with running_ejabberd() as ejabberd, tempfile.TemporaryDirectory(prefix="deskbridge-kills-") as folder:
        outcomes = asyncio.run(campaign(ejabberd, Path(folder), given.kills, given.seed))
    goals = tell(outcomes, f"{given.kills} kills")
    save("kills", {"kills": given.kills, "seed": given.seed, "outcomes": [vars(each) for each in outcomes]}, goals)


if __name__ == "__main__":
    main()
