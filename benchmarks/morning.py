"""Nine o'clock: a thousand agents log in within a minute, `python -m benchmarks.morning`.

One real ejabberd with deskbridge beside it. Agents in groups, so that each has as many contacts as `--contacts` says,
log in one after the other, evenly over `--seconds`, from a process of their own. Meanwhile two pairs of a Work user and
an agent chat at a steady rate, as they did before. Two mornings: an ordinary one, with everybody's contacts in place,
and (`--first`) the very first, when deskbridge has only just begun to put them there.

Printed are how long each had to wait for the contact list and for the presence of those who were there already, what
the log-ins added to the time that a message takes, and the CPU time that both servers took.
"""

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.bridge import BridgeProcess
from tests.support.client import ROSTER, XmppClient
from tests.support.matching import message
from tests.support.server import PASSWORD, TestServer, running_ejabberd
from tests.support.stream import CLIENT, StreamClosed, XmlStream

PAIRS = (("w0@work.acme.test", "x0@cc.acme.test"), ("w1@work.acme.test", "x1@cc.acme.test"))
MESSAGES_PER_SECOND = 20
CALM_SECONDS = 15.0
PATIENCE_SECONDS = 600.0
BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>m</resource></bind></iq>"
PRESENCE, ITEM = f"{{{CLIENT}}}presence", f"{{{ROSTER}}}item"


def directory(people: int, contacts: int) -> str:
    """Groups of one more than `contacts`, and four who chat and are in no group."""
    size = contacts + 1
    groups = [f'[[groups]]\nid = "g{number}"\nname = "Group {number}"\n' for number in range(-(-people // size))]
    agents = [f'[[people]]\nname = "Agent {i}"\nagent = "a{i}"\ngroups = ["g{i // size}"]\n' for i in range(people)]
    others = [
        f'[[people]]\nname = "{side} {i}"\n{side} = "{letter}{i}"\n'
        for side, letter in (("work", "w"), ("agent", "x"))
        for i in range(len(PAIRS))
    ]
    return "\n".join([*groups, *agents, *others])


# --- the agents who log in, in a process of their own ---


class Agent:
    """One client, and what it has got so far."""

    def __init__(self, number: int, wanted: set[str]) -> None:
        self.number = number
        self.wanted = wanted
        self.listed: set[str] = set()
        self.seen: set[str] = set()
        self.expected: set[str] = set()
        self.began = self.list_after = self.seen_after = 0.0

    async def log_in(self, port: int, here: set[int]) -> None:
        """Until everything is there; then the connection is kept, and read."""
        self.began = time.monotonic()
        stream = await XmlStream.open(port)
        await stream.log_in("cc.acme.test", f"a{self.number}", PASSWORD)
        stream.write(BIND)
        stream.write(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
        while True:
            stanza = await stream.read()
            self._note(stanza)
            if stanza.get("id") == "r":
                self.expected = {face(number) for number in here} & self.wanted
                stream.write("<presence/>")
                here.add(self.number)
            elif stanza.get("type") in ("get", "set"):  # a ping or a roster push
                stream.write(f"<iq type='result' id='{stanza.get('id')}' to='{stanza.get('from')}'/>")

    def _note(self, stanza: object) -> None:
        now = time.monotonic()
        self.listed.update(item.get("jid", "") for item in stanza.iter(ITEM))
        if stanza.tag == PRESENCE and stanza.get("type") is None:
            self.seen.add(stanza.get("from", "").partition("/")[0])
        if not self.list_after and self.wanted <= self.listed:
            self.list_after = now - self.began
        if self.list_after and self.expected <= self.seen and not self.seen_after:
            self.seen_after = now - self.began

    @property
    def has_everything(self) -> bool:
        return bool(self.seen_after)


def face(number: int) -> str:
    return f"a{number}@agents.acme.test"


async def log_everybody_in(port: int, people: int, contacts: int, seconds: float) -> None:
    """Prints a line of JSON when all have what they should have."""
    size, here = contacts + 1, set[int]()
    groups = [{face(i) for i in range(start, min(people, start + size))} for start in range(0, people, size)]
    agents = [Agent(i, groups[i // size] - {face(i)}) for i in range(people)]
    tasks: list[asyncio.Task[None]] = []
    began = time.monotonic()
    for turn, agent in enumerate(random.Random(9).sample(agents, people)):
        await asyncio.sleep(max(0.0, began + turn * seconds / people - time.monotonic()))
        tasks.append(asyncio.create_task(agent.log_in(port, here)))
    logged_in = time.monotonic() - began
    while not all(agent.has_everything for agent in agents):
        await asyncio.sleep(0.1)
        for task in tasks:
            if task.done():
                task.result()
        if time.monotonic() - began > PATIENCE_SECONDS:
            break
    all_seen = sum(agent.wanted <= agent.seen for agent in agents)
    print(
        json.dumps(
            {
                "log-ins begun over": logged_in,
                "all in order after": time.monotonic() - began,
                "in order": sum(agent.has_everything for agent in agents),
                "see all others": all_seen,
                "list": [agent.list_after for agent in agents],
                "presence": [agent.seen_after for agent in agents],
            }
        ),
        flush=True,
    )


# --- what is measured ---


class Chat:
    """Messages at a steady rate between the pairs; ms of each from its sending to its being read."""

    def __init__(self, pairs: list[tuple[XmppClient, XmppClient]]) -> None:
        self._pairs = pairs
        self.times: list[float] = []

    async def flow(self) -> None:
        async with asyncio.TaskGroup() as group:
            due = time.monotonic()
            for number in range(sys.maxsize):
                sender, receiver = self._pairs[number % len(self._pairs)]
                group.create_task(self._one(sender, receiver))
                due += 1 / MESSAGES_PER_SECOND
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _one(self, sender: XmppClient, receiver: XmppClient) -> None:
        began = time.perf_counter()
        sent = await sender.say(receiver.account.replace("@cc.", "@agents."), "Is the price list out?")
        await receiver.expect(message(id=sent), seconds=60)
        self.times.append((time.perf_counter() - began) * 1000)

    def taken(self) -> tuple[float, float, float]:
        """Median, 99th percentile and longest of those since the last call."""
        times, self.times = self.times, []
        return statistics.median(times), statistics.quantiles(times, n=100)[98], max(times)


def cpu_seconds(group: int) -> float:
    """User and system time of all processes of a group that are alive."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group or int(path.parent.name) == group:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


async def morning(people: int, contacts: int, seconds: float, first: bool) -> None:
    with running_ejabberd() as server, tempfile.TemporaryDirectory() as name:
        await make_accounts(server, people)
        if not first:
            fill_rosters(server, people, contacts)
        bridge = BridgeProcess(Path(name), server.settings, contacts)
        bridge.write_people("acme", directory(people, contacts))
        bridge.write_people("globex", directory(1, 1))
        async with bridge:
            if not first:
                await bridge.logged("in order after", seconds=PATIENCE_SECONDS)
            print(f"{people:,} agents with {contacts} contacts each, {'the first' if first else 'an ordinary'} morning")
            await measure(server, bridge, people, contacts, seconds)
            if first:
                await bridge.logged("in order after", seconds=PATIENCE_SECONDS)
            print(f"  deskbridge: contacts of {bridge.log.read_text().rpartition('contacts of ')[2].splitlines()[0]}")


async def make_accounts(server: TestServer, people: int) -> None:
    """All like the first, whose password ejabberd takes a while to digest."""
    await server.register("a0@cc.acme.test")
    columns = "password, serverkey, salt, iterationcount"
    copy = f"INSERT INTO users (username, {columns}) SELECT ?, {columns} FROM users WHERE username = 'a0'"
    with database(server) as connection:
        connection.executemany(copy, [(f"a{number}",) for number in range(1, people)])


def fill_rosters(server: TestServer, people: int, contacts: int) -> None:
    """As deskbridge has left them yesterday."""
    size = contacts + 1
    pairs = [
        (number, other)
        for number in range(people)
        for other in range(number // size * size, min(people, number // size * size + size))
        if other != number
    ]
    item = (
        "INSERT INTO rosterusers (username, jid, nick, subscription, ask, askmessage, server, subscribe, type)"
        " VALUES (?, ?, ?, 'T', 'N', '', 'N', '', 'item')"
    )
    group = "INSERT INTO rostergroups (username, jid, grp) VALUES (?, ?, ?)"
    with database(server) as connection:
        connection.executemany(item, [(f"a{one}", face(other), f"Agent {other}") for one, other in pairs])
        connection.executemany(group, [(f"a{one}", face(other), f"Group {other // size}") for one, other in pairs])


@contextmanager
def database(server: TestServer) -> Iterator[sqlite3.Connection]:
    """ejabberd's own, of the desk host."""
    [path] = (server.server.folder / "spool").glob("*cc.acme.test*.sqlite")
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        yield connection


async def measure(server: TestServer, bridge: BridgeProcess, people: int, contacts: int, seconds: float) -> None:
    pairs = [(await server.client(work), await server.client(agent)) for work, agent in PAIRS]
    for client in (client for pair in pairs for client in pair):
        await client.login()
    chat = Chat(pairs)
    flow = asyncio.create_task(chat.flow())
    await asyncio.sleep(3)
    chat.taken()
    await asyncio.sleep(CALM_SECONDS)
    before = chat.taken()
    groups = {"deskbridge": bridge.pid, "ejabberd": server.server.pid}
    used = {what: -cpu_seconds(group) for what, group in groups.items()}
    found = await storm(server.client_port, people, contacts, seconds)
    during = chat.taken()
    used = {what: used[what] + cpu_seconds(group) for what, group in groups.items()}
    flow.cancel()
    report(found, before, during, used)
    for client in (client for pair in pairs for client in pair):
        client.kill()


async def storm(port: int, people: int, contacts: int, seconds: float) -> dict[str, object]:
    arguments = ("--storm", str(port), "--people", str(people), "--contacts", str(contacts), "--seconds", str(seconds))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.morning", *arguments, stdout=asyncio.subprocess.PIPE, limit=2**24
    )
    assert process.stdout is not None
    found = json.loads(await process.stdout.readline())
    process.terminate()
    await process.wait()
    return found


def report(
    found: dict[str, object], before: tuple[float, ...], during: tuple[float, ...], used: dict[str, float]
) -> None:
    over, until = found["log-ins begun over"], found["all in order after"]
    print(f"  log-ins begun over {over:.1f} s; {found['in order']} have all they should after {until:.1f} s")
    print(f"  seconds from connecting {'p50':>10}{'p99':>10}{'max':>10}")
    for what in ("list", "presence"):
        print(f"    {what:20}{line(found[what], '{:10.2f}')}")
    print(f"  ms of a message       {'p50':>10}{'p99':>10}{'max':>10}")
    for what, times in (("before", before), ("during", during)):
        print(f"    {what:20}" + "".join(f"{value:10.1f}" for value in times))
    print("    ratio               " + "".join(f"{now / then:10.1f}" for now, then in zip(during, before, strict=True)))
    for what, spent in used.items():
        print(f"  CPU of {what:12} {spent:6.1f} s, {100 * spent / until:.0f}% of a core")


def line(times: Iterable[float], form: str) -> str:
    times = sorted(times)
    return "".join(form.format(times[int(part * (len(times) - 1))]) for part in (0.5, 0.99, 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--contacts", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", action="store_true", help="contacts are not in place yet")
    parser.add_argument("--storm", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    amounts = (options.people, options.contacts, options.seconds)
    if options.storm:
        try:
            asyncio.run(log_everybody_in(options.storm, *amounts))
        except StreamClosed as problem:
            sys.exit(str(problem))
    else:
        asyncio.run(morning(*amounts, options.first))


if __name__ == "__main__":
    main()
