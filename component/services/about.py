"""What software this is, and what time it is here: the same for every address, and nothing of anybody's client (P7)."""

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from component import __version__
from component.xml import child

from .abilities import TIME_NS, VERSION_NS

VERSION = f"{{{VERSION_NS}}}query"
TIME = f"{{{TIME_NS}}}time"


def version() -> Element:
    """XEP-0092, without the operating system."""
    query = Element(VERSION)
    child(query, "name", VERSION_NS, "deskbridge")
    child(query, "version", VERSION_NS, __version__)
    return query


def time() -> Element:
    """XEP-0202, of this server: where a person is, is not told."""
    element = Element(TIME)
    child(element, "tzo", TIME_NS, "+00:00")
    child(element, "utc", TIME_NS, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return element
