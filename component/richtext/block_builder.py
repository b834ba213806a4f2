"""Blocks from text and boundaries, taken in the order of reading.

`BlockBuilder` keeps a stack of what is open: quotes, lists, tables. Each `Flow` on it makes one block of those in it.
"""

from collections.abc import Iterable
from itertools import chain, repeat

from .document import (
    Block,
    Blocks,
    Cell,
    Heading,
    HorizontalRule,
    Image,
    Inline,
    Inlines,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Style,
    Table,
)
from .inline import merged, paragraphs

MOST_COLUMNS = 12


class Flow:
    """What is open: collects blocks, and makes one block of them for its parent."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def take(self, content: list[Inline], style: Style) -> None:
        for part in paragraphs(content):
            self.add(Paragraph(part, style))

    def add(self, block: Block) -> None:
        self.blocks.append(block)

    def finish(self, parent: "Flow") -> None:
        for block in self.blocks:
            parent.add(block)


class OpenHeading(Flow):
    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def finish(self, parent: Flow) -> None:
        content = one_line(self.blocks)
        if content:
            parent.add(Heading(self._level, content))
        elif self.blocks:
            super().finish(parent)


class OpenPreformatted(Flow):
    def take(self, content: list[Inline], style: Style) -> None:
        trimmed = _without_outer_lines(merged(content))
        if trimmed:
            self.add(Preformatted(trimmed))


class OpenQuote(Flow):
    def finish(self, parent: Flow) -> None:
        if self.blocks:
            parent.add(Quote(tuple(self.blocks)))


class OpenList(Flow):
    """``start`` is the first number, None without numbers."""

    def __init__(self, start: int | None = None) -> None:
        super().__init__()
        self._start = start
        self.items: list[list[Block]] = []

    def add(self, block: Block) -> None:
        """A block outside of an item belongs to the item before, as browsers show it."""
        if self.items:
            self.items[-1].append(block)
        else:
            self.items.append([block])

    def finish(self, parent: Flow) -> None:
        if self.items:
            parent.add(List(tuple(map(tuple, self.items)), self._start))


class OpenItem(Flow):
    def finish(self, parent: Flow) -> None:
        if not self.blocks:
            return
        if isinstance(parent, OpenList):
            parent.items.append(self.blocks)
        else:
            parent.add(List((tuple(self.blocks),)))


class OpenTable(Flow):
    """Layout tables, as e-mails have them, are replaced by the content of their cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[OpenCell]] = []

    def finish(self, parent: Flow) -> None:
        super().finish(parent)
        rows = [row for row in self.rows if any(cell.blocks for cell in row)]
        table = _table(rows)
        if table:
            parent.add(table)
        else:
            for cell in chain.from_iterable(rows):
                Flow.finish(cell, parent)


class OpenRow(Flow):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[OpenCell] = []

    def finish(self, parent: Flow) -> None:
        super().finish(parent)
        if isinstance(parent, OpenTable):
            parent.rows.append(self.cells)
        else:
            for cell in self.cells:
                Flow.finish(cell, parent)


class OpenCell(Flow):
    def __init__(self, header: bool = False, width: int = 1) -> None:
        super().__init__()
        self.header = header
        self.width = max(1, min(width, MOST_COLUMNS))

    def finish(self, parent: Flow) -> None:
        if isinstance(parent, OpenRow):
            parent.cells.append(self)
        elif isinstance(parent, OpenTable):
            parent.rows.append([self])
        else:
            super().finish(parent)


def one_line(blocks: Iterable[Block]) -> Inlines | None:
    """The content of a single line of text. None if the blocks are more than that, or nothing."""
    match list(blocks):
        case [Paragraph(content)] if not any(isinstance(inline, Run) and "\n" in inline.text for inline in content):
            return content
    return None


def _table(rows: list[list[OpenCell]]) -> Table | None:
    """The table, if it is one: at least two rows and two columns, and nothing but lines of text in its cells."""
    columns = max((sum(cell.width for cell in row) for row in rows), default=0)
    if len(rows) < 2 or not 2 <= columns <= MOST_COLUMNS:
        return None
    made = []
    for row in rows:
        cells = []
        for cell in row:
            content = one_line(cell.blocks) if cell.blocks else ()
            if content is None or any(isinstance(inline, Image) for inline in content):
                return None
            cells.append(Cell(content, cell.header))
            cells.extend(repeat(Cell((), cell.header), cell.width - 1))
        cells.extend(repeat(Cell(()), columns - len(cells)))
        made.append(tuple(cells))
    return Table(tuple(made))


def _without_outer_lines(content: Inlines) -> Inlines:
    """Without blank lines before and after."""
    inlines = list(content)
    while inlines and isinstance(inlines[0], Run):
        text = inlines[0].text.lstrip("\n")
        if text:
            inlines[0] = Run(text, inlines[0].look)
            break
        del inlines[0]
    while inlines and isinstance(inlines[-1], Run):
        text = inlines[-1].text.rstrip(" \t\n")
        if text:
            inlines[-1] = Run(text, inlines[-1].look)
            break
        del inlines[-1]
    return tuple(inlines)


MOST_LEVELS = 10
"""Nested quotes, lists and tables; deeper ones are put on the deepest level. A list and its items are one level,
whether or not the items are written as such."""


class BlockBuilder:
    """``add`` text and pictures, say where lines and blocks end, ``open`` and ``close`` what holds blocks."""

    def __init__(self) -> None:
        self._open: list[Flow] = [Flow()]
        self._depths = [0]
        self._content: list[Inline] = []
        self._style: Style = ()
        self._in_line = False

    def add(self, inline: Inline, style: Style = ()) -> None:
        """``style`` is the paragraph's."""
        line = "" if isinstance(inline, Image) else inline.text.rpartition("\n")[2]
        visible = isinstance(inline, Image) or bool(inline.text.strip(" \t\n\r\f"))
        if visible and style != self._style:
            self.end_block()
            self._style = style
        self._content.append(inline)
        if isinstance(inline, Image) or line.strip(" \t\r\f"):
            self._in_line = True
        elif "\n" in inline.text:
            self._in_line = False

    def end_line(self) -> None:
        """What comes next is on a new line."""
        if self._in_line:
            self._content.append(Run("\n"))
            self._in_line = False

    def end_block(self) -> None:
        """What comes next is a new paragraph."""
        content, self._content, self._in_line = self._content, [], False
        self._open[-1].take(content, self._style)
        self._style = ()

    def open(self, flow: Flow) -> None:
        self.end_block()
        is_item = isinstance(flow, OpenItem) and isinstance(self._open[-1], OpenList)
        depth = self._depths[-1] + (not is_item)
        self._open.append(flow if depth <= MOST_LEVELS else Flow())
        self._depths.append(depth)

    def close(self) -> None:
        self.end_block()
        flow = self._open.pop()
        self._depths.pop()
        flow.finish(self._open[-1])

    def rule(self) -> None:
        self.end_block()
        self._open[-1].add(HorizontalRule())

    def finish(self) -> Blocks:
        """All blocks. Nothing may be open any more."""
        self.end_block()
        return tuple(self._open[-1].blocks)
