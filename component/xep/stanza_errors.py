"""Stanza errors (RFC 6120 §8.3)."""

from xml.etree.ElementTree import Element

from component.policy.elements import BODY, THREAD
from component.policy.reasons import Reason
from component.xml import MESSAGE, XML_LANG, child, stanza

STANZAS_NS = "urn:ietf:params:xml:ns:xmpp-stanzas"

MOST_REPEATED = 8_000
"""Characters of the refused message that are repeated. A part beyond that is left out, not cut."""


def is_error(element: Element) -> bool:
    return element.get("type") == "error"


def error(refused: Element, type: str, condition: str, text: str) -> Element:
    """The answer to ``refused``: same kind and id, the addresses turned round.

    For a message it repeats the text first (§8.3.1), as ejabberd's own errors do: some clients show no error without
    it. Nothing else is repeated.
    """
    reply = stanza(
        refused.tag.rpartition("}")[2],
        refused.get("to", ""),
        refused.get("from", ""),
        type="error",
        id=refused.get("id"),
    )
    if refused.tag == MESSAGE:
        _repeat(refused, reply)
    problem = child(reply, "error")
    problem.set("type", type)
    child(problem, condition, STANZAS_NS)
    child(problem, "text", STANZAS_NS, text).set(XML_LANG, "en")
    return reply


def _repeat(refused: Element, reply: Element) -> None:
    """The text, up to a limit, and the thread, by which clients find the chat."""
    left = MOST_REPEATED
    for part in refused:
        if part.tag in _REPEATED:
            left -= len(part.tag) + len(part.text or "") + sum(map(len, part.attrib.values()))
            if left < 0:
                return
            repeated = Element(part.tag, part.attrib)
            repeated.text = part.text
            reply.append(repeated)


_REPEATED = frozenset({BODY, THREAD})


def refusal(refused: Element, reason: Reason) -> Element:
    """The answer to ``refused`` that a reason of the policy asks for."""
    answer = reason.value
    reply = error(refused, answer.type, answer.condition, answer.text)
    if answer.detail:
        namespace, name = answer.detail
        child(reply[-1], name, namespace)
    return reply


def condition_of(element: Element) -> str:
    """The defined condition of an error stanza, empty if it has none."""
    for part in element.iterfind("{*}error/*"):
        namespace, _, name = part.tag[1:].partition("}")
        if namespace == STANZAS_NS and name != "text":
            return name
    return ""
