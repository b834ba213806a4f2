"""What deskbridge is compared with: two components that only change addresses, run as processes of their own.

``python -m benchmarks.support.routers bare|plain SERVICE SECRET PORT``. Neither looks at what a message carries or who
may send it, and neither keeps anything.
"""

import hashlib
import socket
import sys
from copy import copy
from typing import Any
from xml.parsers import expat

import uvloop
from slixmpp import ComponentXMPP

FACES = {"work.": "directory.", "cc.": "agents."}
ACCOUNTS = {"directory.": "work.", "agents.": "cc."}


def moved(address: str, hosts: dict[str, str]) -> str:
    """The bare address on the other host."""
    local, _, host = address.partition("/")[0].partition("@")
    for old, new in hosts.items():
        if host.startswith(old):
            return f"{local}@{new}{host.removeprefix(old)}"
    return address


class Bare:
    """expat's events, written out again at once; one write a read. As fast as Python gets."""

    def __init__(self, service: str, secret: str, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._secret = secret
        self._depth = 0
        self._passing = False
        self._out: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._socket.sendall(
            f"<stream:stream to='{service}' xmlns='jabber:component:accept' "
            "xmlns:stream='http://etherx.jabber.org/streams'>".encode()
        )

    def run(self) -> None:
        while data := self._socket.recv(262_144):
            self._parser.Parse(data, False)
            if self._out:
                text, self._out = "".join(self._out), []
                self._socket.sendall(text.encode())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            digest = hashlib.sha1((attributes["id"] + self._secret).encode()).hexdigest()
            self._out.append(f"<handshake>{digest}</handshake>")
            return
        if self._depth == 2:
            chat = name == "message" and attributes.get("type") != "error"
            self._passing = chat and "@" in attributes["from"]  # what ejabberd grants comes from a host
            if name == "handshake":
                print("ready", flush=True)
            if self._passing:
                attributes["from"] = moved(attributes["from"], FACES)
                attributes["to"] = moved(attributes["to"], ACCOUNTS)
        if self._passing:
            pairs = [f' {key}="{_attribute(value)}"' for key, value in attributes.items()]
            self._out.append(f"<{name}{''.join(pairs)}>")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._passing:
            self._out.append(f"</{name}>")

    def _text(self, text: str) -> None:
        if self._passing and self._depth > 1:
            self._out.append(_escaped(text))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(value: str) -> str:
    return _escaped(value).replace('"', "&quot;")


class Plain(ComponentXMPP):
    """The way slixmpp's documentation shows: an event, a stanza object, ``send``."""

    def __init__(self, service: str, secret: str, port: int) -> None:
        super().__init__(service, secret, "127.0.0.1", port)
        self.add_event_handler("message", self._route)
        self.add_event_handler("session_start", lambda _: print("ready", flush=True))

    def _route(self, message: Any) -> None:
        if message["type"] == "error" or not message["from"].user:
            return
        routed = copy(message)
        routed["from"] = moved(str(message["from"]), FACES)
        routed["to"] = moved(str(message["to"]), ACCOUNTS)
        routed.send()


async def _run_plain(service: str, secret: str, port: int) -> None:
    router = Plain(service, secret, port)
    router.connect("127.0.0.1", port)
    await router.disconnected


def main() -> None:
    kind, service, secret, port = sys.argv[1:]
    if kind == "bare":
        Bare(service, secret, int(port)).run()
    else:
        uvloop.run(_run_plain(service, secret, int(port)))


if __name__ == "__main__":
    main()
