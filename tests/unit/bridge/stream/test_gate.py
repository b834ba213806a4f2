"""Messages that wait while it is not known who is logged in (P6). No server."""

from typing import Any
from xml.etree.ElementTree import Element

from component.background_tasks import BackgroundTasks
from component.bridge.stream.connection import Connection
from component.bridge.stream.gate import Gate
from component.model import XmppSettings
from component.xml import parse


def make_gate(handle: Any) -> tuple[Connection, Gate]:
    """A gate, and the link through which everything comes to it."""

    def come(message: Element) -> None:
        if gate.is_open:
            handle(message)
        else:
            gate.keep(message)

    def always() -> bool:
        return True

    def nothing() -> None:
        pass

    settings = XmppSettings("localhost", 1, "secret")
    link = Connection(settings, "agents.acme.test", 500_000, always, nothing, nothing, BackgroundTasks())
    link.on_stanza = come
    gate = Gate(link)
    return link, gate


def test_one_that_cannot_be_handled_costs_none_behind_it() -> None:
    """R2, also of those that were held."""
    handled = []

    def handle(message: Element) -> None:
        handled.append(message.get("id"))
        if message.get("id") == "2":
            raise RuntimeError("a bug")

    link, gate = make_gate(handle)
    for id in ("1", "2", "3"):
        link.receive(parse(f"<message id='{id}' from='bob@work.acme.test/x' to='alice@agents.acme.test'/>"))
    assert handled == []
    gate.open()
    link.receive(parse("<message id='4' from='bob@work.acme.test/x' to='alice@agents.acme.test'/>"))
    assert handled == ["1", "2", "3", "4"]
