"""Service discovery (XEP-0030): hosts and faces advertise what they do, and nothing that they refuse (D3)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from component.element import child
from component.policy.elements import SID_NS
from component.policy.reasons import COMMANDS_NS
from component.stanza.forms import FORM_NS
from component.stanza.mam import EXTENDED, FULLTEXT_NS, MAM_NS

from .commands import Command

INFO_NS = "http://jabber.org/protocol/disco#info"
ITEMS_NS = "http://jabber.org/protocol/disco#items"
INFO = f"{{{INFO_NS}}}query"
ITEMS = f"{{{ITEMS_NS}}}query"
COMMANDS_NODE = COMMANDS_NS
"""The node of a service that lists its commands (XEP-0050 §2.2)."""

_HOST_FEATURES = (INFO_NS, ITEMS_NS, COMMANDS_NS, "urn:xmpp:ping")
ARCHIVE_FEATURES = (MAM_NS, EXTENDED, FULLTEXT_NS, SID_NS)
"""What an address with an archive offers (XEP-0313 §7); the last is that messages carry its ids (XEP-0359 §3)."""
_FACE_FEATURES = (INFO_NS, "urn:xmpp:ping", *ARCHIVE_FEATURES)
_CHAT_FEATURES = (INFO_NS, "urn:xmpp:ping", "vcard-temp")
_COMMAND_FEATURES = (INFO_NS, COMMANDS_NS, FORM_NS)


def host_info(name: str) -> Element:
    """What a component host is: a gateway between the two sides."""
    return _info("gateway", "xmpp", name, _HOST_FEATURES)


def face_info(name: str) -> Element:
    """What a face is: an account, of which no client's abilities show (P7)."""
    return _info("account", "registered", name, _FACE_FEATURES)


def chat_info(name: str) -> Element:
    """What a chat face is, to those who see it: somebody to read, who has no archive and reads nothing."""
    return _info("account", "registered", name, _CHAT_FEATURES)


def nested_info(node: str, features: Iterable[str]) -> Element:
    """What a server adds to its own info, or to that of its accounts, for us (XEP-0355 §7.2)."""
    query = Element(INFO, {"node": node})
    return _with_features(query, features)


def no_items() -> Element:
    return Element(ITEMS)


def command_items(service: str, commands: Iterable[Command]) -> Element:
    """The commands that somebody may run on a service (XEP-0050 §3.2)."""
    query = Element(ITEMS, {"node": COMMANDS_NODE})
    for command in commands:
        child(query, "item", ITEMS_NS).attrib.update(jid=service, node=command.node, name=command.name)
    return query


def command_list_info() -> Element:
    """What the node that lists them is."""
    return _info("automation", "command-list", "Commands", (INFO_NS, ITEMS_NS), COMMANDS_NODE)


def command_info(command: Command) -> Element:
    """What one command is (XEP-0050 §3.3)."""
    return _info("automation", "command-node", command.name, _COMMAND_FEATURES, command.node)


def _info(category: str, type: str, name: str, features: tuple[str, ...], node: str = "") -> Element:
    query = Element(INFO, {"node": node} if node else {})
    identity = child(query, "identity", INFO_NS)
    identity.attrib.update(category=category, type=type, name=name)
    return _with_features(query, features)


def _with_features(query: Element, features: Iterable[str]) -> Element:
    for feature in features:
        child(query, "feature", INFO_NS).set("var", feature)
    return query
