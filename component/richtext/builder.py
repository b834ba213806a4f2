"""Blocks from text and boundaries, taken in the order of reading."""

from .document import Blocks, HorizontalRule, Image, Inline, Run, Style
from .flows import Flow, OpenItem, OpenList

DEEPEST = 10
"""Quotes, lists and tables inside of each other; what is deeper is put on the deepest level. A list and its items are
one level, whether somebody has written the items or not."""


class Builder:
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
        self._open.append(flow if depth <= DEEPEST else Flow())
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
        """Everything, when nothing is open any more."""
        self.end_block()
        return tuple(self._open[-1].blocks)
