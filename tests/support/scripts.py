"""What scripts about messages have in common: who is who, sending content, and what is heard of it."""

from xml.etree.ElementTree import Element

from tests.support.client import PING, XmppClient
from tests.support.dialogue import SECONDS, new_id
from tests.support.matching import condition_of, message, text_of

ALICE, CAROL, DAN, SUE, LENA = (f"{name}@agents.acme.test" for name in ("alice", "carol", "dan", "sue", "lena"))
BOB, ERIN = "bob@directory.acme.test", "erin@directory.acme.test"
"""Faces, under which everybody else knows them."""


async def send(client: XmppClient, face: str, content: str, type: str = "chat", id: str | None = None) -> str:
    """Send a message of any content; returns its id."""
    id = id or new_id()
    await client.send(f"<message to='{face}' type='{type}' id='{id}'>{content}</message>")
    return id


async def talk(one: XmppClient, other: XmppClient, face: str) -> None:
    """``one`` says something to ``other``, known under ``face``, and is heard."""
    said = await one.say(face, "Hello")
    await other.expect(message(id=said, body="Hello"))


async def refused(client: XmppClient, id: str, face: str, error: str, seconds: float = SECONDS) -> Element:
    """Expect the refusal of the message ``id`` to ``face``: ``auth/forbidden`` and the like, with words for a human."""
    answer = await client.expect(message(id=id), seconds)
    assert (answer.get("type"), answer.get("from"), error_of(answer)) == ("error", face, error)
    assert error_text(answer)
    return answer


def error_of(answer: Element) -> str:
    """``TYPE/CONDITION`` of a stanza error."""
    error = answer.find("{*}error")
    return "none" if error is None else f"{error.get('type')}/{condition_of(answer)}"


def error_text(answer: Element) -> str:
    return answer.findtext("{*}error/{*}text") or ""


async def hears_nothing(receiver: XmppClient, sender: XmppClient, face: str) -> None:
    """Nothing that ``sender`` sent to anybody so far reached ``receiver``, whose ``face`` the sender may write to,
    and nothing was answered.

    What is sent in order arrives in order, so a last word that comes first proves it, without waiting.
    """
    last = await sender.say(face, "a last word")
    first = await receiver.expect(message())
    assert first.get("id") == last, f"{receiver.name} got {text_of(first, 'body')!r}"
    await unanswered(sender)


async def unanswered(client: XmppClient) -> None:
    """What was routed to the client has arrived, and no message is among it."""
    await client.request(f"<iq type='get'><ping xmlns='{PING}'/></iq>")
    await client.expect_nothing(message(), seconds=0)


def carried(stanza: Element) -> str:
    """The names of a message's elements, without what servers add; sorted, as ejabberd has an order of its own."""
    names = {part.tag.partition("}")[2] for part in stanza} - {"stanza-id", "archived"}
    return " ".join(sorted(names))
