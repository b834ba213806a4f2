"""Stanza errors (RFC 6120 §8.3)."""

from xml.etree.ElementTree import Element

from component.element import XML_LANG, child, stanza
from component.policy.reasons import Reason

STANZAS_NS = "urn:ietf:params:xml:ns:xmpp-stanzas"


def is_error(element: Element) -> bool:
    return element.get("type") == "error"


def error(refused: Element, type: str, condition: str, text: str) -> Element:
    """The answer to ``refused``: same kind and id, the addresses turned round.

    Its content is not repeated: the sender has it, and a copy could only reveal or grow.
    """
    reply = stanza(
        refused.tag.rpartition("}")[2],
        refused.get("to", ""),
        refused.get("from", ""),
        type="error",
        id=refused.get("id"),
    )
    body = child(reply, "error")
    body.set("type", type)
    child(body, condition, STANZAS_NS)
    child(body, "text", STANZAS_NS, text).set(XML_LANG, "en")
    return reply


def refusal(refused: Element, reason: Reason) -> Element:
    """The answer to ``refused`` that a reason of the policy asks for."""
    answer = reason.value
    reply = error(refused, answer.type, answer.condition, answer.text)
    if answer.detail:
        namespace, name = answer.detail
        child(reply[0], name, namespace)
    return reply


def condition_of(element: Element) -> str:
    """The defined condition of an error stanza, empty if it has none."""
    for part in element.iterfind("{*}error/*"):
        namespace, _, name = part.tag[1:].partition("}")
        if namespace == STANZAS_NS and name != "text":
            return name
    return ""
