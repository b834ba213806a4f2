"""The command *End chat*, as a client walks through it (V2, D4, XEP-0050)."""

from xml.etree.ElementTree import Element

import pytest

from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import iq, message
from tests.support.scripts import ALICE, BOB, CAROL, DAN, error_of, error_text, hears_nothing, talk, unanswered

SERVICE = "agents.acme.test"
COMMANDS = "http://jabber.org/protocol/commands"
NODE = "end-chat"
FORM = "jabber:x:data"


async def command(client: XmppClient, attributes: str, content: str = "", node: str = NODE) -> Element:
    """The answer to a command, whole."""
    request = f"<command xmlns='{COMMANDS}' node='{node}' {attributes}>{content}</command>"
    return await client.request(f"<iq type='set' to='{SERVICE}'>{request}</iq>")


async def started(client: XmppClient) -> tuple[str, list[tuple[str | None, str | None]]]:
    """The session of a command that asks, and what it lets one choose: ``(label, value)``."""
    answer = await command(client, "action='execute'")
    executing = answer.find(f"{{{COMMANDS}}}command")
    assert executing is not None
    assert executing.get("status") == "executing"
    assert executing.find("{*}actions[@execute='complete']/{*}complete") is not None
    options = executing.iterfind("{*}x/{*}field[@var='chat']/{*}option")
    return executing.get("sessionid", ""), [(one.get("label"), one.findtext("{*}value")) for one in options]


def chosen(face: str) -> str:
    return f"<x xmlns='{FORM}' type='submit'><field var='chat'><value>{face}</value></field></x>"


def completed(answer: Element) -> str:
    """The note of a command that has ended."""
    done = answer.find(f"{{{COMMANDS}}}command[@status='completed']")
    assert done is not None
    return done.findtext("{*}note") or ""


async def discover(client: XmppClient, what: str, node: str = "") -> Element:
    of = f"node='{node}'" if node else ""
    query = f"<query xmlns='http://jabber.org/protocol/disco#{what}' {of}/>"
    return await client.request(f"<iq type='get' to='{SERVICE}'>{query}</iq>")


class TestFinding:
    async def test_the_service_has_commands(self, alice: XmppClient) -> None:
        info = await discover(alice, "info")
        assert COMMANDS in [feature.get("var") for feature in info.iterfind(".//{*}feature")]

    async def test_the_list(self, alice: XmppClient, bob: XmppClient) -> None:
        """Shown to agents only, as only they have such chats."""
        items = [dict(item.attrib) for item in (await discover(alice, "items", COMMANDS)).iterfind(".//{*}item")]
        assert {"jid": SERVICE, "node": NODE, "name": "End chat"} in items
        others = await discover(bob, "items", COMMANDS)
        assert iq(type="result")(others)
        assert NODE not in [item.get("node") for item in others.iterfind(".//{*}item")]

    async def test_the_command(self, alice: XmppClient) -> None:
        info = await discover(alice, "info", NODE)
        identity = info.find(".//{*}identity")
        assert identity is not None
        assert identity.attrib == {"category": "automation", "type": "command-node", "name": "End chat"}

    async def test_who_may_not(self, bob: XmppClient, alice: XmppClient) -> None:
        assert error_of(await discover(bob, "info", NODE)) == "auth/forbidden"
        assert error_of(await command(bob, "action='execute'")) == "auth/forbidden"
        assert error_of(await discover(alice, "info", "no-such")) == "cancel/item-not-found"
        assert error_of(await command(alice, "action='execute'", node="no-such")) == "cancel/item-not-found"

    @pytest.mark.parametrize("stranger", ["stranger@work.acme.test", "alice@cc.globex.test"])
    async def test_strangers(self, log_in: LogIn, stranger: str) -> None:
        """M9"""
        client = await log_in(stranger)
        assert error_of(await command(client, "action='execute'")) == "auth/forbidden"


class TestEnding:
    async def test_one_of_two(self, alice: XmppClient, carol: XmppClient, dan: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        await talk(dan, carol, CAROL)
        await talk(alice, dan, DAN)
        session, options = await started(alice)
        # Clients show the first option as chosen: it shall be none.
        assert options == [("(choose one)", "-"), (f"Carol Cho ({CAROL})", CAROL), (f"Dan Diaz ({DAN})", DAN)]
        again = await command(alice, f"action='complete' sessionid='{session}'", chosen("-"))
        assert again.findtext(".//{*}note") == "Choose one first: Chat with."
        assert [option.get("label") for option in again.iter(f"{{{FORM}}}option")] == [label for label, _ in options]
        answer = await command(alice, f"action='complete' sessionid='{session}'", chosen(CAROL))
        assert completed(answer) == "Your chat with Carol Cho has ended."
        await carol.expect(message(sender=ALICE, body="ⓘ Alice Ames ended this chat."))
        await hears_nothing(dan, alice, DAN)

    async def test_the_default_action(self, alice: XmppClient, carol: XmppClient) -> None:
        """XEP-0050 §3.4: a client may leave the action out, or say execute again."""
        for action in ("", "action='execute'", "action='next'"):
            await talk(alice, carol, CAROL)
            session, _ = await started(alice)
            answer = await command(alice, f"{action} sessionid='{session}'", chosen(CAROL))
            assert "has ended" in completed(answer)
            await carol.expect(message(body="ⓘ Alice Ames ended this chat."))

    async def test_no_real_address(self, alice: XmppClient, carol: XmppClient) -> None:
        """AD2"""
        await talk(alice, carol, CAROL)
        _, options = await started(alice)
        assert "cc.acme.test" not in str(options)

    async def test_nothing_to_end(self, alice: XmppClient, bob: XmppClient) -> None:
        """V4: chats with Work users are not among them."""
        await talk(alice, bob, BOB)
        answer = await command(alice, "action='execute'")
        assert completed(answer) == "You have no chat with another agent that could be ended."

    async def test_too_late(self, alice: XmppClient, carol: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        session, _ = await started(alice)
        await carol.send(f"<message to='{ALICE}'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>")
        await alice.expect(message(body="ⓘ Carol Cho ended this chat."))
        answer = await command(alice, f"action='complete' sessionid='{session}'", chosen(CAROL))
        assert "ended already" in completed(answer)
        await unanswered(carol)

    async def test_what_was_not_offered(self, alice: XmppClient, carol: XmppClient) -> None:
        """Nothing is told about others' chats, and nothing ends."""
        await talk(alice, carol, CAROL)
        for value in (DAN, BOB, "nobody@agents.acme.test", "carol@cc.acme.test", "&lt;&gt;"):
            session, _ = await started(alice)
            answer = await command(alice, f"action='complete' sessionid='{session}'", chosen(value))
            assert completed(answer) == "You have no such chat, or it has ended already."
        await hears_nothing(carol, alice, CAROL)

    async def test_thinking_better_of_it(self, alice: XmppClient, carol: XmppClient) -> None:
        await talk(alice, carol, CAROL)
        for how, content in (("action='cancel'", ""), ("", f"<x xmlns='{FORM}' type='cancel'/>")):
            session, _ = await started(alice)
            answer = await command(alice, f"{how} sessionid='{session}'", content)
            assert answer.find(f"{{{COMMANDS}}}command[@status='canceled']") is not None
        await hears_nothing(carol, alice, CAROL)


class TestMistakes:
    """XEP-0050 §4.4: each has its own condition, and words for a human."""

    WITHOUT_A_SESSION = (
        ("action='explode'", "malformed-action"),
        ("action='complete'", "bad-action"),
        ("action='prev'", "bad-action"),
        ("action='complete' sessionid='made-up'", "bad-sessionid"),
        ("sessionid=''", "bad-sessionid"),
        ("sessionid='1-00000000000000000000000000000000'", "bad-sessionid"),
        ("action='cancel' sessionid='é'", "bad-sessionid"),
    )
    IN_A_SESSION = (
        ("prev", "", "bad-action"),
        ("complete", "", "bad-payload"),
        ("complete", f"<x xmlns='{FORM}' type='form'/>", "bad-payload"),
        ("complete", f"<x xmlns='{FORM}' type='submit'/>", "bad-payload"),
        ("complete", f"<x xmlns='{FORM}' type='submit'><field var='chat'/></x>", "bad-payload"),
        ("complete", f"<x xmlns='{FORM}' type='submit'><field var='chat'><value/></field></x>", "bad-payload"),
        ("complete", f"<x xmlns='{FORM}' type='submit'><field><value>x</value></field></x>", "bad-payload"),
    )

    def condition(self, answer: Element) -> str:
        assert error_of(answer) == "modify/bad-request"
        assert error_text(answer)
        return next(part.tag.partition("}")[2] for part in answer.iter() if part.tag.startswith(f"{{{COMMANDS}}}"))

    async def test_without_a_session(self, alice: XmppClient) -> None:
        for attributes, condition in self.WITHOUT_A_SESSION:
            assert self.condition(await command(alice, attributes, chosen(CAROL))) == condition, attributes

    async def test_in_a_session(self, alice: XmppClient, carol: XmppClient) -> None:
        """A mistake ends neither the session nor the chat."""
        await talk(alice, carol, CAROL)
        session, _ = await started(alice)
        for action, content, condition in self.IN_A_SESSION:
            answer = await command(alice, f"action='{action}' sessionid='{session}'", content)
            assert self.condition(answer) == condition, content
        await hears_nothing(carol, alice, CAROL)
        assert "has ended" in completed(await command(alice, f"sessionid='{session}'", chosen(CAROL)))

    async def test_the_session_of_somebody_else(self, alice: XmppClient, carol: XmppClient, log_in: LogIn) -> None:
        """A session is good for the one client that began it."""
        await talk(alice, carol, CAROL)
        session, _ = await started(alice)
        for client in (carol, await log_in("alice@cc.acme.test", "phone")):
            answer = await command(client, f"action='complete' sessionid='{session}'", chosen(CAROL))
            assert self.condition(answer) == "bad-sessionid"
        await hears_nothing(carol, alice, CAROL)

    async def test_a_session_that_is_over(self, alice: XmppClient, carol: XmppClient) -> None:
        """XEP-0050 §3.1: it ends with the command, and when it is cancelled."""
        await talk(alice, carol, CAROL)
        for attributes in ("action='cancel'", "action='complete'"):
            session, _ = await started(alice)
            await command(alice, f"{attributes} sessionid='{session}'", chosen(CAROL))
            answer = await command(alice, f"action='complete' sessionid='{session}'", chosen(CAROL))
            assert self.condition(answer) == "bad-sessionid"

    async def test_a_request_that_only_asks(self, alice: XmppClient) -> None:
        answer = await alice.request(f"<iq type='get' to='{SERVICE}'><command xmlns='{COMMANDS}' node='{NODE}'/></iq>")
        assert error_of(answer) == "cancel/service-unavailable"
