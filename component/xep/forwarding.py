"""Stanza forwarding (XEP-0297): stanzas inside of stanzas."""

from xml.etree.ElementTree import Element

FORWARD_NS = "urn:xmpp:forward:0"
FORWARDED = f"{{{FORWARD_NS}}}forwarded"


def forwarded(stanza: str, delay: str = "") -> str:
    """The text of a stanza, and when it was sent, to be put into another one.

    Inside, no namespace is inherited, so the stanza says that it is one of a client's stream.
    """
    name, _, rest = stanza.partition(" ")
    return f'<forwarded xmlns="{FORWARD_NS}">{delay}{name} xmlns="jabber:client" {rest}</forwarded>'


def unwrap(parent: Element) -> Element | None:
    """The stanza that is forwarded in a child of ``parent``, if there is exactly one."""
    inner = parent.findall(f"{FORWARDED}/*")
    stanzas = [element for element in inner if element.tag.rpartition("}")[2] in ("iq", "message", "presence")]
    return stanzas[0] if len(stanzas) == 1 else None
