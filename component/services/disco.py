"""What hosts and faces say about themselves (D3): features (XEP-0030), software (XEP-0092), time (XEP-0202).

They advertise nothing that they refuse, and say nothing about anybody's client (P7).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from component import __version__
from component.model import Party, Tenant
from component.policy.elements import SID_NS
from component.policy.reasons import COMMANDS_NS, Reason
from component.xep.forms import FORM_NS, Field, typed
from component.xep.jabber_search import SEARCH_NS
from component.xep.mam import EXTENDED, FULLTEXT_NS, MAM_NS
from component.xep.rsm import RSM_NS
from component.xep.vcard import VCARD_NS
from component.xml import child

from .capabilities import ANSWERED, INFO, INFO_NS, PING_NS, TIME_NS, VERSION_NS, capabilities_node, client_info
from .command_framework import Command

ITEMS_NS = "http://jabber.org/protocol/disco#items"
ITEMS = f"{{{ITEMS_NS}}}query"
PING = f"{{{PING_NS}}}ping"
VERSION = f"{{{VERSION_NS}}}query"
TIME = f"{{{TIME_NS}}}time"
COMMANDS_NODE = COMMANDS_NS
"""The node that lists a service's commands (XEP-0050 §2.2)."""

_HOST_FEATURES = (*ANSWERED, ITEMS_NS, COMMANDS_NS, SEARCH_NS, RSM_NS)
ARCHIVE_FEATURES = (MAM_NS, EXTENDED, FULLTEXT_NS, SID_NS)
"""Features of an address with an archive (XEP-0313 §7); the last one says that messages have its ids (XEP-0359 §3)."""
_FACE_FEATURES = (*ANSWERED, ITEMS_NS, *ARCHIVE_FEATURES)
_CHAT_FEATURES = (INFO_NS, PING_NS, VCARD_NS)
_COMMAND_FEATURES = (INFO_NS, COMMANDS_NS, FORM_NS)


def host_info(tenant: Tenant) -> Element:
    """A component host is a directory of people. It is not advertised as a gateway, as clients would want to
    register."""
    query = _info("directory", "user", tenant.name, _HOST_FEATURES)
    if tenant.support_addresses:
        query.append(_contact_addresses(tenant.support_addresses))
    return query


def face_info(viewer: Party, face: Party, resource: str, node: str) -> Element | Reason:
    """A face is an account with one client, of which nothing is shown but the features that pass (P7)."""
    kind = (viewer.side, face.side, face.tenant.version)
    if node:
        return client_info(*kind, node) if node == capabilities_node(*kind) else Reason.NO_SUCH_NODE
    return client_info(*kind) if resource else _info("account", "registered", face.name, _FACE_FEATURES)


def chat_info(name: str) -> Element:
    """A chat face is an account without an archive."""
    return _info("account", "registered", name, _CHAT_FEATURES)


def nested_info(node: str, features: Iterable[str]) -> Element:
    """What a server adds for us to its own info, or to that of its accounts (XEP-0355 §7.2)."""
    query = Element(INFO, {"node": node})
    return _with_features(query, features)


def no_items() -> Element:
    return Element(ITEMS)


def command_items(service: str, commands: Iterable[Command]) -> Element:
    """The commands that somebody may run (XEP-0050 §3.2)."""
    query = Element(ITEMS, {"node": COMMANDS_NODE})
    for command in commands:
        child(query, "item", ITEMS_NS).attrib.update(jid=service, node=command.node, name=command.name)
    return query


def command_list_info() -> Element:
    """Info of the node that lists the commands."""
    return _info("automation", "command-list", "Commands", (INFO_NS, ITEMS_NS), COMMANDS_NODE)


def command_info(command: Command) -> Element:
    """Info of one command (XEP-0050 §3.3)."""
    return _info("automation", "command-node", command.name, _COMMAND_FEATURES, command.node)


def _contact_addresses(addresses: tuple[str, ...]) -> Element:
    """XEP-0157 §2"""
    field = Field("list-multi", "support-addresses", "", addresses)
    return typed("result", "http://jabber.org/network/serverinfo", "", (field,))


def _info(category: str, type: str, name: str, features: tuple[str, ...], node: str = "") -> Element:
    query = Element(INFO, {"node": node} if node else {})
    identity = child(query, "identity", INFO_NS)
    identity.attrib.update(category=category, type=type, name=name)
    return _with_features(query, features)


def _with_features(query: Element, features: Iterable[str]) -> Element:
    for feature in features:
        child(query, "feature", INFO_NS).set("var", feature)
    return query


def software_version() -> Element:
    """XEP-0092, without the operating system."""
    query = Element(VERSION)
    child(query, "name", VERSION_NS, "deskbridge")
    child(query, "version", VERSION_NS, __version__)
    return query


def entity_time() -> Element:
    """XEP-0202, for this server: a person's own time zone is not shown."""
    element = Element(TIME)
    child(element, "tzo", TIME_NS, "+00:00")
    child(element, "utc", TIME_NS, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return element
