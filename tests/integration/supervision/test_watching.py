"""Supervisors watch conversations of agents, live, each pair as one chat (S1, S2)."""

from tests.support.adhoc import offered, step
from tests.support.archived import query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message, presence
from tests.support.scripts import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    LENA,
    SUE,
    error_of,
    error_text,
    refused,
    send,
    talk,
    unanswered,
)
from tests.support.watching import (
    ALICE_AND_CAROL,
    EVERYBODY,
    FORWARD,
    SALES,
    archived,
    caught_up,
    copies,
    copy,
    face_of,
    from_chat_face,
    info,
    is_original,
    left,
    name_of,
    no_copy,
    stop_watching,
    watch,
)

BEGAN = "ⓘ Alice Ames and Carol Cho began a chat."
GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"
NOTICE = "ⓘ This chat may be watched by supervisors."
QUINN = "quinn@agents.acme.test"


class TestOne:
    async def test_what_was_said_comes_first_then_what_is_said(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient
    ) -> None:
        """One chat, named after the two, in which each line says who said it."""
        await alice.say(CAROL, "Are you there?")
        await carol.expect(message(body="Are you there?"))
        await carol.say(ALICE, "Yes")
        await alice.expect(message(body="Yes"))
        assert await watch(sue, ALICE_AND_CAROL) == f"You watch the chat of {ALICE_AND_CAROL} now."
        past = await copies(sue, BEGAN, "▸ Alice Ames: Are you there?", "▸ Carol Cho: Yes")
        assert all(one.find("{urn:xmpp:delay}delay") is not None for one in past)
        await alice.say(CAROL, "Good")
        live = await copy(sue, "▸ Alice Ames: Good")
        assert live.find("{urn:xmpp:delay}delay") is None
        assert len({face_of(one) for one in (*past, live)}) == 1
        assert len({one.get("id") for one in (*past, live)}) == 4
        assert live.findtext("{http://jabber.org/protocol/nick}nick") == ALICE_AND_CAROL
        assert await name_of(sue, face_of(live)) == ALICE_AND_CAROL

    async def test_the_message_itself_comes_too(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        """As a forwarded payload (XEP-0297), with faces only (AD2)."""
        await talk(carol, alice, ALICE)
        await watch(sue, ALICE_AND_CAROL)
        await sue.expect(is_original)
        said = await carol.say(ALICE, "Look at this")
        got = await copy(sue, "▸ Carol Cho: Look at this")
        assert got.find(f"{{{FORWARD}}}forwarded") is None
        inner = (await sue.expect(is_original)).find(f"{{{FORWARD}}}forwarded/{{*}}message")
        assert inner is not None
        assert (inner.get("from"), inner.get("to"), inner.get("id")) == (CAROL, ALICE, said)
        assert inner.findtext("{*}body") == "Look at this"
        await send(alice, CAROL, f"<body>I see</body><reply xmlns='urn:xmpp:reply:0' to='{CAROL}' id='{said}'/>")
        answer = await copy(sue, "▸ Alice Ames: I see")
        original = await sue.expect(is_original)
        assert answer.get("id") != original.get("id")
        reply = original.find(f"{{{FORWARD}}}forwarded/{{*}}message/{{urn:xmpp:reply:0}}reply")
        assert reply is not None
        assert reply.get("to") == CAROL

    async def test_corrections_and_retractions(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        """A correction replaces the line of what it corrects; a retraction says what was retracted."""
        wrong = await alice.say(CAROL, "At nine")
        await carol.expect(message(body="At nine"))
        await watch(sue, ALICE_AND_CAROL)
        line = (await copies(sue, BEGAN, "▸ Alice Ames: At nine"))[1]
        await send(alice, CAROL, f"<body>At ten</body><replace xmlns='urn:xmpp:message-correct:0' id='{wrong}'/>")
        corrected = await copy(sue, "▸ Alice Ames: At ten")
        replaced = corrected.find("{urn:xmpp:message-correct:0}replace")
        assert replaced is not None
        assert replaced.get("id") == line.get("id")
        await send(alice, CAROL, f"<retract xmlns='urn:xmpp:message-retract:1' id='{wrong}'/>")
        await copy(sue, "ⓘ Alice Ames retracted: At nine")

    async def test_the_end_and_the_next_beginning(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await send(carol, ALICE, GONE)
        ended = await copy(sue, "ⓘ Carol Cho ended this chat.")
        await alice.expect(message(body="ⓘ Carol Cho ended this chat."))
        await talk(carol, alice, ALICE)
        again = await copies(sue, BEGAN, "▸ Carol Cho: Hello")
        assert face_of(again[0]) == face_of(ended)
        await carol.logout()
        await copy(sue, "ⓘ Carol Cho logged out. This chat has ended.")

    async def test_other_chats_are_not_seen(
        self, alice: XmppClient, carol: XmppClient, dan: XmppClient, bob: XmppClient, sue: XmppClient
    ) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await talk(carol, dan, DAN)
        await talk(alice, bob, BOB)
        await talk(bob, alice, ALICE)
        await no_copy(sue)

    async def test_stopping(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        assert await watch(sue, ALICE_AND_CAROL) == f"You watch the chat of {ALICE_AND_CAROL} already."
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await stop_watching(sue, ALICE_AND_CAROL)
        await talk(alice, carol, CAROL)
        await no_copy(sue)
        assert (await step(sue, "stop-watching")).note == "You watch nothing."


class TestWriting:
    async def test_is_refused_and_reaches_nobody(self, alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        address = face_of((await copies(sue, BEGAN, "▸ Alice Ames: Hello"))[0])
        answer = await refused(sue, await sue.say(address, "Be nice"), address, "cancel/not-allowed")
        assert "nobody reads what you write here" in error_text(answer)
        await send(sue, address, "<composing xmlns='http://jabber.org/protocol/chatstates'/>")
        sue.take(is_original)
        await unanswered(sue)
        for agent in (alice, carol):
            await agent.expect(message(body=NOTICE))
            await unanswered(agent)


class TestScopes:
    async def test_a_group(self, log_in: LogIn, alice: XmppClient, carol: XmppClient, dan: XmppClient) -> None:
        """Every chat of which either side is in the group, one chat face for each pair."""
        sue = await log_in("sue@cc.acme.test")
        assert await watch(sue, SALES) == "You watch the group Sales desk now."
        await talk(alice, carol, CAROL)
        one = (await copies(sue, BEGAN, "▸ Alice Ames: Hello"))[1]
        await talk(dan, carol, CAROL)
        other = (await copies(sue, "ⓘ Carol Cho and Dan Diaz began a chat.", "▸ Dan Diaz: Hello"))[1]
        assert face_of(one) != face_of(other)

    async def test_everybody_for_a_work_account(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, dan: XmppClient, lena: XmppClient
    ) -> None:
        """Max supervises all groups, with his Work account; but watching is off between Dan and Lena."""
        max_ = await log_in("max@work.acme.test")
        await watch(max_, EVERYBODY)
        await talk(dan, lena, LENA)
        await talk(alice, carol, CAROL)
        await copies(max_, BEGAN, "▸ Alice Ames: Hello")

    async def test_a_work_account_that_is_logged_out(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        """It is told at the next log-in, as an agent's account is, also after a restart of the component; and none of
        it is in ejabberd's archive, where it would outlive the right to watch (S2)."""
        max_ = await log_in("max@work.acme.test")
        await watch(max_, EVERYBODY)
        await talk(alice, carol, CAROL)
        address = face_of((await copies(max_, BEGAN, "▸ Alice Ames: Hello"))[0])
        await caught_up(bridge)
        await max_.logout()
        await left(bridge, max_.account)
        words = new_id()
        await carol.say(ALICE, words)
        await alice.expect(message(body=words))
        await ticked_off(bridge)
        await bridge.stop()
        await bridge.restart()
        max_ = await log_in("max@work.acme.test")
        await copies(max_, f"▸ Carol Cho: {words}")
        await send(carol, ALICE, GONE)
        await copies(max_, "ⓘ Carol Cho ended this chat.")
        await no_copy(max_)
        assert await archived(max_, address) == []

    async def test_several_supervisors_and_overlapping_watches(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, sue: XmppClient
    ) -> None:
        """Each gets each line once, however many of their watches it fits."""
        max_ = await log_in("max@work.acme.test")
        await talk(alice, carol, CAROL)
        for what in (SALES, EVERYBODY, ALICE_AND_CAROL):
            await watch(sue, what)
            await watch(max_, what)
        await alice.say(CAROL, "Twice?")
        for client in (sue, max_):
            await copies(client, BEGAN, "▸ Alice Ames: Hello", "▸ Alice Ames: Twice?")
            await no_copy(client)

    async def test_a_queue(self, log_in: LogIn, dan: XmppClient) -> None:
        """S1: watching is on for the queue of Quinn, so Tess, who supervises support, sees his chat with Dan."""
        quinn, tess = await log_in("quinn@cc.acme.test"), await log_in("tess@cc.acme.test")
        await talk(dan, quinn, QUINN)
        await watch(tess, "Dan Diaz, Quinn Quick")
        await copies(tess, "ⓘ Dan Diaz and Quinn Quick began a chat.", "▸ Dan Diaz: Hello")


class TestWho:
    async def test_only_supervisors_have_the_commands(
        self, sue: XmppClient, alice: XmppClient, bob: XmppClient
    ) -> None:
        commands = {"current-chats", "watch", "stop-watching"}
        assert commands <= set(await offered(sue))
        assert not commands & set(await offered(alice))
        assert not commands & set(await offered(bob))

    async def test_the_list_of_current_chats(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, dan: XmppClient, lena: XmppClient, sue: XmppClient
    ) -> None:
        """S1, S2: each supervisor sees what they may watch, and nothing else."""
        tess, globex = await log_in("tess@cc.acme.test"), await log_in("max@cc.globex.test")
        await talk(alice, carol, CAROL)
        await talk(dan, lena, LENA)
        for client in (sue, tess):
            rows = (await step(client, "current-chats")).rows
            assert [(row["agents"], row["messages"]) for row in rows] == [(ALICE_AND_CAROL, "1")]
        assert (await step(globex, "current-chats")).note == "No chat that you may watch is going on."

    async def test_nobody_watches_their_own_chats(self, alice: XmppClient, sue: XmppClient, log_in: LogIn) -> None:
        """Not with their other account either."""
        sue_at_work = await log_in("sue@work.acme.test")
        await watch(sue_at_work, SALES)
        await talk(alice, sue, SUE)
        got = await sue_at_work.expect(from_chat_face())
        assert await name_of(sue_at_work, face_of(got)) == "Alice Ames (agent chat)"
        await no_copy(sue_at_work)

    async def test_what_was_not_offered(
        self, alice: XmppClient, carol: XmppClient, dan: XmppClient, lena: XmppClient, sue: XmppClient
    ) -> None:
        await talk(dan, lena, LENA)
        for forged in (
            "group:support",
            "dan+lena",
            "all x",
            "nonsense",
            "group:",
            "chat-aaaaaaaaaaaaaaaa@agents.acme.test",
        ):
            first = await step(sue, "watch")
            done = await step(sue, "watch", first, what=forged)
            assert done.note == "You may not watch that, or it is over."

    async def test_a_chat_face_is_there_for_supervisors_only(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, sue: XmppClient
    ) -> None:
        """For everybody else, the watched included, it is an address that nobody has."""
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        address = face_of(await copy(sue, BEGAN))
        features = [one.get("var") for one in (await info(sue, address)).iterfind(".//{*}feature")]
        assert features == ["http://jabber.org/protocol/disco#info", "urn:xmpp:ping", "vcard-temp"]
        await sue.send(f"<presence to='{address}' type='subscribe'/>")
        await sue.expect(presence(sender=address, type="subscribed"))
        await sue.expect(presence(sender=address, type=None))
        for other in (carol, await log_in("dan@cc.acme.test"), await log_in("max@cc.globex.test")):
            expected = "auth/forbidden" if "globex" in other.account else "cancel/item-not-found"
            assert error_of(await info(other, address)) == expected
            await refused(other, await other.say(address, "Who is there?"), address, expected)

    async def test_it_is_in_the_audit_log(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess
    ) -> None:
        await watch(sue, SALES)
        await stop_watching(sue, SALES)
        entries = query(bridge, "SELECT actor, action, subject FROM audit ORDER BY id DESC LIMIT 2")
        assert entries == [
            ("sue@cc.acme.test", "watch.stopped", "group:sales"),
            ("sue@cc.acme.test", "watch.started", "group:sales"),
        ]


class TestNotice:
    """S4"""

    async def test_both_are_told_once(self, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        """In each conversation, at its opening, by a line that no archive keeps."""
        for _ in range(2):
            await talk(alice, carol, CAROL)
            await talk(carol, alice, ALICE)
            for agent, other in ((alice, CAROL), (carol, ALICE)):
                line = await agent.expect(message(sender=other, body=NOTICE))
                assert line.find("{urn:xmpp:hints}no-store") is not None
                await unanswered(agent)
            await send(alice, CAROL, GONE)
            await carol.expect(message(body="ⓘ Alice Ames ended this chat."))
        assert query(bridge, "SELECT count(*) FROM message WHERE body LIKE '%watched%'") == [0]

    async def test_not_where_nobody_may_watch(self, dan: XmppClient, lena: XmppClient, bob: XmppClient) -> None:
        await talk(dan, lena, LENA)
        await talk(bob, lena, LENA)
        for client in (dan, lena, bob):
            await unanswered(client)

    async def test_not_where_the_tenant_says_so(
        self, alice: XmppClient, carol: XmppClient, reconfigure: Reconfigure
    ) -> None:
        await reconfigure(watch_notice=False)
        await talk(alice, carol, CAROL)
        await unanswered(alice)
        await unanswered(carol)

    async def test_where_all_of_the_tenant_is_watched(
        self, dan: XmppClient, lena: XmppClient, reconfigure: Reconfigure
    ) -> None:
        await reconfigure(watch=True)
        await talk(dan, lena, LENA)
        await dan.expect(message(sender=LENA, body=NOTICE))
