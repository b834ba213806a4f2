"""Transcripts: found, read and downloaded by the supervisors allowed, and by operators (S3)."""

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp

from component.bridge.clock import now_us
from component.store.api import Store
from tests.support.adhoc import Step, offered, step
from tests.support.archived import query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message
from tests.support.scripts import ALICE, CAROL, DAN, LENA, send, talk
from tests.support.watching import ALICE_AND_CAROL, PEOPLE

GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"
NODE = "transcripts"


async def search(client: XmppClient, **given: str) -> Step:
    """The list of what is found."""
    return await step(client, NODE, await step(client, NODE), "next", **given)


def found(listed: Step) -> list[str]:
    return list(listed.options("chosen"))


async def read(client: XmppClient, **given: str) -> Step:
    """The newest of what is found."""
    listed = await search(client, **given)
    return await step(client, NODE, listed, "next", chosen=next(iter(listed.options("chosen").values())))


async def link(client: XmppClient, shown: Step, label: str) -> str:
    """The address for a download."""
    done = await step(client, NODE, shown, "complete", chosen=shown.options("chosen")[label])
    assert done.status == "completed"
    return done.note.rpartition(" ")[2]


async def opened(bridge: BridgeProcess, address: str) -> tuple[int, str, str]:
    """Status, name of the file and text."""
    assert address.startswith(f"{bridge.web}/t/")
    async with aiohttp.ClientSession() as http, http.get(address) as response:
        return response.status, response.headers.get("Content-Disposition", ""), await response.text()


@asynccontextmanager
async def opened_store(bridge: BridgeProcess) -> AsyncIterator[Store]:
    """The database, as commands on the command line open it beside the bridge."""
    store = await Store.open(bridge.storage)
    try:
        yield store
    finally:
        await store.close()


async def chat(alice: XmppClient, carol: XmppClient, words: str) -> None:
    """A conversation of two messages, one of them corrected, that has ended."""
    wrong = await alice.say(CAROL, f"{words} at nine")
    await carol.expect(message(body=f"{words} at nine"))
    await send(alice, CAROL, f"<body>{words} at ten</body><replace xmlns='urn:xmpp:message-correct:0' id='{wrong}'/>")
    await carol.expect(message(body=f"{words} at ten"))
    await carol.say(ALICE, "=1+1 is fine")
    await alice.expect(message(body="=1+1 is fine"))
    await send(alice, CAROL, GONE)
    await carol.expect(message(body="ⓘ Alice Ames ended this chat."))


class TestReading:
    async def test_ended_and_current_chats(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        """Also after both agents cannot see it any more (A2); edits are shown as what they are."""
        words = new_id()
        await chat(alice, carol, words)
        shown = await read(sue, text=words)
        lines = [text.partition("  ")[2] for text in shown.words.splitlines()[:3]]
        assert lines == [
            f"Alice Ames: {words} at nine",
            f'Alice Ames corrected "{words} at nine": {words} at ten',
            "Carol Cho: =1+1 is fine",
        ]
        await alice.say(CAROL, f"{words} again")
        await carol.expect(message(body=f"{words} again"))
        assert [label.partition(": ")[0].rpartition(", ")[2][:5] for label in found(await search(sue, text=words))] == [
            "still",
            "until",
        ]

    async def test_a_retraction_keeps_the_original(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        """C13"""
        words = new_id()
        wrong = await alice.say(CAROL, f"{words} is my password")
        await carol.expect(message(body=f"{words} is my password"))
        await send(alice, CAROL, f"<retract xmlns='urn:xmpp:message-retract:1' id='{wrong}'/>")
        await talk(carol, alice, ALICE)
        shown = await read(sue, text=words)
        assert f'Alice Ames retracted "{words} is my password"' in shown.words

    async def test_search(self, alice: XmppClient, carol: XmppClient, dan: XmppClient, sue: XmppClient) -> None:
        """By agent, text and time."""
        one, other = new_id(), new_id()
        await chat(alice, carol, one)
        await carol.say(DAN, other)
        await dan.expect(message(body=other))
        assert [ALICE_AND_CAROL in label for label in found(await search(sue, text=one))] == [True]
        assert ["Carol Cho, Dan Diaz" in label for label in found(await search(sue, text=other))] == [True]
        assert (await search(sue, text=f"{one} {other}")).note == "No chat was found that you may read."
        assert all("Dan Diaz" in label for label in found(await search(sue, agent="Diaz")))
        assert all("Dan Diaz" in label for label in found(await search(sue, agent=DAN)))
        assert (await search(sue, agent="Nobody", text=one)).note == "No chat was found that you may read."
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        assert found(await search(sue, text=one, **{"from": today, "until": today}))
        assert not found(await search(sue, text=one, until="2020-01-31"))
        assert not found(await search(sue, text=one, **{"from": "2199-01-01"}))
        asked = await search(sue, **{"from": "yesterday"})
        assert asked.note == "A day looks like 2026-01-31, not like yesterday."

    async def test_pages(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        words = new_id()
        for number in range(60):
            await alice.say(CAROL, f"{words} {number}")
        await carol.expect(message(body=f"{words} 59"))
        first = await read(sue, text=words)
        assert f"{words} 49" in first.words
        assert f"{words} 50" not in first.words
        second = await step(sue, NODE, first, chosen=first.options("chosen")["Go on reading"])
        assert second.words.count(words) == 10
        assert "Go on reading" not in second.options("chosen")


class TestWho:
    async def test_only_what_they_may_watch(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, dan: XmppClient, lena: XmppClient,
        bridge: BridgeProcess,
    ) -> None:  # fmt: skip
        """S1, S2: by the rules of watching, as the directory is now; nobody's own chats, no other tenant's."""
        words = new_id()
        await alice.say(CAROL, words)
        await carol.expect(message(body=words))
        await dan.say(LENA, words)
        await lena.expect(message(body=words))
        tess, globex = await log_in("tess@cc.acme.test"), await log_in("max@cc.globex.test")
        assert [ALICE_AND_CAROL in label for label in found(await search(tess, text=words))] == [True]
        assert (await search(globex, text=words)).note == "No chat was found that you may read."
        [hidden] = query(bridge, "SELECT conversation_id FROM message WHERE body = ? AND sender LIKE 'dan@%'", words)
        listed = await search(tess, text=words)
        forged = await step(tess, NODE, listed, "next", chosen=f"read:{hidden}")
        assert forged.note == "There is no such transcript, or you may not read it any more."

    async def test_what_was_not_offered(self, sue: XmppClient, alice: XmppClient, carol: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        for forged in ("read:x", "read", "csv:99999999", "more:1", "read:-1", "eval:1", "older:x", "read:9:9", ":"):
            done = await step(sue, NODE, await search(sue), "next", chosen=forged)
            assert done.note == "There is no such transcript, or you may not read it any more."


class TestOperatorsInTheirClients:
    async def test_read_every_chat_between_agents(
        self, dan: XmppClient, lena: XmppClient, bob: XmppClient, bridge: BridgeProcess, reconfigure: Reconfigure
    ) -> None:
        """Also where watching is off. Who is no operator is not offered the command."""
        words = new_id()
        await dan.say(LENA, words)
        await lena.expect(message(body=words))
        assert NODE not in await offered(bob)
        await reconfigure(operators=["bob@work.acme.test"])
        shown = await read(bob, text=words)
        assert words in shown.words
        status, _, text = await opened(bridge, await link(bob, shown, "Download as text"))
        assert (status, words in text) == (200, True)
        looks = query(bridge, "SELECT actor FROM audit WHERE action = 'transcript.read' ORDER BY id DESC LIMIT 1")
        assert looks == ["bob@work.acme.test"]


class TestDownload:
    async def test_every_format(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess
    ) -> None:
        words = new_id()
        await chat(alice, carol, words)
        shown = await read(sue, text=words)
        status, name, text = await opened(bridge, await link(sue, shown, "Download as text"))
        assert (status, name.endswith(".txt")) == (200, True)
        assert text.startswith(f"Chat of {ALICE_AND_CAROL}\n")
        assert f'Alice Ames corrected "{words} at nine": {words} at ten' in text
        shown = await read(sue, text=words)
        status, name, text = await opened(bridge, await link(sue, shown, "Download as JSON"))
        document = json.loads(text)
        assert name.endswith(".json")
        assert [one["kind"] for one in document["messages"]] == ["message", "correction", "message"]
        assert document["messages"][1]["about"] == 1
        assert document["agents"][0] == {"name": "Alice Ames", "address": ALICE}
        assert "@cc.acme.test" not in text
        shown = await read(sue, text=words)
        status, name, text = await opened(bridge, await link(sue, shown, "Download as CSV (spreadsheet)"))
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        assert name.endswith(".csv")
        assert [row["text"] for row in rows] == [f"{words} at nine", f"{words} at ten", "'=1+1 is fine"]

    async def test_a_link_ends_with_the_right_to_read(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess, reconfigure: Reconfigure
    ) -> None:
        words = new_id()
        await chat(alice, carol, words)
        address = await link(sue, await read(sue, text=words), "Download as text")
        assert (await opened(bridge, address))[0] == 200
        await reconfigure(PEOPLE.replace("watch = true", "watch = false"))
        assert (await opened(bridge, address))[0] == 404

    async def test_retention(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess
    ) -> None:
        """A8: what was deleted is in no transcript, and its links open nothing."""
        words = new_id()
        await chat(alice, carol, words)
        address = await link(sue, await read(sue, text=words), "Download as text")
        await ticked_off(bridge)
        async with opened_store(bridge) as store:
            await store.purge("acme", now_us())
        assert (await opened(bridge, address))[0] == 404
        assert (await search(sue, text=words)).note == "No chat was found that you may read."


class TestAudit:
    async def test_every_look_is_in_the_log(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess
    ) -> None:
        words = new_id()
        await chat(alice, carol, words)
        shown = await read(sue, text=words)
        await opened(bridge, await link(sue, shown, "Download as text"))
        [id] = query(bridge, "SELECT max(id) FROM conversation")
        # Visits of links of other tests are noted in between.
        entries = query(
            bridge,
            "SELECT actor, action, subject, detail FROM audit WHERE subject IN ('transcripts', ?)"
            " ORDER BY id DESC LIMIT 4",
            f"conversation {id}",
        )[::-1]
        sue_ = "sue@cc.acme.test"
        assert [entry[:3] for entry in entries] == [
            (sue_, "transcripts.searched", "transcripts"),
            (sue_, "transcript.read", f"conversation {id}"),
            (sue_, "transcript.link", f"conversation {id}"),
            ("web", "transcript.downloaded", f"conversation {id}"),
        ]
        assert json.loads(entries[0][3]) == {"text": words}
        assert entries[2][3] == entries[3][3]
        assert entries[2][3].startswith("link ")


class TestOperators:
    async def test_the_command_line(
        self, alice: XmppClient, carol: XmppClient, dan: XmppClient, lena: XmppClient, bridge: BridgeProcess
    ) -> None:
        """They may read every chat of agents, also where watching is off."""
        words = new_id()
        await dan.say(LENA, words)
        await lena.expect(message(body=words))
        listed = await deskbridge(bridge, "list", "--tenant", "acme", "--text", words)
        number, _, names, count = listed.strip().split("\t")
        assert (names, count) == ("Dan Diaz, Lena Lund", "1")
        assert f"Dan Diaz: {words}" in await deskbridge(bridge, "show", "--tenant", "acme", number)
        document = json.loads(await deskbridge(bridge, "show", "--tenant", "acme", number, "--format", "json"))
        assert document["messages"][0]["text"] == words
        looks = query(bridge, "SELECT actor, action FROM audit WHERE subject = ?", f"conversation {number}")
        assert [action for _, action in looks] == ["transcript.read"] * 2
        assert all(actor.startswith("operator ") for actor, _ in looks)
        assert "has no chat of agents with the number" in await deskbridge(bridge, "show", "--tenant", "globex", number)


async def deskbridge(bridge: BridgeProcess, command: str, *arguments: str) -> str:
    """What ``deskbridge transcripts`` prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "component.cli", "transcripts", command, "--config", str(bridge.config), *arguments),
        env={**os.environ, "DESKBRIDGE_XMPP_SECRET": bridge.settings.xmpp.secret},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return output.decode()
