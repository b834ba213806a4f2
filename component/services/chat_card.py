"""The vCard of a chat face (XEP-0054): its name is all there is to tell."""

from xml.etree.ElementTree import Element

from component.element import child

VCARD_NS = "vcard-temp"
VCARD = f"{{{VCARD_NS}}}vCard"


def chat_card(name: str) -> Element:
    card = Element(VCARD)
    child(card, "FN", VCARD_NS, name)
    child(card, "NICKNAME", VCARD_NS, name)
    return card
