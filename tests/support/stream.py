"""The plain XML stream below a dialogue: bytes in, the stream's children out (RFC 6120)."""

import asyncio
import base64
import hashlib
from collections import deque
from xml.etree.ElementTree import Element

from component.bridge.stream.xml_parser import StreamParser

CLIENT = "jabber:client"
COMPONENT = "jabber:component:accept"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


class StreamClosed(Exception):
    """The server ended the stream, or never answered."""


class XmlStream:
    """A TCP connection on loopback, without TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._restart()

    @classmethod
    async def open(cls, port: int) -> "XmlStream":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def log_in(self, host: str, user: str, password: str, declarations: str = "") -> Element:
        """The features of the authenticated stream, whose beginning holds ``declarations`` of namespaces. Raises
        ``StreamClosed`` if the password is wrong."""
        await self._begin(host, CLIENT)
        await self.read()
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.write(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{token}</auth>")
        answer = await self.read()
        if answer.tag != f"{{{SASL}}}success":
            raise StreamClosed(f"{user}@{host} could not log in: {[child.tag for child in answer]}")
        self._restart()
        await self._begin(host, CLIENT, declarations)
        return await self.read()

    async def shake_hands(self, host: str, secret: str) -> None:
        """Become the component ``host`` (XEP-0114 §3). Raises ``StreamClosed`` if the secret is wrong."""
        header = await self._begin(host, COMPONENT)
        digest = hashlib.sha1((header.get("id", "") + secret).encode()).hexdigest()
        self.write(f"<handshake>{digest}</handshake>")
        answer = await self.read()
        if answer.tag != f"{{{COMPONENT}}}handshake":
            raise StreamClosed(f"{host} could not connect: {[child.tag for child in answer]}")

    def write(self, xml: str) -> None:
        self.writer.write(xml.encode())

    async def read(self) -> Element:
        """The next whole child of the stream. Raises ``StreamClosed`` at its end."""
        while True:
            self._events.extend(self._parser.read_events())
            while self._events:
                event, element = self._events.popleft()
                self._depth += 1 if event == "start" else -1
                if event == "end" and self._depth == 1:
                    return element
                if event == "end" and self._depth == 0:
                    raise StreamClosed("the server closed the stream")
            await self._feed()

    async def _feed(self) -> None:
        try:
            data = await self._reader.read(65536)
        except OSError as error:
            raise StreamClosed(str(error)) from error
        if not data:
            raise StreamClosed("the server closed the connection")
        self._parser.feed(data)

    async def _begin(self, host: str, namespace: str, declarations: str = "") -> Element:
        """The header of the server's stream."""
        self.write(
            f"<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='{namespace}' "
            f"xmlns:stream='http://etherx.jabber.org/streams' {declarations}>"
        )
        while True:
            self._events.extend(self._parser.read_events())
            if self._events:
                self._depth = 1
                return self._events.popleft()[1]
            await self._feed()

    def _restart(self) -> None:
        # ElementTree's own would end some dialogues: ejabberd passes names on that it refuses.
        self._parser = StreamParser()
        self._events: deque[tuple[str, Element]] = deque()
        self._depth = 0
