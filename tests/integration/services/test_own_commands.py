"""Commands for everybody: *Find people*, *Set status*, *My conversations* (D4, P3)."""

import asyncio

from tests.support.bridge import BridgeProcess
from tests.support.client import PING, XmppClient
from tests.support.commands import Run, offered
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import presence, text_of
from tests.support.scripts import ALICE, BOB, CAROL, DAN, LENA, SUE, talk

OPERATORS = ["who-is-on", "statistics", "end-conversation", "reload", "log-level"]
SUPERVISORS = {"current-chats", "watch", "stop-watching"}


async def watching(client: XmppClient, face: str) -> None:
    """The client sees this face, and knows what it is now."""
    await client.send(f"<presence to='{face}' type='probe'/>")
    await client.expect(presence(sender=face, type=None))
    client.forget()


async def chosen(client: XmppClient, status: str) -> Run:
    run = await Run(client, "set-status").execute()
    return await run.complete(status=status)


class TestWhoSeesWhich:
    async def test_each_their_own(self, alice: XmppClient, bob: XmppClient, log_in: LogIn) -> None:
        """Sue is an operator at work, and on the desk host a supervisor."""
        assert await offered(alice) == ["find-people", "set-status", "end-chat", "my-conversations"]
        assert await offered(bob) == ["find-people", "set-status", "my-conversations"]
        sue_at_work = await log_in("sue@work.acme.test", "second")
        assert set(OPERATORS) <= set(await offered(sue_at_work))
        sue = await log_in("sue@cc.acme.test")
        assert not set(OPERATORS) & set(await offered(sue))
        assert set(await offered(sue)) >= SUPERVISORS

    async def test_on_both_hosts(self, bob: XmppClient) -> None:
        assert await offered(bob, "directory.acme.test") == await offered(bob)

    async def test_who_may_not(self, bob: XmppClient, alice: XmppClient, log_in: LogIn) -> None:
        for node in OPERATORS:
            for client in (bob, alice):
                assert (await Run(client, node).execute()).status == "auth/forbidden"
        stranger = await log_in("stranger@work.acme.test")
        assert (await Run(stranger, "find-people").execute()).status == "auth/forbidden"

    async def test_where_the_sides_are_not_joined(
        self, bob: XmppClient, alice: XmppClient, reconfigure: Reconfigure
    ) -> None:
        """Nobody sees a Work user's status there, nor is there anybody to find."""
        await reconfigure(mode=1)
        assert await offered(bob) == ["my-conversations"]
        assert (await Run(bob, "set-status").execute()).status == "auth/forbidden"
        assert "set-status" in await offered(alice)


class TestSetStatus:
    async def test_of_a_work_user(self, alice: XmppClient, bob: XmppClient) -> None:
        """P3: it overrides what the client says, until it is cleared."""
        await watching(alice, BOB)
        run = await Run(bob, "set-status").execute()
        assert list(run.options("status")) == [
            *("automatic", "available", "away", "do-not-disturb", "busy", "invisible"),
        ]
        assert run.value("status") == "automatic"
        for status, show, words in (
            ("busy", "dnd", "Busy"),
            ("do-not-disturb", "dnd", None),
            ("away", "away", None),
            ("available", None, None),
        ):
            run = await chosen(bob, status)
            assert (run.status, run.kind) == ("completed", "info")
            await alice.expect(presence(sender=BOB, type=None, show=show, status=words))
            assert (await Run(bob, "set-status").execute()).value("status") == status
        await chosen(bob, "invisible")
        await alice.expect(presence(sender=BOB, type="unavailable"))
        await bob.set_presence(show="away")  # which nobody sees now
        await chosen(bob, "automatic")
        seen = await alice.expect(presence(sender=BOB))
        assert seen.findtext("{*}show") == "away"

    async def test_of_an_agent(self, bob: XmppClient, alice: XmppClient, carol: XmppClient) -> None:
        """P2 for agents; P1: to Work users they are there, and no more."""
        await watching(carol, ALICE)
        await watching(bob, ALICE)
        run = await Run(alice, "set-status").execute()
        assert list(run.options("status")) == ["automatic", "available", "busy", "on-break", "work-offline"]
        for status, show, words in (
            ("busy", "dnd", "Busy"),
            ("on-break", "away", "On break"),
            ("work-offline", "xa", "Work offline"),
            ("available", None, "Available"),
        ):
            await chosen(alice, status)
            await carol.expect(presence(sender=ALICE, type=None, show=show, status=words))
        await chosen(alice, "busy")
        await chosen(alice, "automatic")
        await bob.request(f"<iq type='get' to='{ALICE}'><ping xmlns='{PING}'/></iq>")
        for seen in bob.take(presence(sender=ALICE)):
            assert (seen.get("type"), text_of(seen, "show"), text_of(seen, "status")) == (None, None, None)

    async def test_a_status_that_is_none(self, alice: XmppClient) -> None:
        for status in ("invisible", "sleepy"):
            run = await chosen(alice, status)
            assert (run.status, run.kind) == ("executing", "error")
            assert "Choose one of these" in run.note
        assert (await Run(alice, "set-status").execute()).value("status") == "automatic"

    async def test_for_how_long(self, alice: XmppClient, bob: XmppClient, bridge: BridgeProcess) -> None:
        """P3: until the log-out; and whoever is invisible stays so when deskbridge is killed and starts again (P6)."""
        await watching(alice, BOB)
        await chosen(bob, "invisible")
        await alice.expect(presence(sender=BOB, type="unavailable"))
        await bridge.kill()
        alice.forget()
        await bridge.restart()
        await alice.request(f"<iq type='get' to='{BOB}'><ping xmlns='{PING}'/></iq>")
        await alice.expect_nothing(presence(sender=BOB, type=None))
        assert (await Run(bob, "set-status").execute()).value("status") == "invisible"
        await bob.send("<presence type='unavailable'/>")
        await bridge.people_are(2)
        await bob.set_presence()
        await alice.expect(presence(sender=BOB, type=None))
        assert (await Run(bob, "set-status").execute()).value("status") == "automatic"

    async def test_who_is_not_there(self, log_in: LogIn) -> None:
        client = await log_in("bob@work.acme.test", available=False)
        run = await Run(client, "set-status").execute()
        assert (run.status, run.kind) == ("completed", "warn")


class TestFindPeople:
    async def test_a_contact(self, bob: XmppClient) -> None:
        """Found, chosen, and in the roster with name and subscription, without anybody having to consent."""
        async for _ in _without(bob, DAN):
            run = await Run(bob, "find-people").execute()
            assert run.fields == ["text"]
            await run.next(text="dan di")
            assert run.options("add") == {DAN: f"Dan Diaz (Technician, {DAN})"}
            await run.complete(add=[DAN])
            assert run.note == "Dan Diaz will be among your contacts in a moment."
            item = await _appears(bob, DAN)
            assert (item.get("name"), item.get("subscription")) in {("Dan Diaz", "to"), ("Dan Diaz", "both")}

    async def test_by_what(self, carol: XmppClient, alice: XmppClient) -> None:
        """By name, title, address and group; agents look among agents or Work users."""
        for fields, found in (
            ({"text": "support"}, [DAN]),
            ({"group": "support"}, [DAN]),
            ({"text": "technician"}, [DAN]),
            ({"text": "dan"}, [DAN]),
            ({"text": "", "whom": "agent"}, [ALICE, DAN]),
            ({"text": "ber", "whom": "work"}, [BOB]),
        ):
            run = await (await Run(carol, "find-people").execute()).next(**fields)
            assert list(run.options("add")) == found, fields
        run = await Run(alice, "find-people").execute()
        assert list(run.options("group").values()) == ["any", "Sales desk"]

    async def test_only_whom_they_may_see(self, bob: XmppClient, carol: XmppClient) -> None:
        run = await (await Run(bob, "find-people").execute()).next(text="")
        assert list(run.options("add")) == [ALICE, CAROL, DAN, LENA, SUE]
        run = await (await Run(carol, "find-people").execute()).next(text="lena")
        assert (run.status, run.kind) == ("executing", "error")
        assert run.fields[0] == "text"
        await run.next(text="dan")  # the same command goes on
        assert list(run.options("add")) == [DAN]
        await run.complete(add=[LENA, "lena@cc.acme.test", "bob@work.acme.test"])
        assert run.note == "Nobody was added to your contacts."
        assert LENA not in await carol.roster()

    async def test_ever_so_often(self, erin: XmppClient, bob: XmppClient) -> None:
        """R2: who only searches is told to wait; nobody else is."""
        run = await Run(erin, "find-people").execute()
        for _ in range(150):
            await run.next(text="nobody at all")
            if "too often" in run.note:
                break
        assert (run.status, run.kind) == ("executing", "error")
        assert "too often" in run.note
        other = await (await Run(bob, "find-people").execute()).next(text="dan")
        assert list(other.options("add")) == [DAN]

    async def test_nobody_chosen(self, bob: XmppClient) -> None:
        run = await (await Run(bob, "find-people").execute()).next(text="dan")
        assert (await run.complete()).note == "Nobody was added to your contacts."


class TestMyConversations:
    async def test_the_newest_first(
        self, alice: XmppClient, carol: XmppClient, dan: XmppClient, bob: XmppClient
    ) -> None:
        """By faces (AD2), for either side, with those that have ended."""
        await talk(alice, bob, BOB)
        await talk(alice, dan, DAN)
        await talk(alice, carol, CAROL)
        ending = await Run(alice, "end-chat").execute()
        await ending.complete(chat=DAN)
        run = await Run(alice, "my-conversations").execute()
        assert run.status == "completed"
        told = [(row["with"], row["address"], row["state"]) for row in run.rows[:3]]
        assert told == [("Carol Cho", CAROL, "open"), ("Dan Diaz", DAN, "ended"), ("Bob Berg", BOB, "open")]
        assert f"Carol Cho · {CAROL}" in run.note
        row = (await Run(bob, "my-conversations").execute()).rows[0]
        assert (row["with"], row["address"]) == ("Alice Ames", ALICE)
        assert "@cc." not in str(run.rows)

    async def test_none(self, log_in: LogIn) -> None:
        run = await Run(await log_in("erin@work.acme.test"), "my-conversations").execute()
        assert run.note == "You have had no conversations here yet."


async def _without(client: XmppClient, face: str):
    """For a while this contact is not in the roster."""
    remove = f"<iq type='set'><query xmlns='jabber:iq:roster'><item jid='{face}' subscription='remove'/></query></iq>"
    if face in await client.roster():
        await client.request(remove)
        await asyncio.sleep(1.2)
    yield


async def _appears(client: XmppClient, face: str):
    async with asyncio.timeout(90):
        while face not in (found := await client.roster()):  # noqa: ASYNC110 - it comes when it comes
            await asyncio.sleep(0.05)
    return found[face]
