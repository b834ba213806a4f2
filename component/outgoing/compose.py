"""What a message carries when it leaves: the children that may pass, and what is made of the others (C5, C10)."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import final
from xml.etree.ElementTree import Element

from component.policy.classify import Part
from component.policy.decide import Deliver
from component.policy.elements import BODY
from component.policy.fallback import ranges, within
from component.policy.features import Feature
from component.policy.file_descriptions import File
from component.policy.marks import plain_text
from component.policy.matrix import Act
from component.richtext.rendered import Rendered
from component.xml import parse_children, serialise

from .bodies import Places, all_said, new_body, rewritten, whole_text, with_bodies, with_rich_text
from .file_captions import Captioned, Shown, description, file_line, file_name
from .message_links import FILE, LinkMaker, MessageLink
from .message_stanzas import OWN_SHAPES, reply, written

NO_SIZES: Mapping[str, int] = MappingProxyType({})


@final
class Answered:
    """The message that is replied to (C14): its author and its id, as the receiver of the reply knows them; and the
    author as the sender does, ``author_here``."""

    def __init__(self, author: str, id: str, author_here: str) -> None:
        self.author = author
        self.id = id
        self.author_here = author_here


@final
class Composed:
    """``payload`` is the text of the message's children, ``body`` all that it says, and ``links`` are those in it.
    ``sent`` is what the archive of its sender has as the children, if that is something else."""

    def __init__(
        self, payload: str, body: str | None, links: tuple[MessageLink, ...] = (), sent: str | None = None
    ) -> None:
        self.payload = payload
        self.body = body
        self.links = links
        self.sent = sent

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
    answered: Answered | None,
    link_maker: Callable[[], LinkMaker],
    rich: Rendered | None = None,
    sizes: Mapping[str, int] = NO_SIZES,
) -> Composed:
    """The message that a verdict lets go on.

    ``link_maker`` gives what makes its links, if it has some. ``rich`` is its formatted content; ``sizes`` are bytes of
    files, by address, of which the message itself does not say them.
    """
    text = ""
    bodies: list[Element] = []
    for feature, element in verdict.parts:
        if feature is Feature.REPLY and answered:
            text += reply(answered.author, answered.id)
        else:
            text += written(element)
            if element.tag == BODY:
                bodies.append(element)
    if not (verdict.files or (verdict.rich and rich)):
        sent = _own_text(verdict, answered) if verdict.names_addresses else None
        # One body is what nearly every message has.
        said = plain_text(bodies[0].text or "") if len(bodies) == 1 else all_said(bodies)
        return Composed(text, said, sent=None if sent == text else sent)
    children, links = parse_children(text), link_maker()
    if verdict.rich and rich:
        children = with_rich_text(children, verdict.rich, rich, links)
    if verdict.files:
        children = _with_files(children, verdict, links, sizes)
    markup = rich.xhtml if rich and verdict.rich is Act.REBUILD else ""
    payload = "".join(map(serialise, children)) + markup
    sent = _as_sent(verdict, answered, rich)
    return Composed(payload, whole_text(children), tuple(links.made), None if sent == payload else sent)


# What the sender's own archive has (A6)


def _as_sent(verdict: Deliver, answered: Answered | None, rich: Rendered | None) -> str:
    """What the sender wrote, formatted as it was, and none of the lines that were made for the other side. Files
    without a word are where the sender put them."""
    children = parse_children(_own_text(verdict, answered))
    markup = ""
    if verdict.rich and rich:
        children, markup = with_bodies(children, rich), rich.xhtml
    if verdict.files and not any(part.tag == BODY for part in children):
        children = [new_body(None, "\n".join(file.url for file in verdict.files)), *children]
    return "".join(map(serialise, children)) + markup


def _own_text(verdict: Deliver, answered: Answered | None) -> str:
    return "".join([_own(part, answered) for part in verdict.parts])


def _own(part: Part, answered: Answered | None) -> str:
    feature, element = part
    if feature is Feature.REPLY and answered:
        return reply(answered.author_here, element.get("id", ""))
    return written(element, OWN_SHAPES)


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
