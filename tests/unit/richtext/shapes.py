"""The children of messages, as clients send them."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from component.xml import parse_children, text

XHTML_IM = "http://jabber.org/protocol/xhtml-im"
XHTML = "http://www.w3.org/1999/xhtml"


def body(said: str, language: str = "") -> Element:
    named = f" xml:lang='{language}'" if language else ""
    return parse_children(f"<body{named}>{text(said)}</body>")[0]


def xhtml(*contents: str, languages: Sequence[str] = ()) -> Element:
    """``<html/>`` of XEP-0071 with one ``<body/>`` for each text of XHTML."""
    names = [f" xml:lang='{language}'" for language in languages] or [""] * len(contents)
    bodies = (f"<body xmlns='{XHTML}'{name}>{content}</body>" for name, content in zip(names, contents, strict=True))
    return parse_children(f"<html xmlns='{XHTML_IM}'>{''.join(bodies)}</html>")[0]


def typed(type: str, content: str = "") -> Element:
    """XEP-0481"""
    return parse_children(f"<content xmlns='urn:xmpp:content' type='{type}'>{text(content)}</content>")[0]


def markup(marks: str) -> Element:
    """XEP-0394"""
    return parse_children(f"<markup xmlns='urn:xmpp:markup:0'>{marks}</markup>")[0]
