"""Commands of operators: each sees and changes one tenant (D4, AD4)."""

from collections.abc import AsyncIterator

import pytest

from tests.support.archived import query
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.commands import Run, offered
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, DAN, hears_nothing, talk


@pytest.fixture
async def operator(log_in: LogIn) -> XmppClient:
    return await log_in("sue@work.acme.test", "console")


def audited(bridge: BridgeProcess, action: str) -> list[tuple[str, str, str]]:
    """Tenant, actor and detail of what the audit log has of this."""
    return query(bridge, "SELECT tenant, actor, detail FROM audit WHERE action = ? ORDER BY id", action)


class TestWhoIsOn:
    async def test_people_by_their_faces(
        self, operator: XmppClient, alice: XmppClient, bob: XmppClient, carol: XmppClient, log_in: LogIn
    ) -> None:
        """With how many clients they have; of the own tenant (AD2, AD4). P1: an operator with a Work account is told of
        an agent what every Work user is, and of Work users the real status."""
        await log_in("alice@cc.acme.test", "phone")
        await log_in("alice@cc.globex.test")
        await carol.set_presence(show="away", status="at the dentist's")
        await bob.set_presence(show="dnd")
        run = await Run(operator, "who-is-on").execute()
        assert list(run.options("side").values()) == ["Everybody", "Agents", "Work users"]
        await run.next(side="agent")
        people = {row["name"]: row for row in run.rows}
        assert people["Alice Ames"] == {"name": "Alice Ames", "address": ALICE, "status": "Available", "clients": "2"}
        assert people["Carol Cho"]["status"] == "Available"
        assert "Bob Berg" not in people
        assert "@cc." not in run.note
        run = await (await Run(operator, "who-is-on").execute()).complete(side="all", name="bob")
        assert [(row["address"], row["status"]) for row in run.rows] == [(BOB, "Do not disturb")]
        run = await (await Run(operator, "who-is-on").execute()).complete(side="agent", name="dan")
        assert run.note == "Nobody is logged in."

    async def test_an_operator_among_the_agents(
        self, log_in: LogIn, carol: XmppClient, reconfigure: Reconfigure
    ) -> None:
        """P2: sees what agents see of each other."""
        await reconfigure(operators=["sue@cc.acme.test"])
        sue = await log_in("sue@cc.acme.test", "console")
        for show, status in (("away", "On break"), ("dnd", "Busy")):
            await carol.set_presence(show=show)
            run = await Run(sue, "who-is-on").execute()
            await run.complete(side="agent", name="carol")
            assert [row["status"] for row in run.rows] == [status]


class TestStatistics:
    async def test_of_the_tenant(self, operator: XmppClient, alice: XmppClient, carol: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        run = await Run(operator, "statistics").execute()
        assert run.status == "completed"
        assert run.value("agents") == "2 of 5"
        assert run.value("chats") == "1"
        assert int(run.value("messages") or 0) >= 1
        assert "Agents logged in: 2 of 5" in run.note


class TestEndConversation:
    async def test_both_are_told(
        self, operator: XmppClient, alice: XmppClient, carol: XmppClient, dan: XmppClient, bridge: BridgeProcess
    ) -> None:
        """V2: it is over; other chats go on."""
        await talk(alice, carol, CAROL)
        await talk(alice, dan, DAN)
        run = await Run(operator, "end-conversation").execute()
        await run.next(name="nobody")
        assert run.kind == "error"
        await run.next(name="caro")
        (chat, label), *others = run.options("chat").items()
        assert (label, others) == ("Alice Ames and Carol Cho", [])
        await run.complete(chat=str(chat))
        assert run.note == "The chat of Alice Ames and Carol Cho has ended. Both were told."
        await alice.expect(message(sender=CAROL, body="ⓘ An operator ended this chat."))
        await carol.expect(message(sender=ALICE, body="ⓘ An operator ended this chat."))
        await hears_nothing(dan, alice, DAN)
        assert audited(bridge, "operator.ended")[-1] == (*("acme", "sue@work.acme.test", "Alice Ames and Carol Cho"),)
        again = await (await Run(operator, "end-conversation").execute()).next(name="")
        await again.complete(chat=str(chat))
        assert (again.kind, again.note) == ("warn", "This chat has ended already.")

    async def test_of_another_tenant(
        self, operator: XmppClient, log_in: LogIn, alice: XmppClient, bob: XmppClient
    ) -> None:
        """AD4; and chats with Work users do not end (V4)."""
        await talk(alice, bob, BOB)
        run = await Run(operator, "end-conversation").execute()
        assert run.note == "No chat between agents is going on."


class TestReload:
    async def test_a_new_directory(self, operator: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """D1"""
        bridge.write_people("acme", PEOPLE.replace("Dan Diaz", "Daniel Dax"))
        run = await Run(operator, "reload").execute()
        assert (run.status, run.kind) == ("completed", "info")
        found = await (await Run(alice, "find-people").execute()).next(text="daniel dax")
        assert list(found.options("add")) == [DAN]
        assert audited(bridge, "operator.reload")[-1][:2] == ("acme", "sue@work.acme.test")

    async def test_a_bad_one(self, operator: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """D1: it changes nothing, and the operator is told where it is wrong; AD4: only in their own files."""
        bridge.write_people("acme", PEOPLE + '\n[[people]]\nname = "X"\nagent = "chat-x"\n')
        bridge.write_people("globex", PEOPLE + '\n[[people]]\nname = "Secret"\nagent = "chat-y"\n')
        run = await Run(operator, "reload").execute()
        assert (run.status, run.kind) == ("completed", "error")
        assert "acme.toml:" in run.note
        assert '"chat-x"' in run.note
        assert "Something outside of your directory is wrong." in run.note
        assert "globex" not in run.note
        assert "chat-y" not in run.note
        assert str(bridge.folder) not in run.note

    async def test_what_takes_a_restart(
        self, operator: XmppClient, bridge: BridgeProcess, reconfigure: Reconfigure
    ) -> None:
        bridge.write_config(desk_host="other.acme.test")
        run = await Run(operator, "reload").execute()
        assert run.kind == "error"
        assert "restart" in run.note

    async def test_who_is_an_operator_no_longer(
        self, operator: XmppClient, bridge: BridgeProcess, reconfigure: Reconfigure
    ) -> None:
        """In the middle of a command, and from the next step on."""
        run = await Run(operator, "who-is-on").execute()
        await reconfigure(operators=[])
        await run.next(side="all")
        assert run.status == "auth/forbidden"
        assert "reload" not in await offered(operator)

    @pytest.fixture(autouse=True)
    async def _as_before(self, bridge: BridgeProcess) -> AsyncIterator[None]:
        yield
        for tenant in ("acme", "globex"):
            bridge.write_people(tenant, PEOPLE)
        bridge.write_config()
        await bridge.reload()


class TestLogLevel:
    async def test_until_the_next_start(
        self, operator: XmppClient, bridge: BridgeProcess, alice: XmppClient, bob: XmppClient
    ) -> None:
        """And at no level is what people say in the log (O4)."""
        run = await Run(operator, "log-level").execute()
        assert run.value("level") == "info"
        await run.complete(level="loud")
        assert run.kind == "error"
        await run.complete(level="warning")
        assert run.note == "The log level is warning now."
        assert (await Run(operator, "log-level").execute()).value("level") == "warning"
        before = bridge.count("refused a request")
        assert (await Run(bob, "reload").execute()).status == "auth/forbidden"
        assert bridge.count("refused a request") == before
        await (await Run(operator, "log-level").execute()).complete(level="debug")
        assert (await Run(bob, "reload").execute()).status == "auth/forbidden"
        assert bridge.count("refused a request") == before + 1
        said = await bob.say(ALICE, "hocus pocus")
        await alice.expect(message(id=said))
        assert "hocus pocus" not in bridge.log.read_text()
        await (await Run(operator, "log-level").execute()).complete(level="info")
        assert audited(bridge, "operator.log-level")
