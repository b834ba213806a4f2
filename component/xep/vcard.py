"""Business cards: vcard-temp (XEP-0054), vCard4 (XEP-0292), and the current picture (XEP-0153)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.xml import attribute, child

VCARD_NS = "vcard-temp"
VCARD = f"{{{VCARD_NS}}}vCard"
UPDATE_NS = "vcard-temp:x:update"
VCARD4_NS = "urn:ietf:params:xml:ns:vcard-4.0"
VCARD4_NODE = "urn:xmpp:vcard4"
PUBSUB_NS = "http://jabber.org/protocol/pubsub"
PUBSUB = f"{{{PUBSUB_NS}}}pubsub"


@dataclass(frozen=True, slots=True)
class Picture:
    """``type`` is a media type."""

    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Details:
    """The content of a card. ``address`` is a face or a service."""

    name: str
    address: str
    organisation: str = ""
    title: str = ""
    groups: Sequence[str] = ()


def names(name: str) -> tuple[str, str]:
    """Given name and family name, by guess: the first word, and the others."""
    given, _, family = name.partition(" ")
    return given, family


def vcard(details: Details, picture: Picture | None = None) -> Element:
    """XEP-0054 §3"""
    card = Element(VCARD)
    child(card, "FN", VCARD_NS, details.name)
    given, family = names(details.name)
    name = child(card, "N", VCARD_NS)
    child(name, "FAMILY", VCARD_NS, family)
    child(name, "GIVEN", VCARD_NS, given)
    if details.title:
        child(card, "TITLE", VCARD_NS, details.title)
    if details.organisation:
        organisation = child(card, "ORG", VCARD_NS)
        child(organisation, "ORGNAME", VCARD_NS, details.organisation)
        for group in details.groups:
            child(organisation, "ORGUNIT", VCARD_NS, group)
    if details.groups:
        categories = child(card, "CATEGORIES", VCARD_NS)
        for group in details.groups:
            child(categories, "KEYWORD", VCARD_NS, group)
    child(card, "JABBERID", VCARD_NS, details.address)
    if picture:
        photo = child(card, "PHOTO", VCARD_NS)
        child(photo, "TYPE", VCARD_NS, picture.type)
        child(photo, "BINVAL", VCARD_NS, base64.b64encode(picture.data).decode())
    return card


def asks_vcard4(pubsub: Element) -> bool:
    """Whether this is Gajim's request for somebody's card (XEP-0292 §3)."""
    items = pubsub.find(f"{{{PUBSUB_NS}}}items")
    return items is not None and items.get("node") == VCARD4_NODE


def vcard4(details: Details) -> Element:
    """The single item of the card's node. Without the picture, which clients take from vcard-temp."""
    answer = Element(PUBSUB)
    items = child(answer, "items", PUBSUB_NS)
    items.set("node", VCARD4_NODE)
    item = child(items, "item", PUBSUB_NS)
    item.set("id", "current")
    card = child(item, "vcard", VCARD4_NS)
    _property(card, "kind", "text", "individual")
    _property(card, "fn", "text", details.name)
    for name, value in (("title", details.title), ("org", details.organisation)):
        if value:
            _property(card, name, "text", value)
    if details.groups:
        categories = child(card, "categories", VCARD4_NS)
        for group in details.groups:
            child(categories, "text", VCARD4_NS, group)
    _property(card, "impp", "uri", f"xmpp:{details.address}")
    return answer


def _property(card: Element, name: str, kind: str, value: str) -> None:
    child(child(card, name, VCARD4_NS), kind, VCARD4_NS, value)


def update(sha1: str) -> str:
    """As part of a presence, as text: the current picture by its SHA-1; an empty one says that there is none."""
    photo = f"<photo>{attribute(sha1)}</photo>" if sha1 else "<photo/>"
    return f'<x xmlns="{UPDATE_NS}">{photo}</x>'
