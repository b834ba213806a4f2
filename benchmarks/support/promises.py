"""What becomes of messages between two who write to each other all the time: what was promised of each, and what came.

Bob, a Work user, and Carol, an agent, chat through a real ejabberd that archives for Bob. In the end everything is
counted: what was sent, refused and accepted, and what is at the clients and in the two archives.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from benchmarks.support.report import Target, table, targets
from tests.support.archive import DELAY, whole
from tests.support.archived import query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import BOB, CAROL, face
from tests.support.matching import message
from tests.support.server import TestServer
from tests.support.stream import StreamClosed

PAUSE = 0.01
"""Seconds between two messages of one side. Bob's session archives each of both, and falls behind with many more."""

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


@asynccontextmanager
async def chatting(ejabberd: TestServer) -> AsyncIterator[tuple[Side, Side]]:
    """Bob and Carol, not logged in yet."""
    bob, carol = await ejabberd.client(BOB), await ejabberd.client(CAROL)
    sides = Side(bob, CAROL, BOB), Side(carol, BOB, CAROL)
    try:
        yield sides
    finally:
        for side in sides:
            side.end()
            side.client.kill()


async def log_in(sides: Sequence[Side]) -> None:
    await asyncio.gather(*(side.begin() for side in sides))


async def counted(sides: Sequence[Side], bridge: BridgeProcess) -> list[Outcome]:
    """Nobody says anything more, and all that was said has come: what became of it, in both directions."""
    for side in sides:
        side.end()
    await _quiet(sides)
    await ticked_off(bridge)
    await _quiet(sides)
    rows = query(bridge, "SELECT client_id FROM message WHERE withdrawn_at IS NULL ORDER BY id")
    outcomes = []
    for side, other in (sides, sides[::-1]):
        other.client.forget()  # what came so far is in `received`, too
        live = [stanza for stanza in other.client.received if message()(stanza)]
        archived = [_ids(result.message, result.id) for result in await whole(other.client)]
        outcomes.append(_outcome(side, other, rows, live, archived))
    return outcomes


async def _quiet(sides: Sequence[Side]) -> None:
    """Wait until nothing more comes to anybody."""
    before = -1
    while before != (now := sum(len(side.client.received) for side in sides)):
        before = now
        await asyncio.sleep(QUIET)


def _outcome(side: Side, other: Side, rows: Iterable[str], live: Iterable[Element], archived: Iterable[Ids]) -> Outcome:
    sent = set(side.sent)
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


def tell(outcomes: Sequence[Outcome], after: str) -> list[Target]:
    columns = [name for name in Outcome.__dataclass_fields__ if name != "way"]
    rows = [(name.replace("_", " "), *(f"{getattr(each, name):,}" for each in outcomes)) for name in columns]
    print(f"After {after}")
    table(("messages", *(each.way for each in outcomes)), rows)
    never = ("lost", "refused_but_delivered", "renamed", "out_of_order")
    goals = [
        Target(f"{each.way}: {name.replace('_', ' ')}", getattr(each, name), 0, False)
        for each in outcomes
        for name in never
    ]
    targets(goals)
    return goals
