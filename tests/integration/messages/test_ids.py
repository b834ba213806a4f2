"""Ids of messages: whatever clients make of them, edits and replies find what they are about (A11)."""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

import pytest

from component.outgoing.message_stanzas import stanza_ids
from tests.integration.messages.conftest import Direction
from tests.integration.messages.test_content import author_and_id
from tests.support.archive import ask
from tests.support.client import XmppClient
from tests.support.dialogue import new_id
from tests.support.matching import message
from tests.support.scripts import carried

IDS = {
    "an address": "{}@pc.example/7",
    "signs": "{} <&'\"> ü \U0001f600",
    "long": "{}" + "x" * 2_900,
    "long, with an address": "bob@work.acme.test/{}" + "x" * 2_900,
}
ORIGIN_ID = "{urn:xmpp:sid:0}origin-id"


@pytest.fixture(params=IDS.values(), ids=IDS)
def id(request: pytest.FixtureRequest) -> str:
    """An id that no other test uses."""
    return str(request.param).format(new_id())


async def says(client: XmppClient, address: str, words: str, id: str, content: str = "") -> None:
    """With both ids alike, as most clients do."""
    await client.send(
        f"<message to='{address}' type='chat' id={quoteattr(id)}><body>{words}</body>{content}"
        f"<origin-id xmlns='urn:xmpp:sid:0' id={quoteattr(id)}/></message>"
    )


def replaces(id: str) -> str:
    return f"<replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(id)}/>"


def retracts(id: str) -> str:
    return f"<retract xmlns='urn:xmpp:message-retract:1' id={quoteattr(id)}/>"


def replies(id: str, author: str) -> str:
    return f"<reply xmlns='urn:xmpp:reply:0' id={quoteattr(id)} to='{author}'/>"


def named(stanza: Element, tag: str) -> str | None:
    part = stanza.find(tag)
    return None if part is None else part.get("id")


REPLACE, RETRACT = "{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract"


async def test_references_find_their_target(chat: Direction, id: str) -> None:
    """On the other side as in the sender's own archive; no address crosses in an id (AD2)."""
    await says(chat.sender, chat.receiver_face, "Helo", id)
    first = await chat.receiver.expect(message(body="Helo"))
    assert "@" not in first.get("id", "@")
    assert named(first, ORIGIN_ID) == first.get("id")
    await says(chat.sender, chat.receiver_face, "Hello", f"{id}-2", replaces(id))
    second = await chat.receiver.expect(message(body="Hello"))
    assert named(second, REPLACE) == first.get("id")
    await says(chat.sender, chat.receiver_face, "Never mind", f"{id}-3", retracts(id))
    third = await chat.receiver.expect(message(body="Never mind"))
    assert named(third, RETRACT) == first.get("id")
    if "@cc." in chat.sender.account:
        own = [result.message for result in (await ask(chat.sender, max=3, before="")).results]
        assert [one.get("id") for one in own] == [named(one, ORIGIN_ID) for one in own] == [id, f"{id}-2", f"{id}-3"]
        assert (named(own[1], REPLACE), named(own[2], RETRACT)) == (id, id)


async def test_replies_go_both_ways(chat: Direction, id: str) -> None:
    """By the id that each side knows: the other side answers the one it saw."""
    await says(chat.sender, chat.receiver_face, "Question", id)
    seen = (await chat.receiver.expect(message(body="Question"))).get("id", "")
    await says(chat.receiver, chat.sender_face, "Answer", f"{id}-2", replies(seen, chat.sender_face))
    answer = await chat.sender.expect(message(body="Answer"))
    assert author_and_id(answer) == (chat.sender.account, id)
    await says(chat.sender, chat.receiver_face, "To myself", f"{id}-3", replies(id, chat.sender.jid))
    assert author_and_id(await chat.receiver.expect(message(body="To myself"))) == (chat.sender_face, seen)
    for client, known in ((chat.sender, (chat.sender.account, id)), (chat.receiver, (chat.sender_face, seen))):
        if "@cc." in client.account:
            kept = [result.message for result in (await ask(client, max=2, before="")).results]
            assert [author_and_id(one) for one in kept] == [known, known]


async def test_both_sides_may_use_the_same_id(chat: Direction) -> None:
    """Simple clients number from one: the author that a reply names says whose it is."""
    id = new_id()
    await says(chat.sender, chat.receiver_face, "One", id)
    await chat.receiver.expect(message(body="One"))
    await says(chat.receiver, chat.sender_face, "Two", id)
    await chat.sender.expect(message(body="Two"))
    await says(chat.receiver, chat.sender_face, "To one", f"{id}-2", replies(id, chat.sender_face))
    assert author_and_id(await chat.sender.expect(message(body="To one"))) == (chat.sender.account, id)
    await says(chat.receiver, chat.sender_face, "To two", f"{id}-3", replies(id, chat.receiver.jid))
    assert author_and_id(await chat.sender.expect(message(body="To two"))) == (chat.receiver_face, id)


async def test_replies_by_archive_id(chat: Direction) -> None:
    """Some clients name a message as the archive does (XEP-0359)."""
    id = new_id()
    await says(chat.sender, chat.receiver_face, "Question", id)
    got = await chat.receiver.expect(message(body="Question"))
    ours = chat.receiver.account if "@cc." in chat.receiver.account else chat.sender_face
    (archived,) = [by_id for by, by_id in stanza_ids(got) if by == ours]
    await says(chat.receiver, chat.sender_face, "Answer", f"{id}-2", replies(archived, chat.sender_face))
    got = await chat.sender.expect(message(body="Answer"))
    assert carried(got) == "body origin-id reply"
    assert author_and_id(got) == (chat.sender.account, id)
