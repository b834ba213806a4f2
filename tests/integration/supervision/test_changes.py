"""Watching goes on over restarts, and ends with the right to watch (S2)."""

import pytest

from tests.support.adhoc import step
from tests.support.archived import forget_delivery, query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message, presence
from tests.support.scripts import ALICE, CAROL, DAN, error_of, refused, send, talk
from tests.support.server import TestServer
from tests.support.watching import (
    ALICE_AND_CAROL,
    EVERYBODY,
    PEOPLE,
    SALES,
    caught_up,
    copies,
    copy,
    copy_at_work,
    face_of,
    from_chat_face,
    info,
    left,
    no_copy,
    watch,
    words_of,
)

BEGAN = "ⓘ Alice Ames and Carol Cho began a chat."
GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"
FORBIDDEN = "ⓘ You cannot watch this chat any more."
SUE = """name = "Sue Shah"
agent = "sue"
work = "sue"
groups = ["sales"]
"""
ONLY_SUPPORT = PEOPLE.replace(SUE + 'supervises = ["sales"]', SUE + 'supervises = ["support"]').replace(
    'name = "Carol Cho"\nagent = "carol"\ngroups = ["sales", "support"]',
    'name = "Carol Cho"\nagent = "carol"\ngroups = ["sales"]',
)
"""Sue supervises support, and nobody of sales is in it."""
NO_SUPERVISOR = PEOPLE.replace(SUE + 'supervises = ["sales"]', SUE)
SWITCHED_OFF = PEOPLE.replace("watch = true", "watch = false")


class TestRestart:
    @pytest.mark.parametrize("end", ["kill", "stop"])
    @pytest.mark.parametrize("what", [ALICE_AND_CAROL, EVERYBODY])
    async def test_of_the_component(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess, end: str, what: str
    ) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, what)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await caught_up(bridge)
        await ticked_off(bridge)
        await (bridge.kill() if end == "kill" else bridge.stop())
        await bridge.restart()
        await carol.say(ALICE, "Still there?")
        await copies(sue, "▸ Carol Cho: Still there?")

    async def test_what_may_not_have_arrived_comes_again(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, alice_at_work: XmppClient, bridge: BridgeProcess
    ) -> None:
        """A5: to supervisors under the same ids, in its order, and before what is said next; to a Work account nothing
        that ejabberd has in its archive."""
        await talk(carol, alice, ALICE)
        await watch(sue, ALICE_AND_CAROL)
        words = [new_id() for _ in range(3)]
        for each in words:
            await carol.say(ALICE, each)
            await copy(sue, f"▸ Carol Cho: {each}")
            await copy_at_work(alice_at_work, each)
        await caught_up(bridge)
        await ticked_off(bridge)
        await bridge.kill()
        forget_delivery(bridge)
        sue.forget()
        alice_at_work.forget()
        await bridge.restart()
        await carol.say(ALICE, "and now")
        for client, times in ((sue, 2), (alice_at_work, 1)):
            await copy_at_work(client, "and now")
            ids: dict[str, list[str]] = {}
            for stanza in client.received:
                if from_chat_face()(stanza):
                    ids.setdefault(words_of(stanza), []).append(stanza.get("id", ""))
            for each in words:
                assert ids[each] == ids[each][:1] * times

    async def test_a_kill_in_the_middle_of_a_conversation(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess
    ) -> None:
        """A5: every accepted line comes, in order, and none twice under another id."""
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        said = [f"line {number}" for number in range(200)]
        for words in said:
            await alice.say(CAROL, words)
        await bridge.kill()
        await bridge.restart()
        await carol.say(ALICE, "the end")
        await copy(sue, "▸ Carol Cho: the end")
        got = [one for one in sue.received if from_chat_face()(one) and " line " in (one.findtext("{*}body") or "")]
        texts = dict.fromkeys(one.findtext("{*}body") or "" for one in got)
        kept = query(bridge, "SELECT body FROM message WHERE body LIKE 'line %' AND withdrawn_at IS NULL ORDER BY id")
        assert list(texts) == [f"▸ Alice Ames: {words}" for words in kept]
        assert len({one.get("id") for one in got}) == len(texts)

    async def test_of_the_supervisors_client(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        """What was said meanwhile comes at the next log-in, and only that."""
        sue = await log_in("sue@cc.acme.test")
        await talk(alice, carol, CAROL)
        await watch(sue, SALES)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await caught_up(bridge)
        await sue.logout()
        await left(bridge, "sue@cc.acme.test")
        await talk(carol, alice, ALICE)
        sue = await log_in("sue@cc.acme.test")
        await copies(sue, "▸ Carol Cho: Hello")
        await alice.say(CAROL, "There she is")
        await copies(sue, "▸ Alice Ames: There she is")

    async def test_chats_that_ended_meanwhile(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess
    ) -> None:
        sue = await log_in("sue@cc.acme.test")
        await talk(alice, carol, CAROL)
        await watch(sue, SALES)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await caught_up(bridge)
        await sue.logout()
        await left(bridge, "sue@cc.acme.test")
        await talk(carol, alice, ALICE)
        await send(carol, ALICE, GONE)
        await alice.expect(message(body="ⓘ Carol Cho ended this chat."))
        sue = await log_in("sue@cc.acme.test")
        await copies(sue, "▸ Carol Cho: Hello", "ⓘ This chat has ended.")

    async def test_of_both(self, log_in: LogIn, alice: XmppClient, carol: XmppClient, bridge: BridgeProcess) -> None:
        sue = await log_in("sue@cc.acme.test")
        await talk(alice, carol, CAROL)
        await watch(sue, SALES)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await caught_up(bridge)
        await ticked_off(bridge)
        await bridge.kill()
        await sue.logout()
        await bridge.restart()
        await talk(carol, alice, ALICE)
        sue = await log_in("sue@cc.acme.test")
        await copies(sue, "▸ Carol Cho: Hello")


class TestTakenAway:
    """A right that is taken away in the middle ends the watching, with one line."""

    @pytest.mark.parametrize("people", [ONLY_SUPPORT, NO_SUPERVISOR, SWITCHED_OFF])
    @pytest.mark.parametrize("what", [ALICE_AND_CAROL, SALES, EVERYBODY])
    async def test_by_a_reload(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, reconfigure: Reconfigure, people: str, what: str
    ) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, what)
        address = face_of((await copies(sue, BEGAN, "▸ Alice Ames: Hello"))[0])
        await reconfigure(people)
        await copies(sue, FORBIDDEN)
        await talk(alice, carol, CAROL)
        await no_copy(sue)
        assert error_of(await info(sue, address)) == "cancel/item-not-found"
        await refused(sue, await sue.say(address, "Hey"), address, "cancel/item-not-found")

    async def test_who_had_the_chat_as_a_contact_sees_it_go(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, reconfigure: Reconfigure
    ) -> None:
        """P5"""
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        address = face_of(await copy(sue, BEGAN))
        await sue.send(f"<presence to='{address}' type='subscribe'/>")
        await sue.expect(presence(sender=address, type="subscribed"))
        await reconfigure(SWITCHED_OFF)
        await sue.expect(presence(sender=address, type="unsubscribed"))

    async def test_while_the_component_was_down(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess, reconfigure: Reconfigure
    ) -> None:
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")
        await caught_up(bridge)
        await bridge.kill()
        bridge.write_people("acme", SWITCHED_OFF)
        await bridge.restart()
        await talk(carol, alice, ALICE)
        await no_copy(sue)
        assert (await step(sue, "stop-watching")).note == "You watch nothing."

    async def test_a_right_that_is_given(
        self, alice: XmppClient, carol: XmppClient, sue: XmppClient, reconfigure: Reconfigure
    ) -> None:
        """Who watches everybody they supervise sees a chat from its beginning once they may."""
        await reconfigure(SWITCHED_OFF)
        await watch(sue, EVERYBODY)
        await talk(alice, carol, CAROL)
        await no_copy(sue)
        await reconfigure()
        await copies(sue, BEGAN, "▸ Alice Ames: Hello")


class TestTenants:
    async def test_nothing_crosses(self, log_in: LogIn, alice: XmppClient, carol: XmppClient) -> None:
        """AD4: both tenants have the same people. Max supervises everybody in globex, and sees nobody of acme."""
        max_ = await log_in("max@cc.globex.test")
        await watch(max_, EVERYBODY)
        await talk(alice, carol, CAROL)
        await no_copy(max_)
        one, other = await log_in("alice@cc.globex.test"), await log_in("carol@cc.globex.test")
        await talk(one, other, "carol@agents.globex.test")
        got = await copies(max_, BEGAN, "▸ Alice Ames: Hello")
        assert face_of(got[0]).endswith("@agents.globex.test")


class TestUndelivered:
    async def test_a_message_that_came_back(
        self, log_in: LogIn, alice: XmppClient, carol: XmppClient, sue: XmppClient, ejabberd: TestServer
    ) -> None:
        """The line says so: Dan's client falls silent, and ejabberd gives his message back when it gives him up."""
        dan = await ejabberd.client("dan@cc.acme.test")
        await dan.login(resumable=True, resume_seconds=1)
        await dan.expect(presence(sender="agents.acme.test", type=None))
        await watch(sue, SALES)
        await talk(carol, dan, DAN)
        await copies(sue, "ⓘ Carol Cho and Dan Diaz began a chat.", "▸ Carol Cho: Hello")
        dan.go_silent()
        said = await carol.say(DAN, "Can you hear me?")
        line = await copy(sue, "▸ Carol Cho: Can you hear me?")
        dan.kill()
        await refused(carol, said, DAN, "wait/recipient-unavailable")
        again = await copy(sue, "▸ Carol Cho (not delivered): Can you hear me?")
        replaced = again.find("{urn:xmpp:message-correct:0}replace")
        assert replaced is not None
        assert replaced.get("id") == line.get("id")
