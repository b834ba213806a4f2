"""A client that a test leads by the hand, so that the test reads like a dialogue::

    await bob.send("<message to='alice@agents.acme.test' type='chat'><body>Hello</body></message>")
    await alice.expect(message(sender="bob@directory.acme.test", body="Hello"))

It does nothing by itself but answer the server's pings and roster pushes.
"""

from xml.etree.ElementTree import Element

from tests.support.dialogue import Dialogue, new_id
from tests.support.matching import presence
from tests.support.stream import CLIENT, XmlStream

ROSTER = "jabber:iq:roster"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
PING = "urn:xmpp:ping"
SM = "urn:xmpp:sm:3"


class XmppClient(Dialogue):
    """One resource of ``account``."""

    def __init__(self, account: str, password: str, port: int, resource: str = "test") -> None:
        super().__init__(f"{account}/{resource}", port)
        self.account = account
        self.jid = self.name
        self.declarations = ""
        """Of namespaces, that the beginning of the stream holds."""
        self._password = password
        self._resource = resource
        self._handled = 0
        self._resumption = ""

    async def login(
        self,
        available: bool = True,
        priority: int | None = None,
        show: str | None = None,
        status: str | None = None,
        resumable: bool = False,
        resume_seconds: int | None = None,
    ) -> None:
        """Connect, bind and become available. ``resumable`` switches stream management on (XEP-0198); the session
        then outlives its connection for ``resume_seconds``, or as long as the server likes."""
        self._listen(await self._authenticated())
        await self.request(f"<iq type='set'><bind xmlns='{BIND}'><resource>{self._resource}</resource></bind></iq>")
        if resumable:
            self._handled = 0
            limit = f" max='{resume_seconds}'" if resume_seconds else ""
            await self.send(f"<enable xmlns='{SM}' resume='true'{limit}/>")
            enabled = await self.expect(lambda element: element.tag == f"{{{SM}}}enabled")
            self._resumption = enabled.get("id", "")
        if available:
            await self.roster()
            await self.set_presence(priority, show, status)

    async def resume(self) -> None:
        """Go on with the session after its connection broke. Raises ``AssertionError`` if it has ended."""
        stream = await self._authenticated()
        self._listen(stream)
        await self.send(f"<resume xmlns='{SM}' previd='{self._resumption}' h='{self._handled}'/>")
        await self.expect(lambda element: element.tag == f"{{{SM}}}resumed")

    async def _authenticated(self) -> XmlStream:
        user, _, host = self.account.partition("@")
        stream = await XmlStream.open(self._port)
        await stream.log_in(host, user, self._password, self.declarations)
        return stream

    async def logout(self) -> None:
        """End the stream as a client should."""
        await self.close("<presence type='unavailable'/>")

    async def set_presence(
        self, priority: int | None = None, show: str | None = None, status: str | None = None
    ) -> None:
        """Broadcast available presence, and wait until the server has done so."""
        children = (("show", show), ("status", status), ("priority", priority))
        texts = "".join(f"<{name}>{text}</{name}>" for name, text in children if text is not None)
        await self.send(f"<presence>{texts}</presence>")
        await self.expect(presence(sender=self.jid, type=None))

    async def say(self, to: str, body: str, kind: str = "chat") -> str:
        """Send a text; returns the message's id."""
        stanza_id = new_id()
        await self.send(f"<message to='{to}' type='{kind}' id='{stanza_id}'><body>{body}</body></message>")
        return stanza_id

    async def roster(self) -> dict[str, Element]:
        """Contact -> item."""
        answer = await self.request(f"<iq type='get'><query xmlns='{ROSTER}'/></iq>")
        return {item.get("jid", ""): item for item in answer.iter(f"{{{ROSTER}}}item")}

    async def _answer(self, element: Element) -> bool:
        """Acknowledgements and pings are done with; roster pushes are answered, and shown to the test."""
        if element.tag == f"{{{SM}}}r":
            await self.send(f"<a xmlns='{SM}' h='{self._handled}'/>")
            return True
        self._handled += element.tag.startswith(f"{{{CLIENT}}}")
        if element.tag != f"{{{CLIENT}}}iq" or element.get("type") not in ("get", "set"):
            return False
        pinged = element.find(f"{{{PING}}}ping") is not None
        if pinged or element.find(f"{{{ROSTER}}}query") is not None:
            sender = element.get("from")
            address = f" to='{sender}'" if sender else ""
            await self.send(f"<iq type='result' id='{element.get('id')}'{address}/>")
        return pinged
