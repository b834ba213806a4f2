"""What scripts about presence have in common: who is who, watching faces, and what is told of them."""

from xml.etree.ElementTree import Element

from tests.support.client import XmppClient
from tests.support.matching import Matcher, presence

ALICE, CAROL, DAN, SUE, LENA = (f"{name}@cc.acme.test" for name in ("alice", "carol", "dan", "sue", "lena"))
BOB, ERIN = "bob@work.acme.test", "erin@work.acme.test"
"""Accounts."""

SERVICE = "agents.acme.test"

TALKATIVE = """
<presence>
  <show>away</show><status>At the dentist</status><priority>7</priority>
  <idle xmlns='urn:xmpp:idle:1' since='2026-01-01T00:00:00Z'/>
  <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:client' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/>
  <x xmlns='vcard-temp:x:update'><photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x>
  <nick xmlns='http://jabber.org/protocol/nick'>Ally</nick>
  <x xmlns='jabber:x:signed'>c2lnbmVk</x>
</presence>
"""
"""All that a client can put into its presence."""


def face(account: str) -> str:
    return account.replace("@cc.", "@agents.").replace("@work.", "@directory.")


def content(stanza: Element) -> list[tuple[str, str | None]]:
    """Every child element, by its name and text, without what all faces have: our capabilities, and no picture."""
    return [(child.tag.partition("}")[2], child.text) for child in stanza if not _of_every_face(child)]


def _of_every_face(child: Element) -> bool:
    if child.tag == "{http://jabber.org/protocol/caps}c":
        return child.get("node") == "urn:deskbridge:face"
    return child.tag == "{vcard-temp:x:update}x" and [(part.tag, part.text) for part in child] == [
        ("{vcard-temp:x:update}photo", None)
    ]


def shows(who: str, **wanted: object) -> Matcher:
    """Available presence of this person's face."""
    return presence(sender=f"{face(who)}/deskbridge", type=None, **wanted)


def gone(who: str) -> Matcher:
    """Unavailable presence of this person's face."""
    return presence(sender=f"{face(who)}/deskbridge", type="unavailable")


def anything_of(who: str) -> Matcher:
    return presence(sender=face(who))


def taken_out(who: str) -> Matcher:
    """A roster push: this person's face is no contact any more."""

    def matches(stanza: Element) -> bool:
        items = stanza.iter("{jabber:iq:roster}item") if stanza.get("type") == "set" else ()
        return any(item.get("jid") == face(who) and item.get("subscription") == "remove" for item in items)

    return matches


def last_seen(client: XmppClient, who: str) -> bool:
    """Whether the newest presence of this face that the client got is an available one."""
    told = [stanza for stanza in client.received if anything_of(who)(stanza)]
    return bool(told) and told[-1].get("type") is None


async def ask(client: XmppClient, who: str) -> None:
    await client.send(f"<presence to='{face(who)}' type='subscribe'/>")


async def watch(client: XmppClient, *people: str) -> None:
    """Subscribe to faces, and take what is told of them at once."""
    for who in people:
        await ask(client, who)
        await client.expect(presence(sender=face(who), type="subscribed"))
        await client.expect(presence(sender=f"{face(who)}/deskbridge"))


async def forget_contacts(client: XmppClient) -> None:
    """Take everybody but the service out of the roster, as a user would."""
    for contact in await client.roster():
        if "@" in contact:
            item = f"<item jid='{contact}' subscription='remove'/>"
            await client.request(f"<iq type='set'><query xmlns='jabber:iq:roster'>{item}</query></iq>")
