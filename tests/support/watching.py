"""What scripts about supervisors and Work accounts of agents have in common: who is who, and what copies look like."""

import asyncio
import re
from xml.etree.ElementTree import Element, tostring

from component.xep.mam import MAM_NS
from tests.support.adhoc import step
from tests.support.archived import query
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.dialogue import SECONDS
from tests.support.matching import Matcher, message

PEOPLE = """
[[groups]]
id = "sales"
name = "Sales desk"
watch = true

[[groups]]
id = "support"
name = "Support desk"

[[queues]]
id = "hotline"
name = "Hotline"
watch = true

[[people]]
name = "Alice Ames"
agent = "alice"
work = "alice.ames"
groups = ["sales"]

[[people]]
name = "Carol Cho"
agent = "carol"
groups = ["sales", "support"]

[[people]]
name = "Dan Diaz"
agent = "dan"
groups = ["support"]

[[people]]
name = "Quinn Quick"
agent = "quinn"
groups = ["support"]
queues = ["hotline"]

[[people]]
name = "Lena Lund"
agent = "lena"
work = "lena"
groups = ["support"]

[[people]]
name = "Sue Shah"
agent = "sue"
work = "sue"
groups = ["sales"]
supervises = ["sales"]

[[people]]
name = "Max Moss"
agent = "max"
work = "max"
supervises = ["*"]

[[people]]
name = "Tess Tal"
agent = "tess"
supervises = ["support"]

[[people]]
name = "Bob Berg"
work = "bob"
"""
"""Watching is switched on for the group sales and the queue hotline. Alice, Carol and Sue are in sales; Carol, Dan,
Quinn and Lena in support, Quinn also in the queue. Sue supervises sales, Tess support, Max everybody."""

ACCOUNTS = (
    *(f"{name}@cc.acme.test" for name in ("alice", "carol", "dan", "quinn", "lena", "sue", "max", "tess")),
    *(f"{name}@work.acme.test" for name in ("alice.ames", "lena", "sue", "max", "bob")),
    *("alice@cc.globex.test", "carol@cc.globex.test", "max@cc.globex.test"),
)

_WATCHES = "SELECT count(*) FROM watch"

SUPERVISORS = ("sue", "max", "tess")

CHAT = "chat-"
CARBONS = "urn:xmpp:carbons:2"
FORWARD = "urn:xmpp:forward:0"


def from_chat_face(body: str | None = None) -> Matcher:
    """A line from any chat face."""
    return lambda stanza: (
        message(type="chat")(stanza)
        and not is_original(stanza)
        and stanza.get("from", "").startswith(CHAT)
        and (body is None or stanza.findtext("{*}body") == body)
    )


def is_original(stanza: Element) -> bool:
    """The forwarded message that goes with a line."""
    return stanza.get("from", "").startswith(CHAT) and stanza.find(f"{{{FORWARD}}}forwarded") is not None


async def copy(client: XmppClient, body: str, seconds: float = SECONDS) -> Element:
    """The next copy with that text."""
    return await client.expect(from_chat_face(body), seconds)


async def copies(client: XmppClient, *bodies: str) -> list[Element]:
    """Copies with these texts, in this order, and no others in between."""
    found = [await client.expect(from_chat_face()) for _ in bodies]
    assert [stanza.findtext("{*}body") for stanza in found] == list(bodies), list(map(tostring, found))
    return found


def words_of(stanza: Element) -> str:
    """What is said in a copy, without who says it: ejabberd before 23.10 cannot show an agent's own words as sent, so
    all lines are told there."""
    said = re.sub("^▸ [^:]+: ", "", stanza.findtext("{*}body") or "")
    return said.replace("\n│ ", "\n")


async def copy_at_work(client: XmppClient, words: str) -> Element:
    """The next copy of these words in an agent's Work account."""
    return await client.expect(lambda stanza: from_chat_face()(stanza) and words_of(stanza) == words)


async def no_copy(client: XmppClient) -> None:
    await client.request("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
    await client.expect_nothing(from_chat_face(), seconds=0)


async def no_copies_yet(*clients: XmppClient) -> None:
    for client in clients:
        await no_copy(client)


def face_of(stanza: Element) -> str:
    """The chat face a copy came from."""
    return stanza.get("from", "").partition("/")[0]


async def info(client: XmppClient, address: str) -> Element:
    query = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
    return await client.request(f"<iq type='get' to='{address}'>{query}</iq>")


async def name_of(client: XmppClient, address: str) -> str:
    """What the face calls itself, in service discovery and in its vCard."""
    identity = (await info(client, address)).find(".//{*}identity")
    assert identity is not None
    card = await client.request(f"<iq type='get' to='{address}'><vCard xmlns='vcard-temp'/></iq>")
    assert card.findtext(".//{*}FN") == identity.get("name")
    return identity.get("name", "")


EVERYBODY, SALES = "Everybody I supervise", "Group: Sales desk"
ALICE_AND_CAROL = "Alice Ames, Carol Cho"


async def watch(client: XmppClient, what: str) -> str:
    """Choose that from the list of what can be watched; what the command says."""
    first = await step(client, "watch")
    done = await step(client, "watch", first, what=first.options("what")[what])
    assert done.status == "completed"
    return done.note


async def stop_watching(client: XmppClient, what: str | None = None) -> None:
    """Stop one thing by its label, or all."""
    first = await step(client, "stop-watching")
    if first.status == "completed":
        return
    options = first.options("what")
    await step(client, "stop-watching", first, what=options[what] if what else next(iter(options.values())))


async def left(bridge: BridgeProcess, watcher: str) -> None:
    """Wait until it is noted that the watcher is not there."""
    present = f"{_WATCHES} JOIN account ON account.id = watcher_id WHERE jid = ? AND behind IS NULL"
    async with asyncio.timeout(90):
        while query(bridge, present, watcher) != [0]:
            await asyncio.sleep(0.02)


async def caught_up(bridge: BridgeProcess) -> None:
    """Wait until everybody who watches has got all that was said before."""
    async with asyncio.timeout(90):
        while query(bridge, f"{_WATCHES} WHERE behind IS NOT NULL") != [0]:
            await asyncio.sleep(0.02)


async def archived(client: XmppClient, address: str) -> list[tuple[str, str | None]]:
    """``(from, text)`` of what the account's own archive has of the chat with that address."""
    form = (
        f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{MAM_NS}</value></field>"
        f"<field var='with'><value>{address}</value></field></x>"
    )
    await client.request(f"<iq type='set'><query xmlns='{MAM_NS}'>{form}</query></iq>")
    path = f"{{{MAM_NS}}}result/{{{FORWARD}}}forwarded/{{*}}message"
    found = [stanza.find(path) for stanza in client.take(message())]
    return [(one.get("from", "").partition("/")[0], one.findtext("{*}body")) for one in found if one is not None]
