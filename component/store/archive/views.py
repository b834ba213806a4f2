"""What somebody sees of the archive, page by page (A1 to A3, A6)."""

from dataclasses import dataclass

from .archived_messages import ArchivedMessage


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """The viewer's rights: ``viewer`` is a bare account.

    For an agent: their chats with Work users, of each the last ``window`` visible messages (None: all, A1), and their
    open conversations with agents (A2). For a Work user: their chats with agents, whole (A3); ``window`` is ignored.
    ``other`` is the bare account of the other side, if only that chat is asked for.

    A page costs the same however many messages there are. All chats at once that an agent sees through a window, or a
    Work user sees, cost some 4 us more for each chat.
    """

    viewer: str
    is_agent: bool
    window: int | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which of the visible messages form the result. Times are in us, inclusive; ``after`` and ``before`` are message
    numbers, exclusive, of messages that may be hidden; ``ids`` are message numbers, of which those that cannot be seen
    are left out; ``text`` is full text: all its words must be in the body, in any order, folded (A10); without a word
    in it, nothing is found."""

    start: int | None = None
    end: int | None = None
    after: int | None = None
    before: int | None = None
    ids: tuple[int, ...] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of the result is the page: at most ``max`` messages beyond the number ``after`` or before the number
    ``before`` (exclusive); from the end if ``backwards``."""

    max: int
    after: int | None = None
    before: int | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """``messages`` by rising number. ``count`` is the size of the whole result, not of the page; None if a search finds
    more than is worth counting. ``complete`` says that there is nothing more in the direction of paging; an empty page
    always is (also with ``max = 0``, which XEP-0059 §2.7 has for asking the count alone): who pages until a page is
    complete could go on from nowhere."""

    messages: tuple[ArchivedMessage, ...]
    count: int | None
    complete: bool
