"""What a formatted message says, in a form that cannot hold anything dangerous.

XHTML, Markdown and marked-up text are read into these blocks, and all output is written from them. So nothing can be
forgotten when removing. Formatting is a property of a piece of text, not a tree around it: the same text always has the
same form, and blocks inside of inline elements or overlapping elements cannot occur.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

Style = tuple[tuple[str, str], ...]
"""Properties of XEP-0071's list with values that ``styles`` has made, sorted by name."""


class Mark(Enum):
    STRONG = "strong"
    EMPHASIS = "em"
    CODE = "code"
    DELETED = "del"
    CITED = "cite"


@dataclass(frozen=True, slots=True)
class Look:
    """How a piece of text looks, and where it links to: ``target`` is a URL that ``urls`` has accepted."""

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
    """A picture. ``url`` is None if it cannot be fetched; ``size`` is (width, height) in pixels if a client may show
    it."""

    description: str
    url: str | None = None
    size: tuple[int, int] | None = None
    look: Look = PLAIN


Inline = Run | Image
Inlines = tuple[Inline, ...]


def described(image: Image) -> Run:
    """A picture as text that links to it, or to the picture's own link target."""
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
    """White space is kept."""

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
    """A horizontal line."""


Block = Paragraph | Heading | Preformatted | Quote | List | Table | HorizontalRule
Blocks = tuple[Block, ...]


# All the text in blocks, however deep it is.


def contents(blocks: Blocks) -> Iterator[Inlines]:
    """The text of each paragraph, heading and cell, in the order of reading."""
    for block in blocks:
        match block:
            case Paragraph(content) | Preformatted(content) | Heading(_, content):
                yield content
            case Quote(inner):
                yield from contents(inner)
            case List(items):
                for item in items:
                    yield from contents(item)
            case Table(rows):
                yield from (cell.content for row in rows for cell in row)


def changed(blocks: Blocks, change: Callable[[Inlines], Inlines]) -> Blocks:
    """The same blocks with other text."""
    return tuple(_changed(block, change) for block in blocks)


def _changed(block: Block, change: Callable[[Inlines], Inlines]) -> Block:
    match block:
        case Paragraph(content, style):
            return Paragraph(change(content), style)
        case Heading(level, content):
            return Heading(level, change(content))
        case Preformatted(content):
            return Preformatted(change(content))
        case Quote(inner):
            return Quote(changed(inner, change))
        case List(items, start):
            return List(tuple(changed(item, change) for item in items), start)
        case Table(rows):
            return Table(tuple(tuple(Cell(change(cell.content), cell.header) for cell in row) for row in rows))
    return block
