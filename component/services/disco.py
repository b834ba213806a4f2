"""Service discovery (XEP-0030): hosts and faces advertise what they do, and nothing that they refuse (D3)."""

from xml.etree.ElementTree import Element

from component.element import child

INFO_NS = "http://jabber.org/protocol/disco#info"
ITEMS_NS = "http://jabber.org/protocol/disco#items"
INFO = f"{{{INFO_NS}}}query"
ITEMS = f"{{{ITEMS_NS}}}query"

_HOST_FEATURES = (INFO_NS, ITEMS_NS, "urn:xmpp:ping")
_FACE_FEATURES = (INFO_NS, "urn:xmpp:ping")


def host_info(name: str) -> Element:
    """What a component host is: a gateway between the two sides."""
    return _info("gateway", "xmpp", name, _HOST_FEATURES)


def face_info(name: str) -> Element:
    """What a face is: an account, of which no client's abilities show (P7)."""
    return _info("account", "registered", name, _FACE_FEATURES)


def no_items() -> Element:
    return Element(ITEMS)


def _info(category: str, type: str, name: str, features: tuple[str, ...]) -> Element:
    query = Element(INFO)
    identity = child(query, "identity", INFO_NS)
    identity.attrib.update(category=category, type=type, name=name)
    for feature in features:
        child(query, "feature", INFO_NS).set("var", feature)
    return query
