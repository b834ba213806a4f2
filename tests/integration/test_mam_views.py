"""A1 to A3: how much of the archive somebody sees, by version and by kind of chat, on a real ejabberd."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from component.outgoing.archive_id import Role
from tests.support.archive import ask, live_id
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.past import chatter, past
from tests.support.server import TestServer

ALICE, CAROL, DAN = (f"{name}@cc.acme.test" for name in ("alice", "carol", "dan"))
BOB, ERIN = "bob@work.acme.test", "erin@work.acme.test"
ALICES_FACE, CAROLS_FACE = "alice@agents.acme.test", "carol@agents.acme.test"
BOBS_FACE, ERINS_FACE = "bob@directory.acme.test", "erin@directory.acme.test"

Bridge = Callable[[str], AbstractAsyncContextManager[BridgeProcess]]


@pytest.fixture
def bridge_at(ejabberd: TestServer, tmp_path: Path) -> Bridge:
    """``async with bridge_at("9.9") as bridge``: it finds what was written into ``tmp_path``."""

    @asynccontextmanager
    async def started(version: str) -> AsyncIterator[BridgeProcess]:
        process = BridgeProcess(tmp_path, ejabberd.settings)
        process.write_config(version=version)
        async with process:
            yield process

    return started


def said(name: str, first: int, last: int) -> list[str]:
    return [f"{name} {number}" for number in range(first, last + 1)]


class TestWithWorkUsers:
    """A1"""

    async def test_the_last_30_of_each_chat(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """9.9: of both sides together, per contact or for everything, and the count is of these."""
        async with past(tmp_path) as written:
            await written.said(*chatter(ALICE, BOB, 35, "b"), *chatter(ERIN, ALICE, 31, "e"))
        async with bridge_at("9.9"):
            alice = await login(ALICE)
            page = await ask(alice, with_=BOBS_FACE)
            assert (page.bodies, page.count, page.complete) == (said("b", 6, 35), 30, True)
            page = await ask(alice, max=100)
            assert (page.bodies, page.count, page.complete) == (said("b", 6, 35) + said("e", 2, 31), 60, True)
            page = await ask(alice, with_=ERINS_FACE, before="", max=20)
            assert (page.bodies, page.count, page.complete) == (said("e", 12, 31), 30, False)
            page = await ask(alice, with_=ERINS_FACE, before=page.first, max=20)
            assert (page.bodies, page.count, page.complete) == (said("e", 2, 11), 30, True)

    async def test_all_of_them(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """9.10"""
        async with past(tmp_path) as written:
            await written.said(*chatter(ALICE, BOB, 35))
        async with bridge_at("9.10"):
            page = await ask(await login(ALICE), with_=BOBS_FACE)
            assert (page.bodies, page.count, page.complete) == (said("message", 1, 35), 35, True)

    async def test_the_version_changes_both_ways(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """At once, by a reload, for a client that stays logged in; nothing that is stored changes."""
        async with past(tmp_path) as written:
            await written.said(*chatter(ALICE, BOB, 35))
        async with bridge_at("9.10") as bridge:
            alice = await login(ALICE)
            whole = await ask(alice)
            for version, visible in (("9.9", 30), ("9.10", 35), ("9.9", 30)):
                bridge.write_config(version=version)
                await bridge.reload()
                page = await ask(alice)
                assert (page.ids, page.count) == (whole.ids[-visible:], visible)

    async def test_hidden_ids_are_anchors(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """What a client learned under 9.10, or by a longer log-in: after it comes the visible rest, before it
        nothing, and no error."""
        async with past(tmp_path) as written:
            numbers = await written.said(*chatter(ALICE, BOB, 35))
            third = written.id(numbers[2], Role.SENDER)
        async with bridge_at("9.9"):
            alice = await login(ALICE)
            page = await ask(alice, after=third)
            assert (page.bodies, page.count, page.complete) == (said("message", 6, 35), 30, True)
            page = await ask(alice, before=third)
            assert (page.bodies, page.count, page.complete) == ([], 30, True)
            page = await ask(alice, with_=BOBS_FACE, before_id=third)
            assert (page.bodies, page.count, page.complete) == ([], 0, True)
            assert (await ask(alice, ids=[third])).count == 0
            assert (await ask(alice, text="3", with_=BOBS_FACE)).bodies == []

    async def test_a_new_message_moves_the_window(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """9.9, while a client pages: what it has not read yet leaves the view at the far end."""
        async with past(tmp_path) as written:
            await written.said(*chatter(ALICE, BOB, 35))
        async with bridge_at("9.9"):
            alice, bob = await login(ALICE), await login(BOB)
            page = await ask(alice, before="", max=20)
            assert page.bodies == said("message", 16, 35)
            await bob.say(ALICES_FACE, "a new one")
            await alice.expect(message(body="a new one"))
            page = await ask(alice, before=page.first, max=20)
            assert (page.bodies, page.count, page.complete) == (said("message", 7, 15), 30, True)

    async def test_withdrawn_messages_do_not_count(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        async with past(tmp_path) as written:
            numbers = await written.said(*chatter(ALICE, BOB, 35))
            for place in (34, 20, 2):
                await written.withdrawn(numbers[place])
        async with bridge_at("9.9"):
            page = await ask(await login(ALICE))
            left = [f"message {n}" for n in range(1, 36) if n not in (35, 21, 3)]
            assert (page.bodies, page.count, page.complete) == (left[-30:], 30, True)

    async def test_an_empty_archive(self, bridge_at: Bridge, login: LogIn) -> None:
        """Of somebody who never chatted; metadata is empty too (XEP-0313 §5)."""
        async with bridge_at("9.9"):
            dan = await login(DAN)
            for wanted in ({}, {"before": ""}, {"max": 0}, {"with_": BOBS_FACE}):
                page = await ask(dan, **wanted)
                assert (page.bodies, page.first, page.count, page.complete) == ([], None, 0, True)
            answer = await dan.request("<iq type='get'><metadata xmlns='urn:xmpp:mam:2'/></iq>")
            assert len(answer[0]) == 0

    async def test_who_left_the_directory(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """Their chats stay, under the face they had."""
        async with past(tmp_path) as written:
            await written.said((ALICE, BOB, "Are you leaving?"), (BOB, ALICE, "Tomorrow."))
        async with bridge_at("9.10") as bridge:
            bridge.write_people("acme", PEOPLE.partition('[[people]]\nname = "Bob Berg"')[0])
            await bridge.reload()
            alice = await login(ALICE)
            for page in (await ask(alice), await ask(alice, with_=BOBS_FACE)):
                asked, answered = (result.message for result in page.results)
                assert (asked.get("to"), answered.get("from")) == (BOBS_FACE, BOBS_FACE)


class TestWithAgents:
    """A2"""

    async def test_the_current_conversation_only(self, bridge: BridgeProcess, login: LogIn) -> None:
        """Beside all chats with Work users; empty once it ended; and a new one begins empty."""
        alice, carol, bob = await login(ALICE), await login(CAROL), await login(BOB)
        await bob.say(ALICES_FACE, "from Bob")
        await alice.expect(message(body="from Bob"))
        for body in ("one", "two"):
            await alice.say(CAROLS_FACE, body)
            await carol.expect(message(body=body))
        assert (await ask(alice, with_=CAROLS_FACE)).bodies == ["one", "two"]
        assert (await ask(alice)).bodies == ["from Bob", "one", "two"]
        assert (await ask(carol)).bodies == ["one", "two"]
        await end(alice, carol)
        for page in (await ask(alice, with_=CAROLS_FACE), await ask(carol)):
            assert (page.bodies, page.count, page.complete) == ([], 0, True)
        assert (await ask(alice)).bodies == ["from Bob"]
        await carol.say(ALICES_FACE, "three")
        await alice.expect(message(body="three"))
        assert (await ask(alice)).bodies == ["from Bob", "three"]

    async def test_it_ends_between_two_pages(self, bridge: BridgeProcess, login: LogIn) -> None:
        """The anchor is hidden then, and the next page empty and complete; no error."""
        alice, carol = await login(ALICE), await login(CAROL)
        for body in ("one", "two", "three"):
            await alice.say(CAROLS_FACE, body)
            await carol.expect(message(body=body))
        page = await ask(alice, max=1, with_=CAROLS_FACE)
        assert (page.bodies, page.count, page.complete) == (["one"], 3, False)
        await end(alice, carol)
        page = await ask(alice, max=1, with_=CAROLS_FACE, after=page.last)
        assert (page.bodies, page.count, page.complete) == ([], 0, True)

    async def test_long_ago(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        """What ended before, whichever version; also one that was open when deskbridge was killed."""
        async with past(tmp_path) as written:
            await written.said(*chatter(ALICE, CAROL, 3, "ended"))
            await written.ended(ALICE, CAROL)
            await written.said(*chatter(ALICE, CAROL, 3, "open"))
        async with bridge_at("9.10"):
            page = await ask(await login(ALICE))
            assert (page.bodies, page.count, page.complete) == ([], 0, True)

    async def test_a_restart_ends_nothing(self, bridge: BridgeProcess, login: LogIn) -> None:
        """V3: the conversation of two who stay logged in is still there, and its history."""
        alice, carol = await login(ALICE), await login(CAROL)
        await alice.say(CAROLS_FACE, "before")
        live = await carol.expect(message(body="before"))
        await bridge.kill()
        await bridge.restart()
        page = await ask(carol)
        assert (page.bodies, page.ids) == (["before"], [live_id(live)])

    async def test_the_window_is_for_work_users_only(self, bridge_at: Bridge, login: LogIn) -> None:
        """9.9 shows all of the current conversation of two agents."""
        async with bridge_at("9.9"):
            alice, carol = await login(ALICE), await login(CAROL)
            for number in range(1, 33):
                await alice.say(CAROLS_FACE, f"message {number}")
            await carol.expect(message(body="message 32"))
            assert (await ask(alice)).bodies == said("message", 1, 32)


class TestWorkUsers:
    """A3"""

    @pytest.mark.parametrize("version", ["9.9", "9.10"])
    async def test_their_own_archive_has_everything(self, version: str, bridge_at: Bridge, login: LogIn) -> None:
        """It is ejabberd's, under either version, and it holds what passed through their account; once."""
        async with bridge_at(version):
            alice, bob = await login(ALICE), await login(BOB)
            for number in range(1, 18):
                await bob.say(ALICES_FACE, f"question {number}")
                await alice.expect(message(body=f"question {number}"))
                await alice.say(BOBS_FACE, f"answer {number}")
                await bob.expect(message(body=f"answer {number}"))
            page = await ask(bob, with_=ALICES_FACE, max=100, before="")
            assert page.bodies[-34:] == [f"{kind} {n}" for n in range(1, 18) for kind in ("question", "answer")]
            assert (await ask(alice)).count == (30 if version == "9.9" else 34)


class TestTenants:
    """AD4: nothing of one tenant is visible to another."""

    async def test_the_same_names(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        async with past(tmp_path) as written:
            await written.said((ALICE, BOB, "of Acme"))
            numbers = await written.said(("alice@cc.globex.test", "bob@work.globex.test", "of Globex"))
            theirs = written.id(numbers[0], Role.SENDER)
        async with bridge_at("9.10"):
            alice, other = await login(ALICE), await login("alice@cc.globex.test")
            assert (await ask(alice)).bodies == ["of Acme"]
            assert (await ask(other)).bodies == ["of Globex"]
            assert (await ask(alice, with_="bob@directory.globex.test")).bodies == []
            assert (await ask(alice, ids=[theirs])).bodies == []

    async def test_each_has_its_version(self, tmp_path: Path, bridge_at: Bridge, login: LogIn) -> None:
        async with past(tmp_path) as written:
            await written.said(*chatter("alice@cc.globex.test", "bob@work.globex.test", 31), *chatter(ALICE, BOB, 31))
        async with bridge_at("9.9"):
            assert (await ask(await login(ALICE))).count == 30
            assert (await ask(await login("alice@cc.globex.test"))).count == 31


async def end(by: XmppClient, other: XmppClient) -> None:
    """V2: closing the window ends the conversation, and the other side is told."""
    face = other.account.replace("@cc.", "@agents.")
    await by.send(f"<message to='{face}' type='chat'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>")
    await other.expect(message(body="ⓘ Alice Ames ended this chat."))
