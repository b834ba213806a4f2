"""What deskbridge is compared with: components that only change addresses, run as processes of their own.

``python -m benchmarks.support.routers bare|kept|plain SERVICE SECRET PORT``. None looks at what a message carries or
who may send it, and but for `Kept` they keep nothing.
"""

import hashlib
import socket
import sqlite3
import sys
from copy import copy
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
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
                out, self._out = self._out, []
                self._deliver(out)

    def _deliver(self, out: list[str]) -> None:
        self._socket.sendall("".join(out).encode())

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


class Kept(Bare):
    """The same, with a row for each message on disk before it goes on: the least that a durable archive costs in
    Python. One table, one index, everything pending in one transaction, ``synchronous=FULL``."""

    def __init__(self, service: str, secret: str, port: int, folder: Path) -> None:
        super().__init__(service, secret, port)
        self._stanzas: list[tuple[str, str, str]] = []
        self._addresses = ("", "")
        self._begins = 0
        self._pending: SimpleQueue[tuple[list[tuple[str, str, str]], str]] = SimpleQueue()
        Thread(target=self._keep, args=(folder / "kept.db",), daemon=True).start()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 1:
            self._begins = len(self._out)
        super()._start(name, attributes)
        if self._depth == 2 and self._passing:
            self._addresses = attributes["from"], attributes["to"]

    def _end(self, name: str) -> None:
        super()._end(name)
        if self._depth == 1 and self._passing:
            self._out[self._begins :] = ["".join(self._out[self._begins :])]
            self._stanzas.append((*self._addresses, self._out[-1]))

    def _deliver(self, out: list[str]) -> None:
        if self._depth > 1:  # what has come of a stanza whose end has not waits for that, and for its row
            out, self._out = out[: self._begins], out[self._begins :]
            self._begins = 0
        if out:
            stanzas, self._stanzas = self._stanzas, []
            self._pending.put((stanzas, "".join(out)))

    def _keep(self, path: Path) -> None:
        database = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA wal_autocheckpoint = 4000",
            "CREATE TABLE message (id INTEGER PRIMARY KEY, sender TEXT, receiver TEXT, payload TEXT)",
            "CREATE INDEX by_receiver ON message (receiver)",
        ):
            database.execute(statement)
        while True:
            together = [self._pending.get()]
            try:
                while True:
                    together.append(self._pending.get_nowait())
            except Empty:
                pass
            rows = [row for stanzas, _ in together for row in stanzas]
            database.execute("BEGIN")
            database.executemany("INSERT INTO message (sender, receiver, payload) VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")
            self._socket.sendall("".join(text for _, text in together).encode())


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
    elif kind == "kept":
        with TemporaryDirectory() as folder:
            Kept(service, secret, int(port), Path(folder)).run()
    else:
        uvloop.run(_run_plain(service, secret, int(port)))


if __name__ == "__main__":
    main()
