"""Conversations between agents begin and end (V1 to V3); those with Work users do not end (V4)."""

import asyncio

import pytest

from tests.support.archived import all_ended, conversations, query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, DAN, LENA, hears_nothing, refused, send, talk, unanswered

GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"
ENDED = "ⓘ {} ended this chat."
LOGGED_OUT = "ⓘ {} logged out. This chat has ended."
FORBIDDEN = "auth/forbidden"


def endings(bridge: BridgeProcess, one: str, other: str) -> list[str | None]:
    """Why the conversations of two agents ended, in order; None for one that is open."""
    found = conversations(bridge, f"{one}@cc.acme.test", f"{other}@cc.acme.test")
    return [why for _, kind, why in found if kind == "desk"]


class TestBeginning:
    """V1"""

    async def test_with_the_first_message(self, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        before = endings(bridge, "alice", "carol")
        await talk(alice, carol, CAROL)
        await talk(carol, alice, ALICE)
        await talk(alice, carol, CAROL)
        assert endings(bridge, "alice", "carol") == [*before, None]

    async def test_not_with_what_is_not_delivered(
        self, lena: XmppClient, dan: XmppClient, bridge: BridgeProcess
    ) -> None:
        """Neither a refusal nor a notice opens one, so M6 gives nobody a way in."""
        before = endings(bridge, "lena", "dan")
        encrypted = await send(lena, DAN, "<openpgp xmlns='urn:xmpp:openpgp:0'>AA</openpgp>")
        await refused(lena, encrypted, DAN, "modify/policy-violation")
        await send(lena, DAN, "<composing xmlns='http://jabber.org/protocol/chatstates'/>")
        await refused(dan, await dan.say(LENA, "psst"), LENA, FORBIDDEN)
        assert endings(bridge, "lena", "dan") == before


class TestEnd:
    """V2"""

    async def test_gone(self, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        """The other side is told in one line, and a later message opens a new one."""
        await talk(alice, carol, CAROL)
        await send(alice, CAROL, GONE)
        await carol.expect(message(sender=ALICE, type="chat", body=ENDED.format("Alice Ames")))
        await unanswered(alice)
        assert endings(bridge, "alice", "carol")[-1] == "ended"
        await talk(carol, alice, ALICE)
        assert endings(bridge, "alice", "carol")[-2:] == ["ended", None]

    async def test_gone_by_the_other(self, alice: XmppClient, carol: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        await send(carol, ALICE, GONE)
        await alice.expect(message(sender=CAROL, body=ENDED.format("Carol Cho")))
        await unanswered(carol)

    async def test_gone_without_a_conversation(self, alice: XmppClient, carol: XmppClient) -> None:
        """Clients say it for every window they close."""
        await send(alice, CAROL, GONE)
        await talk(alice, carol, CAROL)
        await send(alice, CAROL, GONE)
        await send(alice, CAROL, GONE)
        await carol.expect(message(body=ENDED.format("Alice Ames")))
        await hears_nothing(carol, alice, CAROL)

    async def test_last_words(self, alice: XmppClient, carol: XmppClient) -> None:
        """A text that says good-bye by itself arrives before the end does."""
        await talk(alice, carol, CAROL)
        await send(alice, CAROL, f"<body>Bye</body>{GONE}")
        assert [(await carol.expect(message())).findtext("{*}body") for _ in range(2)] == [
            "Bye",
            ENDED.format("Alice Ames"),
        ]

    async def test_the_line_is_not_archived(self, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        await talk(alice, carol, CAROL)
        await send(alice, CAROL, GONE)
        line = await carol.expect(message(body=ENDED.format("Alice Ames")))
        assert line.find("{urn:xmpp:hints}no-store") is not None
        assert query(bridge, "SELECT count(*) FROM message WHERE body LIKE '%ended this chat%'") == [0]

    @pytest.mark.parametrize("leave", ["logout", "kill"])
    async def test_logging_out(self, log_in: LogIn, carol: XmppClient, bridge: BridgeProcess, leave: str) -> None:
        alice = await log_in("alice@cc.acme.test")
        await talk(alice, carol, CAROL)
        if leave == "kill":
            alice.kill()
        else:
            await alice.logout()
        await carol.expect(message(sender=ALICE, body=LOGGED_OUT.format("Alice Ames")))
        assert endings(bridge, "alice", "carol")[-1] == "logged-out"

    async def test_logging_out_ends_all(self, log_in: LogIn, carol: XmppClient, dan: XmppClient) -> None:
        alice = await log_in("alice@cc.acme.test")
        await talk(alice, carol, CAROL)
        await talk(alice, dan, DAN)
        await alice.logout()
        for other in (carol, dan):
            await other.expect(message(sender=ALICE, body=LOGGED_OUT.format("Alice Ames")))

    async def test_one_client_of_two(self, log_in: LogIn, alice: XmppClient, carol: XmppClient) -> None:
        """Logged out is who has no session left."""
        second = await log_in("alice@cc.acme.test", "phone")
        await talk(second, carol, CAROL)
        await second.logout()
        await hears_nothing(carol, alice, CAROL)

    async def test_a_reply_after_the_end(self, lena: XmppClient, dan: XmppClient) -> None:
        """M6: the way that the conversation opened is closed with it."""
        await talk(lena, dan, DAN)
        await talk(dan, lena, LENA)
        await send(lena, DAN, GONE)
        await dan.expect(message(sender=LENA))
        await refused(dan, await dan.say(LENA, "One more thing"), LENA, FORBIDDEN)

    async def test_only_this_conversation(self, alice: XmppClient, carol: XmppClient, dan: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        await talk(alice, dan, DAN)
        await send(alice, CAROL, GONE)
        await carol.expect(message(body=ENDED.format("Alice Ames")))
        await hears_nothing(dan, alice, DAN)


class TestRestart:
    """V3"""

    async def test_open_conversations_go_on(self, lena: XmppClient, dan: XmppClient, bridge: BridgeProcess) -> None:
        """Dan may reply only because the conversation is still open (M6)."""
        await talk(lena, dan, DAN)
        await ticked_off(bridge)
        await bridge.kill()
        await bridge.restart()
        await talk(dan, lena, LENA)
        assert endings(bridge, "dan", "lena")[-1] is None

    async def test_who_left_meanwhile(self, log_in: LogIn, carol: XmppClient, bridge: BridgeProcess) -> None:
        alice = await log_in("alice@cc.acme.test")
        await talk(alice, carol, CAROL)
        await ticked_off(bridge)
        await bridge.stop()
        await alice.logout()
        await bridge.restart()
        await carol.expect(message(sender=ALICE, body=LOGGED_OUT.format("Alice Ames")))
        assert endings(bridge, "alice", "carol")[-1] == "logged-out"

    async def test_all_left_meanwhile(self, log_in: LogIn, bridge: BridgeProcess) -> None:
        alice, carol = await log_in("alice@cc.acme.test"), await log_in("carol@cc.acme.test")
        await talk(alice, carol, CAROL)
        await ticked_off(bridge)
        await bridge.stop()
        await asyncio.gather(alice.logout(), carol.logout())
        await bridge.restart()
        await all_ended(bridge)
        assert endings(bridge, "alice", "carol")[-1] == "logged-out"


class TestWithWorkUsers:
    """V4"""

    async def test_nothing_ends_them(self, log_in: LogIn, bridge: BridgeProcess) -> None:
        for _ in range(2):
            bob, alice = await log_in("bob@work.acme.test"), await log_in("alice@cc.acme.test")
            await talk(bob, alice, ALICE)
            await send(alice, BOB, GONE)
            await hears_nothing(bob, alice, BOB)
            await send(bob, ALICE, GONE)
            await hears_nothing(alice, bob, ALICE)
            await alice.logout()
            await bob.logout()
        found = conversations(bridge, "alice@cc.acme.test", "bob@work.acme.test")
        assert [(kind, why) for _, kind, why in found] == [("joined", None)]

    async def test_a_restart(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """The one conversation is found again, not opened a second time."""
        await talk(bob, alice, ALICE)
        await ticked_off(bridge)
        await bridge.kill()
        await bridge.restart()
        await talk(alice, bob, BOB)
        assert len(conversations(bridge, "alice@cc.acme.test", "bob@work.acme.test")) == 1
