"""What a message says of files, in all of its elements together (C5)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from .classify import Facts
from .elements import FILE_NAMESPACES
from .fallback import is_blank_without, ranges
from .features import FILES, Feature
from .file_descriptions import File, descriptions, files


def described(facts: Facts) -> tuple[File, ...]:
    """Everything, also of files that are not on the web, or not yet."""
    return descriptions(part for feature, part in facts.parts if feature in FILES)


def on_the_web(facts: Facts, attached: Iterable[File]) -> tuple[File, ...]:
    """The message's files, each once. ``attached`` is what the message that it adds to said of them."""
    return files((*described(facts), *(file for file in attached if not file.url)))


def file_texts(facts: Facts) -> tuple[Element, ...]:
    """The marks on texts that only stand in for a file (XEP-0447 §3.1)."""
    marks = (part for feature, part in facts.parts if feature is Feature.FALLBACK)
    return tuple(mark for mark in marks if mark.get("for") in FILE_NAMESPACES)


def only_repeats(facts: Facts, linked: Iterable[File], attached: Iterable[File]) -> bool:
    """Whether the message has nothing but addresses, for old clients, that the one before had (XEP-0447 §3.3)."""
    known = frozenset(key for file in attached for key in file.keys)
    marked = ranges(file_texts(facts))
    texts = (part.text or "" for feature, part in facts.parts if feature is Feature.BODY)
    return all(file.keys & known for file in linked) and all(is_blank_without(text, marked) for text in texts)
