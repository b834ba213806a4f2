"""R5, R6: every request is answered, and all that a client asks for at log-in is answered in full."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, fromstring

import pytest

from tests.support.archive import MAM, query, rsm
from tests.support.client import PING, XmppClient
from tests.support.dialogue import new_id
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import iq, message
from tests.support.scripts import ALICE, BOB, CAROL, ERIN, error_of, error_text, talk

VCARD = "<vCard xmlns='vcard-temp'/>"
INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
SERVICE = "agents.acme.test"
SLOW = {"messages_per_second": 0.01, "burst": 3}


LONG_IDS = {
    "plain": f"'{'x' * 120_000}'",
    "apostrophes": f'"{chr(39) * 120_000}"',
    "quotes": f"'{chr(34) * 120_000}'",
    "brackets": f"'{'>' * 120_000}'",
    "references": f"'{'&lt;&amp;&quot;&apos;&#10;' * 4_500}'",
}
"""As their clients write them. Written otherwise some would be larger than ejabberd takes."""


async def ask_at_once(client: XmppClient, requests: Iterable[str]) -> list[str]:
    """Send all of these in one go; their ids."""
    named = [(new_id(), request) for request in requests]
    await client.send("".join(request.replace("<iq ", f"<iq id='{id}' ", 1) for id, request in named))
    return [id for id, _ in named]


async def answers(client: XmppClient, ids: Iterable[str]) -> list[Element]:
    return [await client.expect(iq(id=id)) for id in ids]


def get(face: str, payload: str) -> str:
    return f"<iq type='get' to='{face}'>{payload}</iq>"


def history(content: str = "") -> str:
    return f"<iq type='set'>{query(content)}</iq>"


class TestLogIn:
    """R6: five hundred contacts."""

    async def test_cards_and_discovery(
        self, reconfigure: Reconfigure, bob: XmppClient, carol: XmppClient, alice: XmppClient
    ) -> None:
        """A vCard and a disco for each, beside a neighbour's chat, which goes on; and no rate of messages counts."""
        await talk(carol, alice, ALICE)
        await talk(bob, alice, ALICE)
        await reconfigure(limits=SLOW)
        faces = [ALICE, CAROL] * 250
        ids = await ask_at_once(bob, (get(face, payload) for face in faces for payload in (VCARD, INFO)))
        await talk(carol, alice, ALICE)
        assert {answer.get("type") for answer in await answers(bob, ids)} == {"result"}
        await talk(bob, alice, ALICE)

    async def test_history_of_every_chat(
        self, reconfigure: Reconfigure, alice: XmppClient, carol: XmppClient, bob: XmppClient
    ) -> None:
        await talk(alice, bob, BOB)
        await talk(bob, carol, CAROL)
        await reconfigure(limits=SLOW)
        ids = await ask_at_once(alice, (history(rsm(max=1, before="")) for _ in range(120)))
        await talk(bob, carol, CAROL)
        for answer in await answers(alice, ids):
            assert answer.find(f"{{{MAM}}}fin") is not None
        assert len(alice.take(message(sender=alice.account))) == 120

    async def test_commands_at_once(self, alice: XmppClient) -> None:
        """More than are worked out at once wait for the others."""
        command = "<command xmlns='http://jabber.org/protocol/commands' node='my-conversations'/>"
        ids = await ask_at_once(alice, (f"<iq type='set' to='{SERVICE}'>{command}</iq>" for _ in range(20)))
        assert {answer.get("type") for answer in await answers(alice, ids)} == {"result"}


class TestTooMuch:
    """R6: what is beyond all bounds is refused so that the client asks again."""

    async def test_requests(self, bob: XmppClient, carol: XmppClient, alice: XmppClient) -> None:
        """Large ones fill the queue sooner. Some are refused, none is left without an answer, nobody else is."""
        padding = "".join(f"<a{number}/>" for number in range(2_000))
        large = get(ALICE, f"<ping xmlns='{PING}'>{padding}</ping>")
        ids = [id for _ in range(6) for id in await ask_at_once(bob, [large] * 20)]
        await talk(carol, alice, ALICE)
        for answer in await answers(bob, ids):
            if answer.get("type") == "error":
                assert error_of(answer) == "wait/resource-constraint"
                assert "Ask again" in error_text(answer)
        assert (await bob.request(get(ALICE, f"<ping xmlns='{PING}'/>"))).get("type") == "result"


class TestEveryRequestIsAnswered:
    """RFC 6120 §8.2.3"""

    ODD = (
        "<iq type='get' to='{to}'/>",
        "<iq type='set' to='{to}'/>",
        "<iq type='get' to='{to}'>text alone</iq>",
        f"<iq type='get' to='{{to}}'><ping xmlns='{PING}'/><ping xmlns='{PING}'/></iq>",
        f"<iq type='set' to='{{to}}'>{query()}{query()}</iq>",
        f"<iq type='tell' to='{{to}}'><ping xmlns='{PING}'/></iq>",
        f"<iq to='{{to}}'><ping xmlns='{PING}'/></iq>",
    )

    @pytest.mark.parametrize("request_", ODD)
    async def test_odd_ones(self, alice: XmppClient, request_: str) -> None:
        for address in (SERVICE, BOB, f"{BOB}/x", ERIN, "nobody@agents.acme.test", "chat-x@agents.acme.test"):
            answer = await alice.request(request_.format(to=address))
            assert error_of(answer) == "modify/bad-request"

    @pytest.mark.parametrize("request_", ODD)
    async def test_of_strangers(self, log_in: LogIn, request_: str) -> None:
        """M9. What ejabberd itself refuses, it does for everybody alike."""
        stranger = await log_in("stranger@work.acme.test")
        for address in (SERVICE, BOB, "nobody@agents.acme.test"):
            answer = await stranger.request(request_.format(to=address))
            assert error_of(answer) in ("auth/forbidden", "modify/bad-request")

    @pytest.mark.parametrize("id", LONG_IDS.values(), ids=list(LONG_IDS))
    async def test_ids_of_any_length(self, alice: XmppClient, id: str) -> None:
        """The id has to be in the answer."""
        wanted = fromstring(f"<iq id={id}/>").get("id")
        for type, to, payload in (
            ("get", f"to='{BOB}'", f"<ping xmlns='{PING}'/>"),
            ("get", f"to='{SERVICE}'", INFO),
            (
                "set",
                f"to='{SERVICE}'",
                "<command xmlns='http://jabber.org/protocol/commands' node='my-conversations'/>",
            ),
            ("set", "", query(rsm(max=1))),
        ):
            await alice.send(f"<iq type='{type}' id={id} {to}>{payload}</iq>")
            assert (await alice.expect(iq(id=wanted))).get("type") == "result"

    @pytest.mark.parametrize("id", LONG_IDS.values(), ids=list(LONG_IDS))
    async def test_messages_with_such_ids(self, alice: XmppClient, id: str) -> None:
        await alice.send(f"<message to='{BOB}' id={id}><body>Hello</body></message>")
        answer = await alice.expect(message(id=fromstring(f"<iq id={id}/>").get("id")))
        assert error_of(answer) == "modify/policy-violation"

    async def test_who_has_left_meanwhile(self, log_in: LogIn, alice: XmppClient, bob: XmppClient) -> None:
        """A client that shows itself unavailable after asking is still there to hear the answer."""
        await talk(alice, bob, BOB)
        asks = await log_in("alice@cc.acme.test", "asks")
        ids = await ask_at_once(asks, [history(rsm(max=1, before="")) for _ in range(30)])
        await asks.send("<presence type='unavailable'/>")
        for answer in await answers(asks, ids):
            assert answer.get("type") == "result" or error_of(answer) == "wait/resource-constraint"


class TestNumbers:
    """XEP-0059: a max is a bound, however large."""

    HUGE = ("2147483647", "4294967295", "18446744073709551616", "9" * 5_000, "", "0010")

    @pytest.mark.parametrize("max", HUGE)
    async def test_of_a_history(self, alice: XmppClient, bob: XmppClient, max: str) -> None:
        await talk(alice, bob, BOB)
        answer = await alice.request(history(rsm(max=max)))
        assert answer.find(f"{{{MAM}}}fin") is not None

    @pytest.mark.parametrize("max", HUGE)
    async def test_of_a_search(self, alice: XmppClient, max: str) -> None:
        search = f"<query xmlns='jabber:iq:search'><nick>bob</nick>{rsm(max=max)}</query>"
        answer = await alice.request(f"<iq type='set' to='directory.acme.test'>{search}</iq>")
        assert [item.get("jid") for item in answer.iter("{jabber:iq:search}item")] == [BOB]

    @pytest.mark.parametrize("max", ["-1", "1.5", "ten", "1e3", "٣", "+ 1"])
    async def test_no_numbers(self, alice: XmppClient, max: str) -> None:
        assert error_of(await alice.request(history(rsm(max=max)))) == "modify/bad-request"
