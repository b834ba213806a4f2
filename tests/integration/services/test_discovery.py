"""What hosts and faces say they are, and who is behind them (D3, P7)."""

import base64
import hashlib
from xml.etree.ElementTree import Element

from component import __version__
from tests.integration.services.conftest import PICTURE, SUPPORT, TITLES
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import Matcher, iq, presence
from tests.support.scripts import ALICE, BOB, CAROL, DAN, ERIN, LENA, error_of

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
CAPS = "{http://jabber.org/protocol/caps}c"
UPDATE = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"
SERVICE, DIRECTORY = "agents.acme.test", "directory.acme.test"

REFUSED = {
    "http://jabber.org/protocol/muc",
    "jabber:x:conference",
    "jabber:x:oob",
    "urn:xmpp:sfs:0",
    "urn:xmpp:jingle:1",
    "urn:xmpp:jingle-message:0",
    "http://jabber.org/protocol/si",
    "http://jabber.org/protocol/chatstates",
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "urn:xmpp:reactions:0",
    "urn:xmpp:attention:0",
    "jabber:iq:last",
    "jabber:iq:register",
}
"""Calls, files, typing, group chats and the like: what clients shall not offer for a face."""

CONTENT = {"urn:xmpp:message-correct:0", "urn:xmpp:message-retract:1", "urn:xmpp:reply:0", "urn:xmpp:fallback:0"}


async def ask(client: XmppClient, to: str, payload: str) -> Element:
    return await client.request(f"<iq type='get' to='{to}'>{payload}</iq>")


async def info(client: XmppClient, to: str, node: str = "") -> Element:
    return await ask(client, to, f"<query xmlns='{INFO}'{f' node={node!r}' if node else ''}/>")


def features(answer: Element) -> set[str | None]:
    return {feature.get("var") for feature in answer.iter(f"{{{INFO}}}feature")}


def identities(answer: Element) -> list[tuple[str | None, ...]]:
    found = answer.iter(f"{{{INFO}}}identity")
    return [(one.get("category"), one.get("type"), one.get("name")) for one in found]


def shows_caps(face: str) -> Matcher:
    matches = presence(sender=f"{face}/deskbridge", type=None)
    return lambda stanza: matches(stanza) and stanza.find(CAPS) is not None


async def seen(client: XmppClient, face: str) -> Element:
    """The presence of a face, after subscribing to it."""
    client.forget()
    await client.send(f"<presence to='{face}' type='subscribe'/>")
    return await client.expect(shows_caps(face))


def hash_of(answer: Element) -> str:
    """XEP-0115 §5.1, written down anew."""
    text = "".join(sorted(f"{category}/{type}//{name}<" for category, type, name in identities(answer)))
    text += "".join(sorted(f"{feature}<" for feature in features(answer)))
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


class TestHosts:
    async def test_a_directory_with_commands_and_search(self, bob: XmppClient) -> None:
        """No gateway, which clients would want to register with, and no conference."""
        for host in (SERVICE, DIRECTORY):
            answer = await info(bob, host)
            assert identities(answer) == [("directory", "user", "Acme")]
            offered = {"http://jabber.org/protocol/commands", "jabber:iq:search", "vcard-temp", "urn:xmpp:ping"}
            assert offered <= features(answer)
            assert not features(answer) & REFUSED

    async def test_contact_addresses(self, bob: XmppClient) -> None:
        """XEP-0157"""
        form = (await info(bob, SERVICE)).find(".//{jabber:x:data}x[@type='result']")
        assert form is not None
        fields = {field.get("var"): field.findtext("{*}value") for field in form}
        assert fields == {"FORM_TYPE": "http://jabber.org/network/serverinfo", "support-addresses": SUPPORT}

    async def test_no_items_and_no_nodes(self, bob: XmppClient) -> None:
        assert not list((await ask(bob, SERVICE, f"<query xmlns='{ITEMS}'/>")).iter(f"{{{ITEMS}}}item"))
        assert error_of(await ask(bob, SERVICE, f"<query xmlns='{ITEMS}' node='x'/>")) == "cancel/item-not-found"

    async def test_a_card(self, bob: XmppClient) -> None:
        card = (await ask(bob, SERVICE, "<vCard xmlns='vcard-temp'/>")).find("{vcard-temp}vCard")
        assert card is not None
        assert (card.findtext("{*}FN"), card.findtext("{*}JABBERID")) == ("Acme", SERVICE)


class TestEverywhere:
    async def test_ping_version_time(self, bob: XmppClient, alice: XmppClient) -> None:
        for to in (SERVICE, DIRECTORY, ALICE, f"{ALICE}/deskbridge"):
            assert iq(type="result")(await ask(bob, to, "<ping xmlns='urn:xmpp:ping'/>"))
            version = await ask(bob, to, "<query xmlns='jabber:iq:version'/>")
            told = {part.tag.partition("}")[2]: part.text for part in version[0]}
            assert told == {"name": "deskbridge", "version": __version__}  # and no operating system
            time = await ask(bob, to, "<time xmlns='urn:xmpp:time'/>")
            assert time.findtext(".//{*}tzo") == "+00:00"

    async def test_what_is_offered_is_answered(self, bob: XmppClient, alice: XmppClient) -> None:
        """D3: nothing is advertised that is refused."""
        asked = {
            "urn:xmpp:ping": "<ping xmlns='urn:xmpp:ping'/>",
            "jabber:iq:version": "<query xmlns='jabber:iq:version'/>",
            "urn:xmpp:time": "<time xmlns='urn:xmpp:time'/>",
            "vcard-temp": "<vCard xmlns='vcard-temp'/>",
            "jabber:iq:search": "<query xmlns='jabber:iq:search'/>",
            INFO: f"<query xmlns='{INFO}'/>",
            ITEMS: f"<query xmlns='{ITEMS}'/>",
            "urn:xmpp:mam:2": "<query xmlns='urn:xmpp:mam:2'/>",
        }
        for to in (SERVICE, ALICE, f"{ALICE}/deskbridge"):
            for feature in features(await info(bob, to)) & asked.keys():
                assert iq(type="result")(await ask(bob, to, asked[str(feature)])), (to, feature)


class TestFaces:
    async def test_an_account_with_a_name(self, bob: XmppClient, alice: XmppClient) -> None:
        answer = await info(bob, ALICE)
        assert identities(answer) == [("account", "registered", "Alice Ames")]
        assert not features(answer) & REFUSED
        answer = await info(alice, BOB)
        assert identities(answer) == [("account", "registered", "Bob Berg")]
        assert not features(answer) & REFUSED

    async def test_capabilities_in_presence(self, bob: XmppClient, alice: XmppClient) -> None:
        """XEP-0115: the hash is right, and the node that clients then ask gives what it stands for."""
        caps = (await seen(bob, ALICE)).find(CAPS)
        assert caps is not None
        assert caps.get("hash") == "sha-1"
        node = f"{caps.get('node')}#{caps.get('ver')}"
        answer = await info(bob, f"{ALICE}/deskbridge", node)
        assert answer.find(f"{{{INFO}}}query[@node='{node}']") is not None
        assert hash_of(answer) == caps.get("ver")
        assert features(answer) >= CONTENT
        assert not features(answer) & REFUSED
        assert features(await info(bob, f"{ALICE}/deskbridge")) == features(answer)

    async def test_one_hash_for_all_of_a_kind(
        self, bob: XmppClient, alice: XmppClient, carol: XmppClient, erin: XmppClient
    ) -> None:
        """So clients ask once, not for each face; and they cannot tell from it who is who."""
        hashes = [(await seen(bob, face)).find(CAPS).get("ver") for face in (ALICE, CAROL)]  # type: ignore[union-attr]
        assert hashes[0] == hashes[1]
        hashes = [(await seen(alice, face)).find(CAPS).get("ver") for face in (BOB, ERIN)]  # type: ignore[union-attr]
        assert hashes[0] == hashes[1]

    async def test_other_nodes(self, bob: XmppClient) -> None:
        for node in ("urn:deskbridge:face#AAAA", "urn:deskbridge:face", "x"):
            assert error_of(await info(bob, ALICE, node)) == "cancel/item-not-found"
        assert error_of(await ask(bob, ALICE, f"<query xmlns='{ITEMS}' node='x'/>")) == "cancel/item-not-found"

    async def test_who_may_not_see_it(self, carol: XmppClient, log_in: LogIn) -> None:
        """P5: as if it did not exist. Lena has a Work licence and no group with Carol."""
        asked = (f"<query xmlns='{INFO}'/>", "<vCard xmlns='vcard-temp'/>", "<query xmlns='jabber:iq:version'/>")
        for payload in asked:
            assert error_of(await ask(carol, LENA, payload)) == "cancel/item-not-found"
            assert error_of(await ask(carol, "nobody@agents.acme.test", payload)) == "cancel/item-not-found"
        stranger = await log_in("stranger@work.acme.test")
        for to in (ALICE, SERVICE, DIRECTORY, "nobody@agents.acme.test"):
            for payload in asked:
                assert error_of(await ask(stranger, to, payload)) == "auth/forbidden"


class TestCards:
    async def card(self, client: XmppClient, face: str) -> Element:
        answer = await ask(client, face, "<vCard xmlns='vcard-temp'/>")
        card = answer.find("{vcard-temp}vCard")
        assert card is not None
        return card

    async def test_of_an_agent_for_a_work_user(self, bob: XmppClient) -> None:
        """P1: name and title, and nothing of the agent's groups; AD2: the face, and no other address."""
        card = await self.card(bob, ALICE)
        assert card.findtext("{*}FN") == "Alice Ames"
        assert card.findtext("{*}N/{*}GIVEN") == "Alice"
        assert card.findtext("{*}TITLE") == TITLES["Alice Ames"]
        assert card.findtext("{*}ORG/{*}ORGNAME") == "Acme"
        assert card.findtext("{*}JABBERID") == ALICE
        assert card.find("{*}ORG/{*}ORGUNIT") is None
        assert card.find("{*}CATEGORIES") is None

    async def test_of_an_agent_for_an_agent(self, carol: XmppClient, sue: XmppClient) -> None:
        """Carol shares one group with each of them. Sue supervises sales, and no other group."""
        for client, face, groups in (
            (carol, ALICE, ["Sales desk"]),
            (carol, DAN, ["Support desk"]),
            (sue, CAROL, ["Sales desk"]),
            (sue, DAN, []),
        ):
            card = await self.card(client, face)
            assert [unit.text for unit in card.iterfind("{*}ORG/{*}ORGUNIT")] == groups
            assert [word.text for word in card.iterfind("{*}CATEGORIES/{*}KEYWORD")] == groups

    async def test_of_a_work_user(self, alice: XmppClient) -> None:
        """AD1: Sue's Work entry does not tell that she has another one."""
        card = await self.card(alice, "sue@directory.acme.test")
        assert card.findtext("{*}JABBERID") == "sue@directory.acme.test"
        assert card.find("{*}ORG/{*}ORGUNIT") is None

    async def test_a_picture(self, bob: XmppClient, alice: XmppClient, carol: XmppClient) -> None:
        """XEP-0153: its hash goes with presence; who has none says so, and is not asked."""
        told = (await seen(bob, ALICE)).findtext(UPDATE)
        assert told == hashlib.sha1(PICTURE).hexdigest()
        card = await self.card(bob, ALICE)
        assert card.findtext("{*}PHOTO/{*}TYPE") == "image/png"
        assert base64.b64decode(card.findtext("{*}PHOTO/{*}BINVAL") or "") == PICTURE
        none = (await seen(bob, CAROL)).find(UPDATE)
        assert none is not None
        assert none.text is None
        assert (await self.card(bob, CAROL)).find("{*}PHOTO") is None

    async def test_another_picture(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """D1: who sees the face is told of it at once."""
        await seen(bob, ALICE)
        (bridge.folder / "alice.png").write_bytes(PICTURE + b"newer")
        bob.forget()
        try:
            await bridge.reload()
            told = await bob.expect(shows_caps(ALICE))
            assert told.findtext(UPDATE) == hashlib.sha1(PICTURE + b"newer").hexdigest()
        finally:
            (bridge.folder / "alice.png").write_bytes(PICTURE)
            await bridge.reload()

    async def test_as_gajim_asks(self, carol: XmppClient) -> None:
        """XEP-0292, by the node that its own accounts publish it at; no other node is there."""
        pubsub = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{}'/></pubsub>"
        answer = await ask(carol, ALICE, pubsub.format("urn:xmpp:vcard4"))
        card = answer.find(".//{urn:ietf:params:xml:ns:vcard-4.0}vcard")
        assert card is not None
        told = {part.tag.partition("}")[2]: part[0].text for part in card}
        assert told == {
            "kind": "individual",
            "fn": "Alice Ames",
            "title": TITLES["Alice Ames"],
            "org": "Acme",
            "categories": "Sales desk",
            "impp": f"xmpp:{ALICE}",
        }
        other = await ask(carol, ALICE, pubsub.format("urn:xmpp:avatar:data"))
        assert error_of(other) == "cancel/service-unavailable"

    async def test_nobody_changes_it(self, bob: XmppClient) -> None:
        answer = await bob.request(f"<iq type='set' to='{ALICE}'><vCard xmlns='vcard-temp'><FN>X</FN></vCard></iq>")
        assert error_of(answer) == "cancel/service-unavailable"
