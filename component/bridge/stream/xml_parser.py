"""XML from outside, as elements, whatever names are in it.

ElementTree refuses a document that is well-formed but bends the rules of namespaces, and a stream is one document: it
ends. ejabberd passes such stanzas on: with a namespace that contains ``}``, with a prefix that only the sender's own
stream declared, with a namespace that is reserved. So expat reads without namespaces here, and names are resolved
afterwards, stanza by stanza. A name that cannot be resolved is one that nobody knows, and ends nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from component.xml import XML_LANG, XML_NS

UNREADABLE = "unreadable:"
"""So begins the namespace of a name that cannot be resolved, or could not be written again as it is."""

RENEW_BYTES = 256 * 1024
"""expat and our tables remember every name, which takes up to seventy times its bytes. So they begin anew at times."""

MOST_PREFIXES = 50
"""Declared in one place. Those beyond are not known: each takes a copy of all before it."""

ParseError = expat.ExpatError
"""What is no XML at all."""

Event = tuple[str, Element]
"""As of ElementTree's pull parser: ``start`` or ``end``, and of what."""

_PLAIN, _DEFAULT, _LANGUAGE, _OTHER = range(4)
"""What is special among an element's attributes: nothing, ``xmlns`` alone, ``xml:lang`` alone, or something else."""


@final
class _Scope:
    """The namespaces that are declared in one place, and the names resolved there. ``beside`` has, by their default
    namespace, the places that differ in nothing else."""

    def __init__(self, prefixes: dict[str, str], default: str, beside: "dict[str, _Scope] | None" = None) -> None:
        self.prefixes = prefixes
        self.default = default
        self.names: dict[str, str] = {}
        self.beside: dict[str, _Scope] = {} if beside is None else beside
        self.beside[default] = self

    def with_default(self, namespace: str) -> "_Scope":
        """The place beside this one where that namespace is the default. Ask ``beside`` first."""
        return _Scope(self.prefixes, namespace, self.beside)

    def element(self, name: str) -> str:
        """The tag of the element that is called ``name`` in the document. Ask ``names`` first."""
        namespace, local = self._resolved(name) if ":" in name else (self.default, name)
        if namespace == XML_NS:  # is for attributes, and cannot be declared
            namespace = UNREADABLE + namespace
        tag = self.names[name] = _joined(namespace, local)
        return tag

    def attribute(self, name: str) -> str:
        """The key of the attribute that is called ``name``, which has a prefix."""
        return _joined(*self._resolved(name))

    def _resolved(self, name: str) -> tuple[str, str]:
        """The namespace and the local part of a name with a prefix."""
        prefix, _, local = name.rpartition(":")
        return self.prefixes.get(prefix, UNREADABLE + prefix), local


def _raised(problem: ParseError) -> Iterator[Event]:
    """No events, but the problem."""
    raise problem
    yield


def _joined(namespace: str, local: str) -> str:
    if not namespace:
        return local
    if "}" in namespace:
        namespace = UNREADABLE + namespace.replace("}", "%7D")
    return f"{{{namespace}}}{local}"


def _kind(names: Sequence[str], prefixed: Sequence[str]) -> int:
    if "xmlns" in names:
        return _OTHER if prefixed else _DEFAULT
    if prefixed:
        return _LANGUAGE if prefixed == ["xml:lang"] else _OTHER
    return _PLAIN


class _Stopped(Exception):
    """A stanza of that ``name`` has ended, at ``byte`` of what expat has read."""

    def __init__(self, byte: int, name: str) -> None:
        super().__init__()
        self.byte = byte
        self.name = name


@final
class StreamParser:
    """Reads one stream, in pieces cut anywhere.

    Tells events as ElementTree's pull parser does, but for those inside of stanzas: the start of the root, of each of
    its children both when it is complete, and the end of the root.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._problem: ParseError | None = None
        self._name = ""
        self._header = Element("")
        self._scope = _Scope({"xml": XML_NS}, "")
        self._begin()

    def feed(self, data: bytes) -> None:
        """Read on. What is wrong with ``data`` is told by ``read_events``, after what came before it."""
        try:
            if self._bytes > RENEW_BYTES:
                data = self._begin_anew(data)
            self._bytes += len(data)
            self._expat.Parse(data)
        except ParseError as problem:
            self._problem = problem

    def read_events(self) -> Iterable[Event]:
        """What has come, each once. What is wrong with it is raised behind all that came before, as ``ParseError``."""
        events, self._events = self._events, []
        return events if self._problem is None else chain(events, _raised(self._problem))

    def _begin(self) -> None:
        self._bytes = 0  # that this expat has read
        self._stops = False  # at the end of a stanza
        self._kinds: dict[tuple[str, ...], int] = {}
        self._builder = TreeBuilder()
        self._expat = expat.ParserCreate("UTF-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._root_started
        if hasattr(self._expat, "SetReparseDeferralEnabled"):
            # Else a stanza that came in pieces waits for the next.
            self._expat.SetReparseDeferralEnabled(False)

    def _begin_anew(self, data: bytes) -> bytes:
        """Begin anew as soon as a stanza ends; what comes after it in ``data``.

        Not by reading on bracket by bracket: expat would read an attribute full of them from its beginning each time.
        """
        self._stops = True
        try:
            self._expat.Parse(data)
        except _Stopped as stopped:
            # Where the end tag begins, perhaps in an earlier piece; behind the tag of a stanza that has none.
            end = stopped.byte - self._bytes
            if end < 0 or data.startswith(f"</{stopped.name}".encode(), end):
                end = data.index(b">", max(0, end)) + 1
            self._scope = _Scope(self._scope.prefixes, self._scope.default)
            self._begin()
            root = f"<{self._name}>".encode()
            self._expat.Parse(root)
            self._bytes = len(root)
            return data[end:]
        self._bytes += len(data)
        return b""

    # What expat reads. Elements are built without a line of Python, with names and declarations as they stand.

    def _root_started(self, name: str, attributes: dict[str, str]) -> None:
        self._root = self._builder.start(name, attributes)
        self._expat.StartElementHandler = self._builder.start
        self._expat.EndElementHandler = self._ended
        self._expat.CharacterDataHandler = self._builder.data
        if not self._name:
            self._name = name
            self._scope = self._inside(attributes, self._scope)
            self._header = Element(self._scope.element(name), attributes)
            self._events.append(("start", self._header))

    def _ended(self, name: str) -> None:
        element = self._builder.end(name)
        root = self._root
        if not len(root):
            self._events.append(("end", self._header))
        elif root[-1] is element:
            root.clear()
            self._resolve(element)
            self._events.append(("start", element))
            self._events.append(("end", element))
            if self._stops:
                raise _Stopped(self._expat.CurrentByteIndex, name)

    # Names

    def _resolve(self, stanza: Element) -> None:
        """Put real names in place of those in the document, and take the declarations out."""
        waiting = [(stanza, self._scope)]
        while waiting:
            element, scope = waiting.pop()
            attributes = element.attrib
            if attributes:
                kind = self._kinds.get(tuple(attributes))
                if kind is None or kind == _OTHER:
                    scope = self._inside(attributes, scope)
                elif kind == _DEFAULT:
                    namespace = attributes.pop("xmlns")
                    scope = scope.beside.get(namespace) or scope.with_default(namespace)
                elif kind == _LANGUAGE:
                    attributes[XML_LANG] = attributes.pop("xml:lang")
            element.tag = scope.names.get(element.tag) or scope.element(element.tag)
            for part in element:
                waiting.append((part, scope))

    def _inside(self, attributes: dict[str, str], scope: _Scope) -> _Scope:
        """What is declared within an element; its ``attributes`` lose their declarations, and have real names then."""
        names = tuple(attributes)
        prefixed = [name for name in names if ":" in name]
        self._kinds[names] = _kind(names, prefixed)
        declared = {name[6:]: attributes.pop(name) for name in prefixed if name.startswith("xmlns:")}
        default = attributes.pop("xmlns", scope.default)
        if declared and len(scope.prefixes) + len(declared) <= MOST_PREFIXES:
            scope = _Scope({**scope.prefixes, **declared}, default)
        else:
            scope = scope.beside.get(default) or scope.with_default(default)
        for name in prefixed:
            if name in attributes:
                attributes[scope.attribute(name)] = attributes.pop(name)
        return scope
