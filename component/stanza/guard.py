"""Proofs that the guard in ejabberd is in force: it refuses them, and tells the component so (`mod_desk_guard.erl`)."""

from xml.etree.ElementTree import Element

from component.element import attribute

NAMESPACE = "urn:deskbridge:guard:1"
_REFUSED = f"{{{NAMESPACE}}}refused"


def proof(id: str, sender: str, receiver: str, tell: str) -> str:
    """A message around the component ``tell``, which the guard of the sender's host has to refuse. Where there is no
    guard, nobody sees it: a receiver without a local part is a server."""
    return (
        f'<message from="{attribute(sender)}" to="{attribute(receiver)}" type="headline">'
        f'<proof xmlns="{NAMESPACE}" id="{attribute(id)}" tell="{attribute(tell)}"/></message>'
    )


def refused(message: Element) -> str | None:
    """The id of the proof that a guard has refused; None if the message does not say so."""
    told = message.find(_REFUSED)
    return None if told is None else told.get("id", "")
