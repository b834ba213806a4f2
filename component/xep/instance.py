"""Detects another process with the same component hosts: ejabberd sends each stanza to one of their streams. By
messages, because ejabberd 24.10 to 24.12 drop iqs of privileged components to a bare host."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.xml import attribute

NAMESPACE = "urn:deskbridge:instance:1"
_QUESTION, _ANSWER = f"{{{NAMESPACE}}}question", f"{{{NAMESPACE}}}answer"


@dataclass(frozen=True, slots=True, order=True)
class Instance:
    """A process: since when in ns, a unique token, and a description for operators."""

    since: int
    token: str
    holder: str


def question(host: str, me: Instance) -> str:
    """Asks the process that has the component host, which should be ourselves."""
    return _message("question", host, me)


def answer(host: str, me: Instance) -> str:
    """Says that the host is ours."""
    return _message("answer", host, me)


def _message(name: str, host: str, me: Instance) -> str:
    address = attribute(host)
    return (
        f'<message type="headline" from="{address}" to="{address}"><{name} xmlns="{NAMESPACE}" since="{me.since}" '
        f'token="{me.token}" holder="{attribute(me.holder)}"/></message>'
    )


def asks(message: Element) -> Instance | None:
    """Who asks; None if the message is no question."""
    return _instance(message.find(_QUESTION))


def answers(message: Element) -> Instance | None:
    """Who answers; None if the message is no answer."""
    return _instance(message.find(_ANSWER))


def _instance(told: Element | None) -> Instance | None:
    if told is None or not told.get("since", "").isdecimal():
        return None
    return Instance(int(told.get("since", "")), told.get("token", ""), told.get("holder", ""))
