"""Namespace delegation (XEP-0355): requests that a server forwards to a component, and their answers."""

from xml.etree.ElementTree import Element

from component.xml import attribute, serialise

from .forwarding import forwarded, unwrap

DELEGATION_NS = "urn:xmpp:delegation:1"
DELEGATION = f"{{{DELEGATION_NS}}}delegation"

ANSWERED_AT = "deskbridge"
"""ejabberd matches an answer to its request by the id alone, but 24.10 to 24.12 drop what a privileged component sends
to the server's bare address. So answers go to a resource, although a server has none."""


def host_node(namespace: str) -> str:
    """The node that tells what the server offers by delegation, at its own address (XEP-0355 §7.2.1)."""
    return f"{DELEGATION_NS}::{namespace}"


def bare_node(namespace: str) -> str:
    """The node that tells what the server offers by delegation, at its accounts' bare addresses (XEP-0355 §7.2.2)."""
    return f"{DELEGATION_NS}:bare:{namespace}"


def delegated_namespaces(message: Element) -> list[str]:
    """The namespaces that a message says are delegated from now on (XEP-0355 §4.2)."""
    found = message.iterfind(f"{DELEGATION}/{{{DELEGATION_NS}}}delegated")
    return [element.get("namespace", "") for element in found]


def delegated_request(iq: Element) -> Element | None:
    """The client's iq in the server's, if there is one (XEP-0355 §4.3)."""
    delegation = iq.find(DELEGATION)
    inner = None if delegation is None else unwrap(delegation)
    return inner if inner is not None and inner.tag.endswith("}iq") else None


def answer(iq: Element, reply: Element) -> str:
    """The answer to the server's ``iq``, as text; ``reply`` answers the client's iq in it (XEP-0355 §4.3).

    An error also goes inside of a result: ejabberd loses the id of an error that is sent instead of one.
    """
    return result(iq, f'<delegation xmlns="{DELEGATION_NS}">{forwarded(serialise(reply))}</delegation>')


def result(iq: Element, payload: str) -> str:
    """The text of a result for the server's own ``iq``."""
    sender, server, id = (attribute(iq.get(name, "")) for name in ("to", "from", "id"))
    return f'<iq type="result" from="{sender}" to="{server}/{ANSWERED_AT}" id="{id}">{payload}</iq>'
