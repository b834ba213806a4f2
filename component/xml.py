"""Elements to text. Stanzas are ElementTree elements in the stream's namespace, as slixmpp parses them."""

import re
from xml.etree.ElementTree import Element, SubElement, XMLParser

STREAM_NS = "jabber:component:accept"
"""Namespace of stanzas and their own children on a component stream (XEP-0114 §3)."""

MESSAGE = f"{{{STREAM_NS}}}message"
PRESENCE = f"{{{STREAM_NS}}}presence"
IQ = f"{{{STREAM_NS}}}iq"

XML_NS = "http://www.w3.org/XML/1998/namespace"
"""What the prefix ``xml`` stands for (Namespaces in XML 1.0 §3)."""

XML_LANG = f"{{{XML_NS}}}lang"

_INHERITED = (STREAM_NS, "jabber:client", "")

_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])
_FFFE, _FFFF = b"\xef\xbf\xbe", b"\xef\xbf\xbf"
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""XML 1.0 §2.2. As escapes of the expression: mypyc takes no surrogates in a literal."""

_NOT_IN_ATTRIBUTES = re.compile("[&<>\"'\n\r\t]")
_ATTRIBUTE = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&apos;",
        "\n": "&#10;",
        "\r": "&#13;",
        "\t": "&#9;",
    }
)


def split(tag: str) -> tuple[str, str]:
    """``{ns}name`` -> ``(ns, name)``."""
    if tag.startswith("{"):
        namespace, _, name = tag[1:].partition("}")
        return namespace, name
    return "", tag


def text(value: str) -> str:
    """Character data, escaped."""
    # A bare carriage return would be read back as a line feed (XML 1.0 §2.11). Faster than to translate, which looks at
    # each character by itself.
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def attribute(value: str) -> str:
    """An attribute's value, escaped, without quotes."""
    return value.translate(_ATTRIBUTE) if _NOT_IN_ATTRIBUTES.search(value) else value


def quoted(value: str) -> str:
    """An attribute's value, escaped and in quotes; never longer than whoever sent it wrote it. An id has to be in the
    answer, and ejabberd takes no answer that is several times as large as what it let through (R5)."""
    if not _NOT_IN_ATTRIBUTES.search(value):
        return f'"{value}"'
    for character in "&<\n\r\t":
        value = value.replace(character, _ATTRIBUTE[ord(character)])
    if value.count('"') > value.count("'"):
        return "'" + value.replace("'", "&apos;") + "'"
    return '"' + value.replace('"', "&quot;") + '"'


def encoded(source: str) -> bytes:
    """XML as bytes to be sent. Characters that XML cannot hold become U+FFFD: a reader would refuse all of it."""
    try:
        data = source.encode()
    except UnicodeEncodeError:  # half of a pair
        return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", source).encode()
    # Twenty times as fast as to look with the expression.
    if len(data.translate(None, _CONTROLS)) == len(data) and _FFFE not in data and _FFFF not in data:
        return data
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", source).encode()


def serialise(element: Element, inherited: str = STREAM_NS) -> str:
    """The element as text to be put where ``inherited`` is the default namespace.

    Prefixes are never used, as old parsers on the way do not know them; so an attribute in a namespace
    other than ``xml:`` is left out.
    """
    namespace, name = split(element.tag)
    if namespace in _INHERITED:
        namespace = STREAM_NS
    head = f"<{name}" if namespace == inherited else f'<{name} xmlns="{attribute(namespace)}"'
    for key, value in element.items():
        key_ns, key_name = split(key)
        if key_ns == XML_NS:
            key_name = f"xml:{key_name}"
        elif key_ns:
            continue
        head += f" {key_name}={quoted(value)}"
    inner = text(element.text) if element.text else ""
    for child in element:
        inner += serialise(child, namespace)
        if child.tail:
            inner += text(child.tail)
    return f"{head}>{inner}</{name}>" if inner else f"{head}/>"


def parse(source: str) -> Element:
    """The one element in ``source``, read as if it stood in the stream. Raises ``ParseError``."""
    return parse_children(source)[0]


def parse_children(source: str) -> list[Element]:
    """Like ``parse``, for any number of elements side by side."""
    parser = XMLParser()
    parser.feed(f"<s xmlns='{STREAM_NS}'>{source}</s>")
    return list(parser.close())


def child(parent: Element, name: str, namespace: str = STREAM_NS, text: str | None = None) -> Element:
    """A new last child of ``parent``."""
    element = SubElement(parent, f"{{{namespace}}}{name}")
    element.text = text
    return element


def stanza(name: str, sender: str, receiver: str, **attributes: str | None) -> Element:
    """A new stanza; attributes that are None are left out."""
    element = Element(f"{{{STREAM_NS}}}{name}", {"from": sender, "to": receiver})
    for key, value in attributes.items():
        if value is not None:
            element.set(key, value)
    return element
