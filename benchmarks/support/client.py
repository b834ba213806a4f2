"""A client as light as can be: one socket, and a search for marks in the bytes that come.

The load must not be the limit of what it measures. So nothing is parsed but what has to be seen: a message bears the
time at which it was due in its body, ``~NANOSECONDS~``, and whoever finds that has the message.
"""

import base64
import re
import socket

from tests.support.stream import SASL

BIND = "urn:ietf:params:xml:ns:xmpp-bind"
ROSTER = "jabber:iq:roster"

_MARK = re.compile(rb"~(\d{12,20})~")
_PING = re.compile(rb"<iq [^>]*?id='([^']+)'[^>]*><ping ")
_ERROR = re.compile(rb"<message [^>]*type='error'")
_CHUNK = 262_144
_TIMEOUT = 30.0


class Disconnected(Exception):
    """ejabberd has closed a client's stream; the text is the end of what it said."""


class Refused(Exception):
    """A message came back; the text is what it said."""


class Client:
    """One session of ``account``, over plain TCP on loopback. ``connect``, then ``receive`` whenever it is readable."""

    def __init__(self, account: str, password: str, port: int, resource: str = "bench") -> None:
        self.account = account
        self.unsent = b""
        self.socket = socket.socket()
        self._password = password
        self._port = port
        self._resource = resource
        self._tail = b""

    def connect(self, available: bool = True) -> None:
        """Log in, fetch the roster and become available. Blocks."""
        user, _, host = self.account.partition("@")
        self.socket.settimeout(_TIMEOUT)
        self.socket.connect(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        token = base64.b64encode(f"\0{user}\0{self._password}".encode()).decode()
        self._open(host)
        self._ask(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{token}</auth>", b"<success")
        self._open(host)
        self._ask(f"<iq type='set' id='b'><bind xmlns='{BIND}'><resource>{self._resource}</resource></bind></iq>",
                  b"</iq>")  # fmt: skip
        if available:
            self._ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>", b" id='r'")
            self.socket.sendall(b"<presence/>")
        self.socket.setblocking(False)

    def _open(self, host: str) -> None:
        self._ask(
            f"<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>",
            b"</stream:features>",
        )

    def _ask(self, text: str, answer: bytes) -> None:
        self.socket.sendall(text.encode())
        heard = b""
        while answer not in heard:
            data = self.socket.recv(_CHUNK)
            if not data:
                raise Disconnected(f"{self.account}: {heard[-300:]!r}")
            heard += data

    def send(self, data: bytes) -> bool:
        """Whether all of it is on its way; else the rest is in ``unsent``, for ``send(b"")`` once writable."""
        data = self.unsent + data if self.unsent else data
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        self.unsent = data[sent:]
        return not self.unsent

    def receive(self) -> list[int]:
        """The marks in what has come. Pings are answered. Raises ``Refused`` for an error."""
        data = self._tail + self.socket.recv(_CHUNK)
        if not data or len(data) == len(self._tail):
            raise Disconnected(f"{self.account}: {self._tail[-300:]!r}")
        whole = data.rfind(b">") + 1
        self._tail = data[whole:]
        self._pong(data)
        if b"'error'" in data and _ERROR.search(data):
            raise Refused(f"{self.account} got {data[-1500:].decode()}")
        return [int(mark) for mark in _MARK.findall(data, 0, whole)]

    def _pong(self, data: bytes) -> None:
        if b"<ping " in data:
            for id in _PING.findall(data):
                self.send(b"<iq type='result' id='" + id + b"'/>")

    def read_all(self) -> bytes:
        """What has come, unread until now, up to the end of a tag. Pings are answered."""
        heard = [self._tail]
        while True:
            try:
                data = self.socket.recv(_CHUNK)
            except BlockingIOError:
                break
            if not data:
                raise Disconnected(self.account)
            heard.append(data)
        data = b"".join(heard)
        whole = data.rfind(b">") + 1
        self._tail = data[whole:]
        self._pong(data)
        return data[:whole]

    def close(self) -> None:
        self.socket.setblocking(True)
        with self.socket:
            self.socket.sendall(b"</stream:stream>")
