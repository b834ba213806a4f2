"""Searches for words (A7): in their index, and in what is not indexed yet, which is read by itself.

What is not indexed is the newest of the archive. Only what the viewer sees of it is read, page by page. Each page
belongs to a moment of its own, and yet the result is right: new messages come behind, those that go are looked for once
more at the end, and the index only grows. Texts are folded in a thread, so that nobody else waits.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from component.folding import Phrase, has_all, phrases

from ..engine import Database
from ..full_text import words
from . import pages
from . import stored_transcripts as transcripts
from .pages import EMPTY, FoundWords
from .stored_transcripts import MOST_HITS, TranscriptQuery
from .views import ArchiveView, Filters, Page, Slice

PORTION = 250
"""Texts that are read at a time."""

MOST_COUNTED = 2_000
"""Texts that are read for a count. If more are not indexed, there is none."""


async def find_page(database: Database, view: ArchiveView, filters: Filters, slice: Slice) -> Page:
    """One page of what ``view`` shows and ``filters`` leave, which have a text.

    :raises StoreError: the database cannot answer
    """
    wanted = tuple(phrases(filters.text or ""))
    if not wanted:
        return EMPTY
    mark, beyond, texts = await database.read(_beyond_index, view, filters)
    if texts <= MOST_COUNTED:
        numbers = await _scan(database, view, beyond, Slice(PORTION), wanted, enough=texts)
    else:
        enough = slice.max + 1 if slice.max else 0
        numbers = await _scan(database, view, beyond, replace(slice, max=PORTION), wanted, enough)
    found = FoundWords(wanted, mark, frozenset(numbers), has_count=texts <= MOST_COUNTED)
    return await database.read(pages.read_page, view, filters, slice, found)


async def find_conversations(database: Database, wanted: TranscriptQuery) -> Sequence[int]:
    """The conversations of agents in which all words of the text were said in one message, as far as they are found:
    not more than `MOST_HITS` messages are looked at in the index, nor of those that are not indexed.

    :raises StoreError: the database cannot answer
    """
    asked = tuple(phrases(wanted.text or ""))
    if not asked:
        return []
    mark = await database.read(words.mark)
    found: set[int] = set()
    before: int | None = None
    for _ in range(MOST_HITS // PORTION):
        texts = await database.read(transcripts.texts_after, wanted, mark, before, PORTION)
        found.update(await asyncio.to_thread(_with_all, ((chat, body) for _, chat, body in texts), asked))
        if len(texts) < PORTION:
            break
        before = texts[-1][0]
    found.update(await database.read(transcripts.with_words, wanted, asked))
    return sorted(found)


def _beyond_index(connection: Connection, view: ArchiveView, filters: Filters) -> tuple[int, Filters, int]:
    """The mark, the filters for what is not indexed, whatever its text, and how many messages these leave."""
    mark = words.mark(connection)
    beyond = replace(filters, text=None, after=max(mark, filters.after or 0))
    return mark, beyond, pages.read_page(connection, view, beyond, Slice(0)).count or 0


async def _scan(
    database: Database, view: ArchiveView, beyond: Filters, part: Slice, wanted: Sequence[Phrase], enough: int
) -> list[int]:
    """The numbers of messages with what is ``wanted``, in the direction of ``part``, at least the first ``enough``."""
    found: list[int] = []
    while len(found) < enough:
        page = await database.read(pages.read_page, view, beyond, part)
        texts = ((message.id, message.body) for message in page.messages)
        found += await asyncio.to_thread(_with_all, texts, wanted)
        if page.complete:
            break
        if part.backwards:
            part = replace(part, before=page.messages[0].id)
        else:
            part = replace(part, after=page.messages[-1].id)
    return found


def _with_all(texts: Iterable[tuple[int, str | None]], wanted: Sequence[Phrase]) -> list[int]:
    return [number for number, text in texts if text and has_all(text, wanted)]
