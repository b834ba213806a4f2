"""Formatted messages (C10), as X sends and Y receives them.

How formatted content is read and written is in ``tests/content``; here is what becomes of it on the way.
"""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from component.xml import XML_LANG
from tests.support.archive import ask, live_id
from tests.support.archived import bodies, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.links import all_tokens, opens, token
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, carried, error_text, hears_nothing, refused, send
from tests.support.server import PASSWORD, TestServer
from tests.support.upload import download, status

CLIENTS = Path(__file__).parents[2] / "clients"
POLICY = "modify/policy-violation"
FAST = {"messages_per_second": 2000, "burst": 4000}
XHTML = "{http://www.w3.org/1999/xhtml}"

LIST = "Please:\n1. log out\n2. log in"


def html(content: str, language: str = "") -> str:
    lang = f" xml:lang='{language}'" if language else ""
    return (
        f"<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'{lang}>{content}"
        "</body></html>"
    )


STEPS = html("<p>Please:</p><ol><li>log <strong>out</strong></li><li>log in</li></ol>")
BOLD = html("<p><b>Hello</b> there</p>")
SAME = "<body>Hello there</body>"


async def received(sender: XmppClient, receiver: XmppClient, face: str, content: str) -> Element:
    id = await send(sender, face, content)
    return await receiver.expect(message(id=id))


def text(got: Element) -> str:
    return got.findtext("{*}body") or ""


class TestAgentToWork:
    """Plain text, and a link where that is not all."""

    async def test_the_text_and_a_link(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """The address last, after words, without a suffix: clients show it as a link. No markup is left."""
        got = await received(alice, bob, BOB, STEPS)
        assert carried(got) == "body"
        said, _, line = text(got).rpartition("\n")
        assert said == LIST
        assert line.startswith("Formatted message: http")
        page = (await download(line.rpartition(" ")[2])).decode()
        assert "log <strong>out</strong>" in page
        assert "Alice Ames" in page
        assert alice.account not in page

    async def test_what_plain_text_can_say(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """Text, lists and links lose nothing, so there is no page."""
        before = all_tokens(bridge)
        for content, said in (
            (html("<p>Hello</p><p>there</p>"), "Hello\n\nthere"),
            (html("<ol><li>one</li><li>two</li></ol>"), "1. one\n2. two"),
            (html("<p>See <a href='https://acme.test/help'>our help</a></p>"), "See our help (https://acme.test/help)"),
        ):
            got = await received(alice, bob, BOB, content)
            assert carried(got) == "body"
            assert text(got) == said
        assert all_tokens(bridge) == before

    async def test_every_way_to_format(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """XEP-0071, 0394, 0481"""
        markup = "<markup xmlns='urn:xmpp:markup:0'><span start='0' end='5'><strong/></span></markup>"
        typed = "<content xmlns='urn:xmpp:content' type='text/html'>&lt;p>&lt;b>Hello&lt;/b> there&lt;/p></content>"
        markdown = "<content xmlns='urn:xmpp:content' type='text/markdown'>**Hello** there</content>"
        for content in (BOLD + SAME, SAME + markup, typed + SAME, typed, markdown + SAME):
            got = await received(alice, bob, BOB, content)
            assert carried(got) == "body", content
            assert text(got).startswith("Hello there\nFormatted message: "), content
            assert "<strong>Hello</strong> there" in (opens(bridge, token(text(got))) or ("", ""))[1], content

    async def test_html_that_says_something_else(self, alice: XmppClient, bob: XmppClient) -> None:
        """The body wins."""
        got = await received(alice, bob, BOB, f"{BOLD}<body>Good bye</body>")
        assert (carried(got), text(got)) == ("body", "Good bye")

    async def test_several_languages(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """Each keeps its text; what is formatted is on one page."""
        german = "<body xml:lang='de'>Hallo du</body>"
        got = await received(alice, bob, BOB, BOLD + SAME + german)
        found = {body.get(XML_LANG): body.text or "" for body in got.findall("{*}body")}
        line = found[None].partition("\n")[2]
        assert found == {None: f"Hello there\n{line}", "de": f"Hallo du\n{line}"}
        assert "Hallo" not in (opens(bridge, token(found["de"])) or ("", ""))[1]

    async def test_nothing_in_it(self, alice: XmppClient, bob: XmppClient) -> None:
        for content in (html("<p> </p>"), html("<script>alert(1)</script>")):
            id = await send(alice, BOB, content)
            assert "plain text" in error_text(await refused(alice, id, BOB, POLICY))
        await hears_nothing(bob, alice, BOB)

    async def test_too_long_as_text(self, reconfigure: Reconfigure, alice: XmppClient, bob: XmppClient) -> None:
        """C18: the plain text counts; our own line does not."""
        await reconfigure(limits={**FAST, "body_chars": 20})
        id = await send(alice, BOB, html(f"<b>{'x' * 21}</b>"))
        assert "too long" in error_text(await refused(alice, id, BOB, POLICY))
        got = await received(alice, bob, BOB, html(f"<b>{'x' * 20}</b>"))
        assert text(got).startswith(f"{'x' * 20}\nFormatted message: ")

    async def test_a_long_one_keeps_its_place(self, alice: XmppClient, bob: XmppClient) -> None:
        """R2: it is read while others are served, and what its sender says next still comes after it."""
        rows = "".join(f"<li><b>{number}</b> items</li>" for number in range(1000))
        ids = [await send(alice, BOB, html(f"<ol>{rows}</ol>")), await alice.say(BOB, "That was all")]
        assert [(await bob.expect(message(sender=ALICE))).get("id") for _ in ids] == ids

    async def test_a_reply(self, alice: XmppClient, bob: XmppClient) -> None:
        """C14: the mark is on the quotation as before, or gone where the text is another one."""
        asked = await bob.say(ALICE, "How much?")
        await alice.expect(message(id=asked))
        for answer, end in (("<b>Ten</b>", 12), ("<a href='https://acme.test/prices'>Ten</a>", 11)):
            quote = "&gt; How much?" if end == 12 else "&gt;How much?"
            got = await received(
                alice,
                bob,
                BOB,
                html(f"<blockquote>How much?</blockquote><p>{answer}</p>") + f"<body>{quote}\nTen</body>"
                f"<reply xmlns='urn:xmpp:reply:0' to='{BOB}' id='{asked}'/>"
                "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
                f"<body start='0' end='{end}'/></fallback>",
            )
            marks = [(mark.get("start"), mark.get("end")) for mark in got.findall("{*}fallback/{*}body")]
            assert got.find("{*}reply") is not None
            assert marks == ([("0", "12")] if text(got).startswith("> How much?\nTen\n") else [])
        assert "https://acme.test/prices" in text(got)

    async def test_a_reply_whose_answer_is_formatted(self, alice: XmppClient, carol: XmppClient) -> None:
        """C14: what is replied to is only in the body, for old clients."""
        asked = await carol.say(ALICE, "How much?")
        await alice.expect(message(id=asked))
        got = await received(
            alice,
            carol,
            CAROL,
            f"{html('<p><b>Ten</b></p>')}<body>&gt; How much?\nTen</body>"
            f"<reply xmlns='urn:xmpp:reply:0' to='{CAROL}' id='{asked}'/>"
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='12'/></fallback>",
        )
        assert carried(got) == "body fallback html reply"
        assert text(got).startswith("> How much?\nTen\nFormatted message: ")
        assert "".join(part.text or "" for part in got.iter() if part.tag.startswith(XHTML)) == "Ten"


class TestAgentToAgent:
    """XHTML-IM, built anew, and what a Work user gets, for clients without XHTML-IM."""

    async def test_formatting(self, alice: XmppClient, carol: XmppClient) -> None:
        """The link is in the text alone, which clients with XHTML-IM do not show."""
        got = await received(alice, carol, CAROL, STEPS)
        assert carried(got) == "body html"
        said, _, line = text(got).rpartition("\n")
        assert said == LIST
        assert "log <strong>out</strong>" in (await download(line.removeprefix("Formatted message: "))).decode()
        assert [part.tag.removeprefix(XHTML) for part in got.iter() if part.tag.startswith(XHTML)] == (
            ["body", "p", "ol", "li", "strong", "li"]
        )

    async def test_the_page_ends_with_its_message(self, alice: XmppClient, carol: XmppClient) -> None:
        """C13: also if the two have ended their chat since, and begin another by that."""
        got = await received(alice, carol, CAROL, STEPS)
        address = text(got).rpartition("\n")[2].removeprefix("Formatted message: ")
        await carol.send(
            f"<message to='{ALICE}' type='chat'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>"
        )
        await alice.expect(message(body="ⓘ Carol Cho ended this chat."))
        assert await status(address) == 200
        retraction = f"<retract xmlns='urn:xmpp:message-retract:1' id='{got.get('id')}'/>"
        await carol.expect(message(id=await send(alice, CAROL, retraction)))
        assert await status(address) == 404

    async def test_what_plain_text_can_say(self, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        before = all_tokens(bridge)
        got = await received(alice, carol, CAROL, html("<ol><li>one</li><li>two</li></ol>"))
        assert (carried(got), text(got)) == ("body html", "1. one\n2. two")
        assert all_tokens(bridge) == before

    async def test_one_way_to_format(self, alice: XmppClient, carol: XmppClient) -> None:
        """Whatever it was, it arrives as XHTML-IM."""
        markup = "<markup xmlns='urn:xmpp:markup:0'><span start='0' end='5'><strong/></span></markup>"
        typed = "<content xmlns='urn:xmpp:content' type='text/markdown'>**Hello** there</content>"
        for content in (SAME + markup, typed, BOLD + SAME + markup + typed):
            got = await received(alice, carol, CAROL, content)
            assert carried(got) == "body html", content
            assert got.findtext(f".//{XHTML}strong") == "Hello"

    async def test_only_what_is_allowed(self, alice: XmppClient, carol: XmppClient) -> None:
        """No scripts, no styles but some, no addresses but those of the web."""
        got = await received(
            alice,
            carol,
            CAROL,
            html(
                "<p onclick='x()' style='color: red; position: fixed; background: url(https://evil.test/x)'>Hello"
                "<script>alert(1)</script><img src='http://evil.test/x.png' alt='a cat' onerror='x()'/>"
                "<a href='javascript:alert(1)'>there</a><iframe src='https://evil.test/'/></p>"
            ),
        )
        (page,) = got.findall("{*}html")
        assert {(part.tag.removeprefix(XHTML), *part.attrib) for part in page.iter() if part.attrib} <= {
            ("p", "style"),
            ("span", "style"),
            ("a", "href"),
        }
        written = " ".join(value for part in page.iter() for value in part.attrib.values())
        assert not [word for word in ("position", "javascript", "onerror", "url(") if word in written]

    async def test_real_addresses(self, alice: XmppClient, carol: XmppClient) -> None:
        """AD2: what a client puts into links of its own accord."""
        got = await received(alice, carol, CAROL, html(f"<p><a href='xmpp:{alice.account}'>Alice</a> here</p>"))
        assert text(got) == "Alice here"
        assert alice.account not in "".join(
            value for part in got.find("{*}html").iter() for value in part.attrib.values()
        )

    async def test_in_both_archives(self, alice: XmppClient, carol: XmppClient, log_in: LogIn) -> None:
        """A6: as it was delivered, under the id that it was delivered with; and as it was written."""
        got = await received(alice, carol, CAROL, STEPS)
        (theirs,) = (await ask(carol, before="", max=1)).results
        assert theirs.id == live_id(got)
        (ours,) = (await ask(alice, before="", max=1)).results
        for found, said in (theirs, text(got)), (ours, LIST):
            assert carried(found.message) == "body html"
            assert found.body == said
            assert found.message.findtext(f".//{XHTML}strong") == "out"


class TestWorkToAgent:
    """Plain text only."""

    async def test_stripped(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        before = all_tokens(bridge)
        markup = "<markup xmlns='urn:xmpp:markup:0'><span start='0' end='5'><strong/></span></markup>"
        typed = "<content xmlns='urn:xmpp:content' type='text/markdown'>**Hello** there</content>"
        for content in (BOLD, markup, typed):
            got = await received(bob, alice, ALICE, content + SAME)
            assert (carried(got), text(got)) == ("body", "Hello there")
        got = await received(bob, alice, ALICE, f"{BOLD}<body>Good bye</body>")
        assert (carried(got), text(got)) == ("body", "Good bye")
        assert all_tokens(bridge) == before

    async def test_without_a_body(self, bob: XmppClient, alice: XmppClient) -> None:
        """It gets one."""
        got = await received(bob, alice, ALICE, STEPS)
        assert (carried(got), text(got)) == ("body", LIST)
        await refused(bob, await send(bob, ALICE, html("")), ALICE, POLICY)

    async def test_with_a_file(self, bob: XmppClient, alice: XmppClient) -> None:
        """C5: it is the caption."""
        oob = "<x xmlns='jabber:x:oob'><url>https://up.test/1/steps.pdf</url></x>"
        got = await received(bob, alice, ALICE, STEPS + oob)
        assert carried(got) == "body"
        assert text(got).startswith(f"{LIST}\nsteps.pdf: http")


class TestTheReader:
    """R2: what reads formatted messages is a process of its own, and can be given up."""

    async def test_others_do_not_wait(
        self, alice: XmppClient, bob: XmppClient, carol: XmppClient, erin: XmppClient, bridge: BridgeProcess
    ) -> None:
        """While it makes no progress, everybody's plain messages pass. Given up, the body of the message wins; one
        without a body is refused with words. Then there is a new process."""
        await received(alice, bob, BOB, BOLD)
        with stopped(bridge) as first:
            stuck = [await send(alice, BOB, BOLD + SAME), await send(alice, BOB, BOLD)]
            said = await carol.say(BOB, "Hello")
            await bob.expect(message(id=said))
            answered = await erin.say(ALICE, "Hello")
            await alice.expect(message(id=answered))
            os.kill(first, signal.SIGKILL)
            got = await bob.expect(message(id=stuck[0]))
            assert (carried(got), text(got)) == ("body", "Hello there")
        got = await bob.expect(message(id=stuck[1]))
        assert text(got).startswith("Hello there\nFormatted message: ")
        assert bridge.count(f"gave up reading a formatted message from {alice.account}: ") == 1
        with stopped(bridge, apart_from=first) as second:
            id = await send(alice, BOB, BOLD)
            got = await received(carol, bob, BOB, BOLD + SAME)
            assert "Formatted message: " in text(got), "others are not read with whom was given up"
            os.kill(second, signal.SIGKILL)
            assert "plain text" in error_text(await refused(alice, id, BOB, POLICY))
        await hears_nothing(bob, alice, BOB)

    async def test_a_table_of_empty_cells(self, lena: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """What is short to send and long to read: the body counts, and a message without one is refused."""
        table = "\n".join(["|" + "a|" * 300, "|" + "-|" * 300, *["|"] * 218])
        for _ in range(30):
            content = f"<content xmlns='urn:xmpp:content' type='text/markdown'>{table}</content>"
            got = await received(lena, bob, BOB, content + SAME)
            assert (carried(got), text(got)) == ("body", "Hello there")
        assert "plain text" in error_text(await refused(lena, await send(lena, BOB, content), BOB, POLICY))
        assert bridge.count(f"gave up reading a formatted message from {lena.account}: ") == 0


@contextmanager
def stopped(bridge: BridgeProcess, apart_from: int = 0) -> Iterator[int]:
    """The process that reads formatted messages, while it does not go on."""
    (pid,) = set(readers(bridge)) - {apart_from}
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def readers(bridge: BridgeProcess) -> Iterator[int]:
    for task in Path(f"/proc/{bridge.pid}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if "component.sanitiser" in Path(f"/proc/{pid}/cmdline").read_text():
                yield int(pid)


class TestTheLifeOfPages:
    async def test_what_the_sender_finds(self, alice: XmppClient, bob: XmppClient, log_in: LogIn) -> None:
        """A6: an agent's archive has what they wrote, as their other clients were shown it live; the other side's what
        was made of it."""
        got = await received(alice, bob, BOB, BOLD + SAME)
        (own,) = (await ask(alice, with_=BOB, before="", max=1)).results
        assert own.body == "Hello there"
        assert carried(own.message) == "body html"
        (theirs,) = (await ask(bob, with_=ALICE, before="", max=1)).results
        assert theirs.body == text(got) != own.body

    async def test_a_second_try(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """A5: also after a crash, and although its link would be another one."""
        id = await send(alice, BOB, BOLD + SAME)
        await bob.expect(message(id=id))
        await send(alice, BOB, BOLD + SAME, id=id)
        await hears_nothing(bob, alice, BOB)
        await ticked_off(bridge)
        await bridge.kill()
        await bridge.restart()
        await send(alice, BOB, BOLD + SAME, id=id)
        await hears_nothing(bob, alice, BOB)
        await send(alice, BOB, html("<p>Hello <b>there</b></p>") + SAME, id=id)
        await bob.expect(message(id=id))

    async def test_corrected_and_retracted(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """C12, C13: the page of a version that is not to be read any more is gone; the transcript has its text."""
        first = await received(alice, bob, BOB, BOLD + SAME)
        replace = f"<replace xmlns='urn:xmpp:message-correct:0' id='{first.get('id')}'/>"
        second = await received(alice, bob, BOB, BOLD.replace("Hello", "Hi") + replace)
        assert opens(bridge, token(text(first))) is None
        assert opens(bridge, token(text(second)))
        await received(alice, bob, BOB, f"<retract xmlns='urn:xmpp:message-retract:1' id='{first.get('id')}'/>")
        assert opens(bridge, token(text(second))) is None
        assert bodies(bridge, first.get("id", ""), second.get("id", "")) == [text(first), text(second)]


@pytest.mark.skipif(
    not (shutil.which("node") and (CLIENTS / "node_modules/stanza").exists()),
    reason="needs node, with what make test gets from npm",
)
async def test_what_a_client_makes_of_it(ejabberd: TestServer, alice: XmppClient) -> None:
    """XEP-0071: the library stanza, which has an allow-list of its own, shows all of it."""
    url = f"ws://127.0.0.1:{ejabberd.web_port}/ws"
    process = await asyncio.create_subprocess_exec(
        *("node", "stanza_formatted.mjs", "carol@cc.acme.test", PASSWORD, url, "agents.acme.test"),
        cwd=CLIENTS, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(90):
        assert await process.stdout.readline() == b"ready\n"
        await send(
            alice,
            CAROL,
            html(
                "<p>Dear <i>Carol</i>,</p><ul><li>see <a href='https://acme.test/' onclick='x()'>this</a></li></ul>"
                "<p>now<script>alert(1)</script></p>"
            ),
        )
        shown = json.loads(await process.stdout.readline())
        await process.wait()
    assert shown["body"].startswith("Dear Carol,\n• see this (https://acme.test/)\n\nnow\nFormatted message: ")
    name, _, paragraphs = shown["html"]
    assert name == "body"
    assert paragraphs == [
        ["p", {}, ["Dear ", ["em", {}, ["Carol"]], ","]],
        ["ul", {}, [["li", {}, ["see ", ["a", {"href": "https://acme.test/"}, ["this"]]]]]],
        ["p", {}, ["now"]],
    ]
