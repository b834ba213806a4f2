"""What a message carries when it leaves: the children that may pass, and what is made of the others (C5, C10)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import final
from xml.etree.ElementTree import Element

from component.content.rendered import Rendered
from component.element import parse_children, serialise
from component.policy.classify import Part
from component.policy.decide import Deliver
from component.policy.elements import BODY
from component.policy.fallback import ranges, within
from component.policy.features import Feature
from component.policy.files import File
from component.policy.matrix import Act

from .bodies import Places, new_body, rewritten, whole_text
from .captions import Captioned, Shown
from .file_line import description, file_line, file_name
from .links import FILE, Link, LinkMaker
from .message import reply, written
from .rich_text import with_rich_text

NO_SIZES: Mapping[str, int] = MappingProxyType({})


@final
class Composed:
    """``payload`` is the text of the message's children, ``body`` all that it says, and ``links`` are those in it."""

    def __init__(self, payload: str, body: str | None, links: tuple[Link, ...] = ()) -> None:
        self.payload = payload
        self.body = body
        self.links = links

    @property
    def fingerprint(self) -> str:
        """Alike for two tries of one message, whose links differ."""
        if not self.links:
            return self.payload
        return fingerprint(self.payload, ((link.token, link.content) for link in self.links))


def fingerprint(payload: str, links: Iterable[tuple[str, str]]) -> str:
    """A payload with what its links open instead of their tokens."""
    for token, content in links:
        payload = payload.replace(token, content)
    return payload


def compose(
    verdict: Deliver,
    author: str | None,
    links: LinkMaker,
    rich: Rendered | None = None,
    sizes: Mapping[str, int] = NO_SIZES,
) -> Composed:
    """The message that a verdict lets go on.

    ``author`` is who wrote the message replied to, by the address that the receiver knows (C14); ``rich`` is its
    formatted content; ``sizes`` are bytes of files, by address, of which the message itself does not say them.
    """
    texts = [_text(part, author) for part in verdict.parts]
    if not (verdict.files or (verdict.rich and rich)):
        return Composed("".join(texts), whole_text(part for _, part in verdict.parts))
    children = parse_children("".join(texts))
    if verdict.rich and rich:
        children = with_rich_text(children, verdict.rich, rich, links)
    if verdict.files:
        children = _with_files(children, verdict, links, sizes)
    markup = rich.xhtml if rich and verdict.rich is Act.REBUILD else ""
    return Composed("".join(map(serialise, children)) + markup, whole_text(children), tuple(links.made))


def _text(part: Part, author: str | None) -> str:
    feature, element = part
    return reply(element, author or "") if feature is Feature.REPLY else written(element)


def _with_files(children: list[Element], verdict: Deliver, links: LinkMaker, sizes: Mapping[str, int]) -> list[Element]:
    """Every body with the lines of the files, of which each has one link, whatever the languages."""
    shown = [_shown(file.with_size(sizes.get(file.url)), links) for file in verdict.files]
    if not any(part.tag == BODY for part in children):
        return [new_body(None, Captioned("", (), shown).text), *children]

    dropped = ranges(verdict.file_texts)

    def rewrite(_: str | None, before: str) -> tuple[str, Places]:
        captioned = Captioned(before, within(dropped, len(before)), shown)
        return captioned.text, captioned.now

    return rewritten(children, rewrite)


def _shown(file: File, links: LinkMaker) -> Shown:
    name = file_name(file)
    return Shown(file.keys, name, file_line(file, links(FILE, name, file.url)), description(file))
