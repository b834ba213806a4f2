"""What becomes of messages while deskbridge, ejabberd, or both are killed again and again (A5, R3).

Bob, a Work user, and Carol, an agent, write to each other all the time, through a real ejabberd that archives for Bob.
Every few seconds something is killed (SIGKILL) at a moment that chance picks, now and then a second time before all is
well again. In the end everything is counted: what was sent, refused and accepted, and what is at the clients and in the
two archives. No message that was accepted may be lost, and none that was refused may be delivered.
"""

import argparse
import asyncio
import contextlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

from benchmarks.support.report import Target, save, table, targets
from tests.support.archive import DELAY, whole
from tests.support.archived import query, ticked_off
from tests.support.bridge import READY, BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import BOB, CAROL, face
from tests.support.matching import message
from tests.support.server import TestServer, running_ejabberd
from tests.support.stream import StreamClosed

KILLS = 50
PAUSE = 0.01
"""Seconds between two messages of one side. Bob's session archives each of both, and falls behind with many more."""

SECOND_TIME = 0.25
"""How often something is killed a second time, before all is well."""

LONGEST = 4.0
"""Seconds of chat between two kills, at most."""

QUIET = 2.0


Ids = tuple[str, str]
"""Those that its client gave a message, and deskbridge."""


@dataclass(frozen=True)
class Outcome:
    """Numbers of messages in one direction. ``gone`` were sent, and neither accepted nor refused: the connection that
    carried them broke. What came ``twice`` did so under one id, by which clients know it; ``renamed`` under another.
    ``out_of_order`` is what an archive has in another order, or a client got so without a time: ejabberd delivers what
    it kept for a log-in beside what comes just then, and says when it was sent."""

    way: str
    sent: int
    accepted: int
    delivered: int
    lost: int
    refused: int
    refused_but_delivered: int
    twice_at_the_client: int
    twice_in_the_archive: int
    renamed: int
    out_of_order: int
    gone: int

    @property
    def promises_kept(self) -> bool:
        """A5"""
        return not (self.lost or self.refused_but_delivered or self.renamed or self.out_of_order)


class Side:
    """One of two who chat, and all that this one said."""

    def __init__(self, client: XmppClient, to: str, account: str) -> None:
        self.client = client
        self.sent: list[str] = []
        self.account = account
        self._to = face(to)
        self._chatting: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Log in, for the first time or again, and talk until the connection breaks, or ``end``."""
        self.end()
        self.client.kill()
        await self.client.login()
        self._chatting = asyncio.create_task(self._chat())

    def end(self) -> None:
        if self._chatting:
            self._chatting.cancel()

    async def _chat(self) -> None:
        with contextlib.suppress(StreamClosed, OSError):
            while True:
                self.sent.append(await self.client.say(self._to, str(len(self.sent))))
                await asyncio.sleep(PAUSE)


class Campaign:
    """``report`` is told of each kill."""

    def __init__(self, ejabberd: TestServer, bridge: BridgeProcess, sides: Sequence[Side], seed: int) -> None:
        self._ejabberd = ejabberd
        self._bridge = bridge
        self._sides = sides
        self._chance = random.Random(seed)

    async def run(self, kills: int) -> list[Outcome]:
        await self._log_in()
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
        return await self._count()

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
            await self._log_in()

    async def _until_ready(self) -> None:
        await self._bridge.logged(READY, self._ready + 1)

    async def _log_in(self) -> None:
        await asyncio.gather(*(side.begin() for side in self._sides))

    # Counting

    async def _count(self) -> list[Outcome]:
        for side in self._sides:
            side.end()
        await self._quiet()
        await ticked_off(self._bridge)
        await self._quiet()
        outcomes = []
        for side, other in (self._sides, self._sides[::-1]):
            other.client.forget()  # what came so far is in `received`, too
            live = [stanza for stanza in other.client.received if message()(stanza)]
            archived = [_ids(result.message, result.id) for result in await whole(other.client)]
            outcomes.append(self._outcome(side, other, live, archived))
        return outcomes

    async def _quiet(self) -> None:
        """Wait until nothing more comes to anybody."""
        before = -1
        while before != (now := sum(len(side.client.received) for side in self._sides)):
            before = now
            await asyncio.sleep(QUIET)

    def _outcome(self, side: Side, other: Side, live: Iterable[Element], archived: Iterable[Ids]) -> Outcome:
        sent = set(side.sent)
        rows = query(self._bridge, "SELECT client_id FROM message WHERE withdrawn_at IS NULL ORDER BY id")
        accepted = [id for id in rows if id in sent]
        errors = (stanza for stanza in side.client.received if message(type="error")(stanza))
        refused = {stanza.get("id", "") for stanza in errors} & sent
        live = [stanza for stanza in live if stanza.get("id") in sent]
        shown = [_ids(stanza) for stanza in live]
        timeless = [_ids(stanza) for stanza in live if stanza.find(f"{{{DELAY}}}delay") is None]
        kept = [ids for ids in archived if ids[0] in sent]
        delivered = {id for id, _ in (*shown, *kept)}
        return Outcome(
            way=f"{side.account.partition('@')[0]} to {other.account.partition('@')[0]}",
            sent=len(sent),
            accepted=len(accepted),
            delivered=len(delivered & set(accepted)),
            lost=len(set(accepted) - delivered),
            refused=len(refused),
            refused_but_delivered=len(refused & delivered),
            twice_at_the_client=_repeated(shown),
            twice_in_the_archive=_repeated(kept),
            renamed=len({ours for _, ours in (*shown, *kept)}) - len(delivered),
            out_of_order=_misplaced(accepted, timeless) + _misplaced(accepted, kept),
            gone=len(sent - set(accepted) - refused),
        )


def _ids(stanza: Element, archived: str = "") -> Ids:
    """deskbridge's id is in an agent's archive the one under which it was ``archived``, in a Work user's, which is
    ejabberd's, the face's."""
    ours = [
        part.get("id", "")
        for part in stanza.iter("{urn:xmpp:sid:0}stanza-id")
        if not part.get("by", "").endswith("@work.acme.test")
    ]
    return stanza.get("id", ""), ours[0] if ours else archived


def _repeated(ids: Sequence[Ids]) -> int:
    return sum(Counter(ids).values()) - len(set(ids))


def _misplaced(accepted: Sequence[str], came: Iterable[Ids]) -> int:
    """Messages that came, for the first time, after a later one."""
    place = {id: number for number, id in enumerate(accepted)}
    places = [place[id] for id in dict.fromkeys(id for id, _ in came) if id in place]
    return sum(before > after for before, after in pairwise(places))


async def campaign(ejabberd: TestServer, folder: Path, kills: int = KILLS, seed: int = 1) -> list[Outcome]:
    """What became of the messages, from Bob to Carol and from Carol to Bob."""
    bob, carol = await ejabberd.client(BOB), await ejabberd.client(CAROL)
    sides = Side(bob, CAROL, BOB), Side(carol, BOB, CAROL)
    async with BridgeProcess(folder, ejabberd.settings) as bridge:
        try:
            return await Campaign(ejabberd, bridge, sides, seed).run(kills)
        finally:
            for side in sides:
                side.end()
                side.client.kill()


def tell(outcomes: Sequence[Outcome], kills: int) -> list[Target]:
    columns = [name for name in Outcome.__dataclass_fields__ if name != "way"]
    rows = [(name.replace("_", " "), *(f"{getattr(each, name):,}" for each in outcomes)) for name in columns]
    print(f"After {kills} kills")
    table(("messages", *(each.way for each in outcomes)), rows)
    never = ("lost", "refused_but_delivered", "renamed", "out_of_order")
    goals = [
        Target(f"{each.way}: {name.replace('_', ' ')}", getattr(each, name), 0, False)
        for each in outcomes
        for name in never
    ]
    targets(goals)
    return goals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with running_ejabberd() as ejabberd, tempfile.TemporaryDirectory(prefix="deskbridge-kills-") as folder:
        outcomes = asyncio.run(campaign(ejabberd, Path(folder), given.kills, given.seed))
    goals = tell(outcomes, given.kills)
    save("kills", {"kills": given.kills, "seed": given.seed, "outcomes": [vars(each) for each in outcomes]}, goals)


if __name__ == "__main__":
    main()
