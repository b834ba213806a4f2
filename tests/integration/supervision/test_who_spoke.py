"""Who spoke, and when, is never told by text that a speaker can write (S2, A4, V2, A9)."""

import csv
import io
import json
import subprocess
from xml.etree.ElementTree import tostring

import pytest

from tests.integration.supervision.test_kept import number_of
from tests.integration.supervision.test_transcripts import deskbridge
from tests.support.archive import ask
from tests.support.archived import query
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, send, talk
from tests.support.watching import (
    ALICE_AND_CAROL,
    archived,
    copies,
    copy_at_work,
    face_of,
    from_chat_face,
    watch,
    words_of,
)

BEGAN = "ⓘ Alice Ames and Carol Cho began a chat."
DELAY = "{urn:xmpp:delay}delay"
TWINS = """
[[people]]
name = "Gus Gesamt"
agent = "alice"
groups = ["sales"]

[[people]]
name = "Gus Gesamt"
agent = "carol"
groups = ["sales"]

[[groups]]
id = "sales"
name = "Sales desk"
watch = true

[[people]]
name = "Sue Shah"
agent = "sue"
supervises = ["sales"]

[[people]]
name = "Gus Gesamt"
agent = "dan"
work = "lena"
groups = ["sales"]
"""
BELIEVED = """
import sys, nbxmpp
from nbxmpp.modules.delay import parse_delay
print(parse_delay(nbxmpp.Node(node=sys.stdin.read()), from_=["cc.acme.test"], epoch=False).isoformat())
"""
"""What Gajim does: only a delay that its own server vouches for is the time of a message."""


class TestInAWatchedChat:
    @pytest.mark.parametrize("line_break", ["\n", "\r\n", "\x85", "\u2028", "\u2029"])
    async def test_a_line_break_makes_no_second_speaker(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess, line_break: str
    ) -> None:
        """Live, in the past, and in transcripts."""
        words = f"I agree{line_break}▸ Carol Cho: I confirm{line_break}ⓘ Carol Cho ended this chat."
        shown = "▸ Alice Ames: I agree\n│ > Carol Cho: I confirm\n│ i Carol Cho ended this chat."
        await alice.say(CAROL, words)
        await carol.expect(message(body=words.replace("ⓘ", "i").replace("\r\n", "\n")))
        await watch(sue, ALICE_AND_CAROL)
        await copies(sue, BEGAN, shown)
        await alice.say(CAROL, words)
        await copies(sue, shown)
        number = await number_of(bridge)
        text = await deskbridge(bridge, "show", "--tenant", "acme", number)
        assert [line for line in text.splitlines() if "confirm" in line] == ["│ ▸ Carol Cho: I confirm"] * 2
        table = await deskbridge(bridge, "show", "--tenant", "acme", number, "--format", "csv")
        assert {row["name"] for row in csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))} == {"Alice Ames"}
        assert not set("\x85\u2028\u2029") & set(table)
        document = await deskbridge(bridge, "show", "--tenant", "acme", number, "--format", "json")
        assert not set("\x85\u2028\u2029") & set(document)
        assert json.loads(document)["messages"][0]["text"] == words.replace("ⓘ", "i").replace("\r\n", "\n")

    async def test_namesakes_are_told_apart(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, reconfigure: Reconfigure
    ) -> None:
        await reconfigure(people=TWINS)
        alice_, carol_ = f"Gus Gesamt ({ALICE})", f"Gus Gesamt ({CAROL})"
        await talk(alice, carol, CAROL)
        await watch(sue, f"{alice_}, {carol_}")
        await copies(sue, f"ⓘ {alice_} and {carol_} began a chat.", f"▸ {alice_}: Hello")


class TestInAWorkAccount:
    async def test_a_contact_does_not_speak_for_the_agent(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """Before 23.10 ejabberd does not archive what is sent in somebody's name, so own words are told in a line."""
        await bob.say(ALICE, "You: I refund 1000 EUR\n▸ You: really")
        got = await alice_at_work.expect(from_chat_face())
        body = got.findtext("{*}body") or ""
        assert body in (
            "▸ Bob Berg: You: I refund 1000 EUR\n│ > You: really",
            "You: I refund 1000 EUR\n> You: really",
        )
        answer = new_id()
        await alice.say(BOB, answer)
        await bob.expect(message(body=answer))
        await bob.say(ALICE, "Please")
        await copy_at_work(alice_at_work, "Please")
        (_, his), (own_sender, own), _ = (await archived(alice_at_work, face_of(got)))[-3:]
        assert his == body
        as_sent = (own_sender, own) == ("alice.ames@work.acme.test", answer)
        assert as_sent or (own == f"▸ You: {answer}" and body.startswith("▸ Bob Berg: "))


class TestNotices:
    async def test_nobody_can_write_one(self, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        """What arrives is what is kept, and what the other side shows."""
        await talk(alice, carol, CAROL)
        text = "ⓘ An operator ended this chat."
        html = f"<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p><strong>{text}</strong></p></body></html>"
        id = await send(alice, CAROL, f"<body>{text}</body>{html}")
        got = await carol.expect(message(id=id))
        assert (got.findtext("{*}body") or "").startswith("i An operator ended this chat.")
        assert "ⓘ" not in tostring(got, "unicode")
        for client in (alice, carol):
            found = (await ask(client, text="operator")).results[-1]
            assert "ⓘ" not in tostring(found.message, "unicode")
        assert query(bridge, "SELECT count(*) FROM message WHERE payload LIKE '%ⓘ%'") == [0]


class TestWhen:
    async def test_all_of_the_past_has_its_time(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, sue: XmppClient
    ) -> None:
        """In order, from the beginning to the end, said by the viewer's own server and by the chat; live lines have
        none."""
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        began, hello = await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        stamps = []
        for line in (began, hello):
            delays = line.findall(DELAY)
            assert [delay.get("from") for delay in delays] == ["cc.acme.test", face_of(line)]
            assert len({delay.get("stamp") for delay in delays}) == 1
            stamps.append(delays[0].get("stamp") or "")
        assert stamps == sorted(stamps)
        assert len(set(stamps)) == 2
        await carol.say(ALICE, "Now")
        (now,) = await copies(sue, "▸ Carol Cho: Now")
        assert now.find(DELAY) is None
        _believed(hello, stamps[1])

    async def test_a_burst_comes_line_by_line(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        """What is said while the past is told comes behind it."""
        said = [f"line {number}" for number in range(5)]
        for words in said:
            await alice.say(CAROL, words)
            await carol.expect(message(body=words))
        await watch(sue, ALICE_AND_CAROL)
        first = await sue.expect(from_chat_face())
        assert first.findtext("{*}body") == BEGAN
        for words in ("and now", "and then"):
            await alice.say(CAROL, words)
        got = [words_of(await sue.expect(from_chat_face())) for _ in range(7)]
        assert got == [*said, "and now", "and then"]


def _believed(line: object, stamp: str) -> None:
    """By nbxmpp, if Debian's is here."""
    done = subprocess.run(
        ["/usr/bin/python3", "-c", BELIEVED], input=tostring(line, "unicode"), capture_output=True, text=True
    )
    if "No module named" not in done.stderr:
        assert done.stdout.startswith(stamp[:23]), done.stderr
