"""The capabilities of a face for each viewer: what the policy table passes, by the names of service discovery.

They are derived: changing a cell of the table changes what clients offer.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from xml.etree.ElementTree import Element

from component.model import Party, Profile, Side
from component.policy.elements import CORRECT_NS, FALLBACK_NS, REACTIONS_NS, REPLY_NS, RETRACT_NS, SID_NS
from component.policy.features import Feature
from component.policy.matrix import MATRIX, Act
from component.xep.caps import CAPS_NS, caps, verification
from component.xep.vcard import VCARD_NS, update
from component.xml import child

INFO_NS = "http://jabber.org/protocol/disco#info"
INFO = f"{{{INFO_NS}}}query"
PING_NS = "urn:xmpp:ping"
TIME_NS = "urn:xmpp:time"
VERSION_NS = "jabber:iq:version"

CAPS_NODE = "urn:deskbridge:face"

ANSWERED = (INFO_NS, PING_NS, TIME_NS, VERSION_NS, VCARD_NS)
"""Supported by every address."""

ADVERTISED: Mapping[Feature, tuple[str, ...]] = MappingProxyType(
    {
        Feature.ORIGIN_ID: (SID_NS,),
        Feature.UNSTYLED: ("urn:xmpp:styling:0",),
        Feature.GROUP_CHAT: ("http://jabber.org/protocol/muc",),
        Feature.ROOM_INVITATION: ("jabber:x:conference",),
        Feature.FILE: ("jabber:x:oob", "urn:xmpp:sfs:0"),
        Feature.CALL_OFFER: ("urn:xmpp:jingle:1", "urn:xmpp:jingle-message:0", "urn:xmpp:call-invites:0"),
        Feature.CHAT_STATE: ("http://jabber.org/protocol/chatstates",),
        Feature.REAL_TIME_TEXT: ("urn:xmpp:rtt:0",),
        Feature.RECEIPT: ("urn:xmpp:receipts",),
        Feature.MARKER: ("urn:xmpp:chat-markers:0",),
        Feature.XHTML: ("http://jabber.org/protocol/xhtml-im",),
        Feature.MARKUP: ("urn:xmpp:markup:0",),
        Feature.CORRECTION: (CORRECT_NS,),
        Feature.RETRACTION: (RETRACT_NS,),
        Feature.REPLY: (REPLY_NS,),
        Feature.FALLBACK: (FALLBACK_NS,),
        Feature.REACTION: (REACTIONS_NS,),
        Feature.ATTENTION: ("urn:xmpp:attention:0",),
        Feature.NICK: ("http://jabber.org/protocol/nick",),
        Feature.ENCRYPTED: ("urn:xmpp:openpgp:0",),
    }
)
"""Feature of the policy table -> what a client that handles it advertises. Only what is ``TAKEN`` is."""

TAKEN = frozenset({Act.PASS, Act.PAGE, Act.REBUILD})
"""What becomes of features that are advertised: they reach the other side, perhaps in another form. Files do not
count, of which only a link is left: clients would offer to send them directly."""


@cache
def abilities(viewer: Side, side: Side, profile: Profile) -> tuple[str, ...]:
    """The features of a face of ``side`` for viewers of ``viewer``, where both may write to each other."""
    passed = (
        namespace
        for feature, namespaces in ADVERTISED.items()
        for namespace in namespaces
        if (rule := MATRIX.get((feature, viewer, side, profile))) and rule.act in TAKEN
    )
    return (*ANSWERED, CAPS_NS, *passed)


def client_info(viewer: Side, side: Side, profile: Profile, node: str = "") -> Element:
    """Disco info of the one resource of a face. It is the same for all faces of a side (P7) and has no name, so it has
    one hash and clients ask only once (XEP-0115)."""
    query = Element(INFO, {"node": node} if node else {})
    child(query, "identity", INFO_NS).attrib.update(category="client", type="pc", name="deskbridge")
    for feature in abilities(viewer, side, profile):
        child(query, "feature", INFO_NS).set("var", feature)
    return query


@cache
def version(viewer: Side, side: Side, profile: Profile) -> str:
    """Its hash."""
    return verification(client_info(viewer, side, profile))


def capabilities_node(viewer: Side, side: Side, profile: Profile) -> str:
    """The node under which clients ask for a hash that they do not know (XEP-0115 §6.2)."""
    return f"{CAPS_NODE}#{version(viewer, side, profile)}"


@cache
def _caps(viewer: Side, side: Side, profile: Profile) -> str:
    return caps(CAPS_NODE, version(viewer, side, profile))


def shown_with_presence(viewer: Side, face: Party) -> str:
    """What is added to a face's available presence for that side, as text: capabilities and the hash of the
    picture."""
    photo = face.person.photo
    return _caps(viewer, face.side, face.tenant.version) + update(photo.sha1 if photo else "")
