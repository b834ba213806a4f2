"""Entity capabilities (XEP-0115): one short hash for the answer of service discovery."""

import base64
import hashlib
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from component.xml import attribute

CAPS_NS = "http://jabber.org/protocol/caps"


def verification(query: Element) -> str:
    """The ``ver`` of a disco#info without forms (XEP-0115 §5.1)."""
    identities = [
        "/".join((one.get("category", ""), one.get("type", ""), "", one.get("name", "")))
        for one in query.iterfind("{*}identity")
    ]
    features = [one.get("var", "") for one in query.iterfind("{*}feature")]
    text = _ordered(identities) + _ordered(features)
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


def _ordered(parts: Iterable[str]) -> str:
    return "".join(f"{part}<" for part in sorted(parts, key=str.encode))


def caps(node: str, ver: str) -> str:
    """As part of a presence, as text."""
    return f'<c xmlns="{CAPS_NS}" hash="sha-1" node="{attribute(node)}" ver="{attribute(ver)}"/>'
