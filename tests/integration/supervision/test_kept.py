"""What is kept is what was delivered, whoever reads it afterwards, and wherever (A9)."""

import csv
import io
import json
from collections.abc import AsyncIterator
from xml.etree.ElementTree import tostring

import pytest

from tests.integration.supervision.test_secondary import own_words
from tests.integration.supervision.test_transcripts import deskbridge, link, opened, read
from tests.support.archive import ask
from tests.support.archived import query
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, send, talk
from tests.support.watching import (
    ALICE_AND_CAROL,
    CARBONS,
    copies,
    copy,
    copy_at_work,
    from_chat_face,
    is_original,
    watch,
)

BEGAN = "ⓘ Alice Ames and Carol Cho began a chat."
POLISH = "<body>ok</body><body xml:lang='pl'>PIN 4711 {word}</body>"
REPLACE = "{urn:xmpp:message-correct:0}replace"
RETRACTION = "<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>"
FALLBACK = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>"


@pytest.fixture
async def watched(alice: XmppClient, carol: XmppClient, sue: XmppClient) -> AsyncIterator[XmppClient]:
    """Sue, who watches Alice and Carol."""
    await talk(alice, carol, CAROL)
    await watch(sue, ALICE_AND_CAROL)
    await copies(sue, BEGAN, "▸ Alice Ames: Hello")
    yield sue


async def number_of(bridge: BridgeProcess) -> str:
    [number] = query(bridge, "SELECT max(id) FROM conversation")
    return str(number)


class TestLanguages:
    async def test_everybody_reads_all_of_them(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient, bridge: BridgeProcess
    ) -> None:
        """Live, in the agent's archive by its words, and in transcripts of every form."""
        word = new_id()
        id = await send(alice, CAROL, POLISH.format(word=word))
        got = await carol.expect(message(id=id))
        assert [body.text for body in got.iterfind("{*}body")] == ["ok", f"PIN 4711 {word}"]
        both = f"ok\n[pl] PIN 4711 {word}"
        await copy(watched, f"▸ Alice Ames: ok\n│ [pl] PIN 4711 {word}")
        for client in (alice, carol):
            (found,) = (await ask(client, text=word)).results
            assert [body.text for body in found.message.iterfind("{*}body")] == ["ok", f"PIN 4711 {word}"]
        shown = await read(watched, text=word)
        assert f"PIN 4711 {word}" in shown.words
        _, _, text = await opened(bridge, await link(watched, shown, "Download as text"))
        assert f"Alice Ames: ok\n│ [pl] PIN 4711 {word}" in text
        number = await number_of(bridge)
        document = json.loads(await deskbridge(bridge, "show", "--tenant", "acme", number, "--format", "json"))
        assert document["messages"][-1]["text"] == both
        table = await deskbridge(bridge, "show", "--tenant", "acme", number, "--format", "csv")
        assert [row["text"] for row in csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))][-1] == both

    async def test_in_the_work_account(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """A4"""
        word = new_id()
        await send(carol, ALICE, POLISH.format(word=word))
        await copy_at_work(alice_at_work, f"ok\n[pl] PIN 4711 {word}")


class TestWordsBesideARetraction:
    async def test_of_nothing(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """A client that finds nothing to retract, or knows no retractions, shows them."""
        words = f"PIN 4711 {new_id()}"
        await send(carol, ALICE, f"<body>{words}</body>{RETRACTION.format(id='does-not-exist')}{FALLBACK}")
        await alice.expect(message(body=words))
        await copy(watched, f"ⓘ Carol Cho retracted a message.\n▸ Carol Cho: {words}")
        await copy_at_work(alice_at_work, words)
        assert f"Carol Cho retracted a message, with the text: {words}" in (await read(watched, text=words)).words

    async def test_of_a_message(self, alice: XmppClient, carol: XmppClient, watched: XmppClient) -> None:
        words = new_id()
        wrong = await alice.say(CAROL, "My password")
        await send(alice, CAROL, f"<body>{words}</body>{RETRACTION.format(id=wrong)}")
        await carol.expect(message(body=words))
        await copies(
            watched, "▸ Alice Ames: My password", f"ⓘ Alice Ames retracted: My password\n▸ Alice Ames: {words}"
        )
        shown = await read(watched, text=words)
        assert f'Alice Ames retracted "My password", with the text: {words}' in shown.words


class TestIds:
    """A11"""

    async def test_of_any_characters(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """A correction and a retraction name the copy of what they are about; the transcript says what it was."""
        word = new_id()
        id = f"alice@cc.acme.test/{word}"
        await send(carol, ALICE, f"<body>{word} at nine</body>", id=id)
        first, kept = (
            await copy(watched, f"▸ Carol Cho: {word} at nine"),
            await copy_at_work(alice_at_work, f"{word} at nine"),
        )
        replace = f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>"
        await send(carol, ALICE, f"<body>{word} at ten</body>{replace}")
        for copied, replaced in (
            (await copy(watched, f"▸ Carol Cho: {word} at ten"), first),
            (await copy_at_work(alice_at_work, f"{word} at ten"), kept),
        ):
            assert copied.find(REPLACE).get("id") == replaced.get("id")
        await send(carol, ALICE, RETRACTION.format(id=id))
        await copy(watched, f"ⓘ Carol Cho retracted: {word} at nine")
        retracted = await alice_at_work.expect(from_chat_face())
        assert retracted.find("{urn:xmpp:message-retract:1}retract").get("id") == kept.get("id")
        shown = (await read(watched, text=word)).words
        assert f'Carol Cho corrected "{word} at nine": {word} at ten' in shown
        assert f'Carol Cho retracted "{word} at nine"' in shown
        for stanza in watched.received:
            assert id not in tostring(stanza, "unicode")

    async def test_of_a_correction_like_that_of_what_it_corrects(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient
    ) -> None:
        """Its copy replaces the copy of the other, not itself; what the other side sent under this id is not meant."""
        id = new_id()
        await send(alice, CAROL, "<body>At nine</body>", id=id)
        first = await copy(watched, "▸ Alice Ames: At nine")
        await send(carol, ALICE, "<body>Well?</body>", id=id)
        await copy(watched, "▸ Carol Cho: Well?")
        replace = f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>"
        await send(alice, CAROL, f"<body>At ten</body>{replace}", id=id)
        second = await copy(watched, "▸ Alice Ames: At ten")
        assert second.find(REPLACE).get("id") == first.get("id") != second.get("id")

    async def test_of_what_was_said_before_the_chat_ended(
        self, alice: XmppClient, carol: XmppClient, watched: XmppClient, alice_at_work: XmppClient
    ) -> None:
        """Another conversation has begun, but everybody has it in the same chat."""
        word = new_id()
        id = await send(carol, ALICE, f"<body>{word} at nine</body>")
        first, kept = (
            await copy(watched, f"▸ Carol Cho: {word} at nine"),
            await copy_at_work(alice_at_work, f"{word} at nine"),
        )
        await alice.send(
            f"<message to='{CAROL}' type='chat'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>"
        )
        await copy(watched, "ⓘ Alice Ames ended this chat.")
        await send(carol, ALICE, f"<body>{word} at ten</body><replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
        for copied, replaced in (
            (await copy(watched, f"▸ Carol Cho: {word} at ten"), first),
            (await copy_at_work(alice_at_work, f"{word} at ten"), kept),
        ):
            assert copied.find(REPLACE).get("id") == replaced.get("id")

    async def test_of_others_in_replies(self, alice: XmppClient, carol: XmppClient, watched: XmppClient) -> None:
        """AD2: the message itself, forwarded for programs, names what it answers by the id that is in the other one."""
        id = f"alice@cc.acme.test/{new_id()}"
        await send(alice, CAROL, "<body>Question</body>", id=id)
        seen = (await carol.expect(message(body="Question"))).get("id")
        await copy(watched, "▸ Alice Ames: Question")
        await send(carol, ALICE, f"<body>Answer</body><reply xmlns='urn:xmpp:reply:0' id='{seen}' to='{ALICE}'/>")
        assert (await alice.expect(message(body="Answer"))).find("{urn:xmpp:reply:0}reply").get("id") == id
        # That of the question may come as late.
        original = await watched.expect(lambda each: is_original(each) and each.findtext(".//{*}body") == "Answer")
        assert original.find(".//{urn:xmpp:reply:0}reply").get("id") == seen


class TestTwoVersions:
    """What an agent wrote, and what was made of it for a Work user."""

    WORDS = "<body>Hello {word}</body>"
    BOLD = (
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
        "<p>Hello <strong onclick='x()'>{word}</strong></p></body></html>"
    )

    @pytest.mark.parametrize("words", [WORDS, ""])
    async def test_each_side_reads_its_own(
        self, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient, bridge: BridgeProcess,
        archives_in_their_name: bool, words: str,
    ) -> None:  # fmt: skip
        """A6, A4: the agent finds the formatted message, also in words of it; the copy for their Work account has their
        words, and no line that was made for others."""
        await alice_at_work.request(f"<iq type='set'><enable xmlns='{CARBONS}'/></iq>")
        word = new_id()
        await send(alice, BOB, (words + self.BOLD).format(word=word))
        got = await bob.expect(message(sender=ALICE))
        assert (got.findtext("{*}body") or "").startswith(f"Hello {word}\nFormatted message: {bridge.web}/m/")
        await own_words(alice_at_work, f"Hello {word}", archives_in_their_name)
        for asked in (await ask(alice, text=word), await ask(alice, to=BOB, max=1, before="")):
            (kept,) = [result.message for result in asked.results]
            assert kept.findtext("{*}body") == f"Hello {word}"
            bold = kept.find(".//{http://www.w3.org/1999/xhtml}strong")
            assert (bold.text, bold.attrib) == (word, {})
        (theirs,) = (await ask(bob, to=ALICE, max=1, before="")).results
        assert theirs.body == got.findtext("{*}body")

    async def test_files_in_the_archive_of_a_face(self, alice: XmppClient, bob: XmppClient) -> None:
        """A Work user finds the words that they wrote, an agent those that they got."""
        url = f"https://upload.acme.test/{new_id()}/photo.png"
        await send(bob, ALICE, f"<body>Look: {url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x>")
        got = (await alice.expect(message(sender=BOB))).findtext("{*}body")
        assert url not in got
        (his,) = (await ask(bob, to=ALICE, max=1, before="")).results
        (hers,) = (await ask(alice, max=1, before="")).results
        assert (his.body, hers.body) == (f"Look: {url}", got)
