"""History as clients get it: deskbridge beside ejabberd's own mod_mam, `python -m benchmarks.archive_peers`.

One real ejabberd with deskbridge beside it. Alice, an agent, asks her account, which ejabberd hands to deskbridge;
Bob, a Work user, asks his, which mod_mam answers from SQLite. Both archives hold the same chat of 100 thousand
messages. The two ask in turn, so whatever else the machine does hits both. Times are from the query to its end.
"""

import argparse
import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.past import MINUTE, MORNING, chatter, past
from tests.support.server import TestServer, running_ejabberd

ALICE, BOB = "alice@cc.acme.test", "bob@work.acme.test"
FACES = {ALICE: "bob@directory.acme.test", BOB: "alice@agents.acme.test"}
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
PAGE = 50
BATCH = 5_000

Ask = Callable[[str], str]
"""From the id of some message to what limits the query."""

QUERIES: dict[str, Ask] = {
    "last page": lambda id: "<before/>",
    "page before": lambda id: f"<before>{id}</before>",
    "page after": lambda id: f"<after>{id}</after>",
    "first page": lambda id: "",
}


class Reader:
    """A client and some ids of its archive."""

    def __init__(self, client: XmppClient) -> None:
        self._client = client
        self._ids: list[str] = []

    async def page(self, limits: str) -> float:
        """Milliseconds that a page of the chat took; its ids are kept to go on from."""
        form = (
            f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{MAM}</value></field>"
            f"<field var='with'><value>{FACES[self._client.account]}</value></field></x>"
        )
        rsm = f"<set xmlns='{RSM}'><max>{PAGE}</max>{limits}</set>"
        began = time.perf_counter()
        fin = await self._client.request(f"<iq type='set'><query xmlns='{MAM}'>{form}{rsm}</query></iq>", 60)
        took = time.perf_counter() - began
        first = fin.findtext(f".//{{{RSM}}}first")
        assert fin.get("type") == "result" and first, "the archive did not answer with a page"
        if limits:  # before the very first message there is no page to ask for
            self._ids.append(first)
        self._client.forget()
        self._client.received.clear()
        return took * 1000

    async def turn(self, ask: Ask) -> float:
        return await self.page(ask(random.choice(self._ids)))


def fill_ejabberd(server: TestServer, size: int) -> None:
    """Bob's archive, as mod_mam writes it."""
    lines = chatter(ALICE, BOB, size)
    rows = [
        (
            "bob", MORNING + number * MINUTE, FACES[BOB], FACES[BOB],
            f"<message from='{sender}' to='{receiver}' type='chat' xmlns='jabber:client'><body>{text}</body></message>",
            text, "chat", "",
        )
        for number, (sender, receiver, text) in enumerate(lines)
    ]  # fmt: skip
    names = "username, timestamp, peer, bare_peer, xml, txt, kind, nick"
    for path in (server.server.folder / "spool").glob("*work.acme.test*.sqlite"):
        with closing(sqlite3.connect(path)) as database, database:
            database.executemany(f"INSERT INTO archive ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


async def fill_deskbridge(folder: Path, size: int) -> None:
    async with past(folder) as history:
        lines = chatter(ALICE, BOB, size)
        for start in range(0, size, BATCH):
            await history.said(*lines[start : start + BATCH])


async def run(size: int = 100_000, turns: int = 40) -> None:
    with running_ejabberd() as server, tempfile.TemporaryDirectory() as name:
        bridge = BridgeProcess(Path(name), server.settings, fresh=True)
        await fill_deskbridge(bridge.folder, size)
        fill_ejabberd(server, size)
        async with bridge, await server.client(ALICE) as alice, await server.client(BOB) as bob:
            await compare(Reader(alice), Reader(bob), size, turns)


async def compare(deskbridge: Reader, mod_mam: Reader, size: int, turns: int) -> None:
    print(f"a chat of {size:,} messages, pages of {PAGE}, {turns} turns; ms over XMPP")
    print(f"{'':14}{'deskbridge':>20}{'mod_mam':>20}{'ratio':>14}")
    print(f"{'':14}{'p50':>10}{'p99':>10}{'p50':>10}{'p99':>10}{'p50':>7}{'p99':>7}")
    for reader in (deskbridge, mod_mam):
        await reader.page("<before/>")
        await reader.page("")
    for name, ask in QUERIES.items():
        ours, theirs = [], []
        for _ in range(turns):
            ours.append(await deskbridge.turn(ask))
            theirs.append(await mod_mam.turn(ask))
        figures = [(statistics.median(times), statistics.quantiles(times, n=100)[98]) for times in (ours, theirs)]
        (our50, our99), (their50, their99) = figures
        times = f"{our50:10.1f}{our99:10.1f}{their50:10.1f}{their99:10.1f}"
        print(f"{name:14}{times}{our50 / their50:7.2f}{our99 / their99:7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=40)
    options = parser.parse_args()
    asyncio.run(run(options.size, options.turns))


if __name__ == "__main__":
    main()
