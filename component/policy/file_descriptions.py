"""How Work clients describe the files they send (C5): a web address and, with luck, a name and a size.

OOB (XEP-0066) has an address and perhaps words about it. SFS (XEP-0447), which stickers (XEP-0449) use too, and SIMS
(XEP-0385) have metadata and a list of sources. Many clients describe one file in several of these ways at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import islice
from xml.etree.ElementTree import Element

from .elements import OOB_NS, SFS_NS, SIMS_NS
from .web_addresses import key, usable

OOB = f"{{{OOB_NS}}}x"
_SHARED = f"{{{SFS_NS}}}file-sharing"
_SOURCES = f"{{{SFS_NS}}}sources"
_MEDIA = f"{{{SIMS_NS}}}media-sharing"
_URL_DATA = "{http://jabber.org/protocol/url-data}url-data"

MOST = 50
"""Files of one element, and addresses of a file. More are not looked at."""

_MOST_DIGITS = 15


class Reach(Enum):
    """Whether others can get a file by its description."""

    WEB = auto()
    """At a web address."""
    LATER = auto()
    """Announced, its address is to follow (XEP-0447 §4.2)."""
    NOT = auto()
    """In other ways only: from the sender's client, or by an address that is none of the web's."""
    UNSAID = auto()
    """It describes no file."""


@dataclass(frozen=True, slots=True)
class File:
    """A file at an absolute http(s) address. ``size`` is in bytes; what was not said is empty or None.

    ``keys`` are all its addresses, in the form in which they compare (``web.key``). By ``id`` a later message may say
    more of the file (XEP-0447 §3.3).
    """

    url: str
    name: str = ""
    size: int | None = None
    description: str = ""
    keys: frozenset[str] = field(default=frozenset())
    id: str = ""

    def with_size(self, size: int | None) -> "File":
        """With this size if its description says none."""
        return self if self.size is not None else replace(self, size=size)


def reach(element: Element) -> Reach:
    """Of everything that the element describes the worst: one file that cannot be passed on is one too many."""
    found = [_reach(described, element) for described in _described(element)]
    for worst in (Reach.NOT, Reach.LATER, Reach.WEB):
        if worst in found:
            return worst
    return Reach.UNSAID


def descriptions(elements: Iterable[Element]) -> tuple[File, ...]:
    """Everything that is said of files, in order; the ``url`` is empty where none of the web is given."""
    return tuple(described.file for element in elements for described in _described(element))


def files(described: Iterable[File]) -> tuple[File, ...]:
    """The files that are on the web, each once, in order.

    What one description leaves out is taken from the others of the same file. One without an address belongs to the
    file of the same id, or to the only one there is.
    """
    merged: list[File] = []
    places: dict[str, int] = {}
    elsewhere: list[File] = []
    for file in described:
        if file.url:
            _add(merged, places, file)
        else:
            elsewhere.append(file)
    ids = {file.id: place for place, file in reversed(list(enumerate(merged)))}
    for file in elsewhere:
        place = _about(file, merged, ids)
        if place is not None:
            merged[place] = _completed(merged[place], file)
    return tuple(merged)


def _about(file: File, merged: list[File], ids: Mapping[str, int]) -> int | None:
    """The place of the file that a description without an address is about; ``ids`` are places as well."""
    if len(merged) == 1:
        return 0 if not (file.id and merged[0].id) or file.id == merged[0].id else None
    return ids.get(file.id) if file.id else None


def _add(merged: list[File], places: dict[str, int], file: File) -> None:
    """``places`` says where in ``merged`` each address is. A look at all of them would take the square of their
    number."""
    place = min((places[key] for key in file.keys if key in places), default=len(merged))
    if place < len(merged):
        merged[place] = _completed(merged[place], file)
    else:
        merged.append(file)
    places.update((key, min(place, places.get(key, place))) for key in file.keys)


def _completed(one: File, other: File) -> File:
    return replace(
        one,
        name=one.name or other.name,
        size=other.size if one.size is None else one.size,
        description=one.description or other.description,
        keys=one.keys | other.keys,
        id=one.id or other.id,
    )


# One element


@dataclass(frozen=True, slots=True)
class _Described:
    """A file whose ``url`` is empty if none of its addresses is any good; how many addresses there were of any kind."""

    file: File
    sources: int


def _described(element: Element) -> Iterator[_Described]:
    if element.tag == OOB:
        yield _oob(element)
    elif element.tag == _SHARED:
        yield _shared(element, element.findall(_SOURCES))
    elif element.tag == _SOURCES:
        yield _shared(element, [element])
    else:
        for media in islice(element.iter(_MEDIA), MOST):
            yield _shared(media, media.findall(f"{{{SIMS_NS}}}sources"))


def _reach(described: _Described, element: Element) -> Reach:
    if described.file.url:
        return Reach.WEB
    if element.tag == OOB and not described.sources:
        return Reach.UNSAID
    return Reach.LATER if element.tag == _SHARED and not described.sources else Reach.NOT


def _oob(element: Element) -> _Described:
    address = (element.findtext(f"{{{OOB_NS}}}url") or "").strip()
    words = element.findtext(f"{{{OOB_NS}}}desc") or ""
    return _Described(_file([address], "", None, words), bool(address))


def _shared(element: Element, sources: Iterable[Element]) -> _Described:
    each = list(islice((source for some in sources for source in some), MOST))
    metadata = element.find("{*}file")
    if metadata is None:
        return _Described(_file(map(_address, each), id=element.get("id", "")), len(each))
    name, size, words = (metadata.findtext(f"{{*}}{part}") or "" for part in ("name", "size", "desc"))
    return _Described(_file(map(_address, each), name, _number(size), words, element.get("id", "")), len(each))


def _address(source: Element) -> str:
    """SFS has addresses as targets of XEP-0103, SIMS as those of references."""
    return source.get("target" if source.tag == _URL_DATA else "uri", "")


def _file(
    addresses: Iterable[str], name: str = "", size: int | None = None, description: str = "", id: str = ""
) -> File:
    """Several addresses of one file are copies; the first one is as good as any."""
    urls = [url for url in map(usable, addresses) if url]
    return File(urls[0] if urls else "", name, size, description, frozenset(map(key, urls)), id)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
