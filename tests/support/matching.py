"""Matchers say which stanza a test waits for; small readers say what is in it.

A matcher is any function from element to bool with a readable ``repr``; ``message``, ``presence`` and ``iq`` make
them. Attributes and children that are not named may be anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"

ANYTHING = object()
"""As an argument: present, whatever it is."""

Matcher = Callable[[Element], bool]


@dataclass(frozen=True)
class StanzaMatcher:
    """``wanted`` maps attribute names, or ``body``, ``show``, ``status``, ``error``, to a value or ``ANYTHING``;
    ``None`` means absent. ``sender`` matches a full address, or a bare one whatever the resource."""

    kind: str
    wanted: tuple[tuple[str, object], ...]

    def __call__(self, stanza: Element) -> bool:
        return stanza.tag.partition("}")[2] == self.kind and all(
            _agrees(name, expected, stanza) for name, expected in self.wanted
        )

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{name}={value!r}' for name, value in self.wanted)})"


def message(**wanted: object) -> StanzaMatcher:
    """``message(sender="bob@directory.acme.test", body="Hello")``"""
    return StanzaMatcher("message", tuple(wanted.items()))


def presence(**wanted: object) -> StanzaMatcher:
    """``presence(sender=..., type=None, show="dnd")``"""
    return StanzaMatcher("presence", tuple(wanted.items()))


def iq(**wanted: object) -> StanzaMatcher:
    """``iq(type="error", error="forbidden")``"""
    return StanzaMatcher("iq", tuple(wanted.items()))


def anything(stanza: Element) -> bool:
    return True


def text_of(stanza: Element, child: str) -> str | None:
    """The text of a child in the stanza's own namespace; ``""`` if it is empty, ``None`` if there is none."""
    found = stanza.find(_own(stanza, child))
    return None if found is None else found.text or ""


def condition_of(stanza: Element) -> str | None:
    """The condition of a stanza error, such as ``forbidden``."""
    error = stanza.find(_own(stanza, "error"))
    conditions = [] if error is None else [child.tag for child in error]
    names = [tag.partition("}")[2] for tag in conditions if tag.startswith(f"{{{STANZA_ERRORS}}}")]
    return next((name for name in names if name != "text"), None)


def bare(address: str) -> str:
    return address.partition("/")[0]


def _own(stanza: Element, child: str) -> str:
    """The child's tag in the stanza's namespace: a client's, or a component's."""
    return stanza.tag.partition("}")[0] + "}" + child


def _agrees(name: str, expected: object, stanza: Element) -> bool:
    actual = _read(name, stanza)
    if expected is ANYTHING:
        return actual is not None
    if name == "sender" and actual is not None and "/" not in str(expected):
        actual = bare(actual)
    return actual == expected


def _read(name: str, stanza: Element) -> str | None:
    if name in ("body", "subject", "thread", "show", "status", "priority"):
        return text_of(stanza, name)
    if name == "error":
        return condition_of(stanza)
    return stanza.get("from" if name == "sender" else name)
