"""What a formatted message says, in a shape that nothing dangerous fits into.

Whatever comes in, XHTML, Markdown or marks on a text, becomes these blocks, and whatever leaves is written from them:
there is nothing to forget to remove. Formatting is a property of a piece of text instead of a tree around it, so
formatted text has one form only, and blocks inside of inline elements or crossing elements cannot occur.
"""

from dataclasses import dataclass, replace
from enum import Enum

Style = tuple[tuple[str, str], ...]
"""Properties of XEP-0071's list with values that ``css`` has made, sorted by name."""


class Mark(Enum):
    STRONG = "strong"
    EMPHASIS = "em"
    CODE = "code"
    DELETED = "del"
    CITED = "cite"


@dataclass(frozen=True, slots=True)
class Look:
    """How a piece of text looks, and where it leads to: ``target`` is a link that ``urls`` has accepted."""

    marks: frozenset[Mark] = frozenset()
    style: Style = ()
    target: str | None = None


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Run:
    """Text without markup. White space is collapsed but for ``\\n``, a line break."""

    text: str
    look: Look = PLAIN


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. ``url`` is None if it cannot be had, ``size`` (width, height) in pixels if it is good to be shown."""

    description: str
    url: str | None = None
    size: tuple[int, int] | None = None
    look: Look = PLAIN


Inline = Run | Image
Inlines = tuple[Inline, ...]


def described(image: Image) -> Run:
    """A picture as text that leads to it, or to where it leads itself."""
    look = image.look if image.look.target else replace(image.look, target=image.url)
    return Run(f"[{image.description or 'image'}]", look)


@dataclass(frozen=True, slots=True)
class Paragraph:
    content: Inlines
    style: Style = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` from 1 to 6."""

    level: int
    content: Inlines


@dataclass(frozen=True, slots=True)
class Preformatted:
    """White space stays as it is."""

    content: Inlines


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: "Blocks"


@dataclass(frozen=True, slots=True)
class List:
    """``start`` is the first number, None without numbers."""

    items: tuple["Blocks", ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    content: Inlines
    header: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """All rows have the same number of cells, at least two."""

    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class HorizontalRule:
    """A line between two parts."""


Block = Paragraph | Heading | Preformatted | Quote | List | Table | HorizontalRule
Blocks = tuple[Block, ...]
