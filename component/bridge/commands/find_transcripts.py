"""The command *Transcripts*: search, read and download what agents said to each other (S3, D4)."""

import json
import re
from datetime import UTC, date, datetime, time

from component.model import Party
from component.services.answer_size import beginning, fitting
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.services.conversation_transcripts import (
    MOST_LINES,
    NEWEST,
    Headings,
    Search,
    Transcript,
    TranscriptHeading,
    Transcripts,
)
from component.services.transcript_downloads import TranscriptLinks, period, spoken
from component.store.api import Store, StoreError
from component.xep.forms import Form, choice, line, said

from ..clock import DAY_US
from ..state.state import State
from .audit_entry import audit_entry

AGENT, TEXT, FROM, UNTIL, CHOSEN = "agent", "text", "from", "until", "chosen"

MOST_FOUND = 25
MOST_SHOWN = 50
"""Lines of a transcript in one form."""
MOST_BYTES = 65_536
"""For their texts, but at most half of ejabberd's limit for a stanza (R5)."""

OLDER, READ, MORE = "older", "read", "more"
DOWNLOADS = {"text": "Download as text", "json": "Download as JSON", "csv": "Download as CSV (spreadsheet)"}

TITLE = "Transcripts"
NOT_NOW = Done("The transcripts cannot be read right now. Try again in a moment.", "error")
GONE = Done("There is no such transcript, or you may not read it any more.", "warn")


_NUMBER = re.compile("[0-9]{1,19}")


class BadDay(ValueError):
    """Not a date."""


class TranscriptsCommand:
    """What was chosen last says what comes next: ``older:ID``, ``read:ID``, ``more:ID:LINES``, or ``FORMAT:ID``."""

    node = "transcripts"
    name = "Transcripts"

    def __init__(self, state: State, store: Store, transcripts: Transcripts, links: TranscriptLinks) -> None:
        self._state = state
        self._store = store
        self._transcripts = transcripts
        self._links = links

    def may_run(self, party: Party) -> bool:
        return party.person.is_supervisor or party.is_operator

    async def step(self, run: CommandRun) -> Outcome:
        if not run.step:
            return Ask(_search_form(), last=False)
        try:
            return await self._go_on(run)
        except BadDay as problem:
            return Ask(_search_form(run), last=False, problem=str(problem))
        except StoreError:
            return NOT_NOW

    async def _go_on(self, run: CommandRun) -> Outcome:
        what, *given = (run.value(CHOSEN) or f"{OLDER}:{NEWEST}").split(":")
        if not all(_NUMBER.fullmatch(number) and int(number) <= NEWEST for number in given):
            return GONE
        match what, list(map(int, given)):
            case "older", [before]:
                return await self._list(run, before)
            case "read", [id]:
                return await self._show(run.party, id, 0)
            case "more", [id, skip] if skip < MOST_LINES:
                return await self._show(run.party, id, skip)
            case format, [id] if format in DOWNLOADS:
                return await self._download(run.party, id, format)
        return GONE

    async def _list(self, run: CommandRun, before: int) -> Outcome:
        party, search = run.party, _search(run)
        await self._enter(party, "transcripts.searched", TITLE.lower(), _detail(run))
        headings = await self._transcripts.find(party, party.tenant, self._state.world, search, before, MOST_FOUND)
        if not headings.found and headings.before is None:
            return Done("No chat was found that you may read.")
        return Ask(_list_form(headings), last=False)

    async def _show(self, party: Party, id: int, skip: int) -> Outcome:
        transcript = await self._transcripts.read(party, party.tenant, self._state.world, id, skip, MOST_SHOWN)
        if transcript is None:
            return GONE
        await self._enter(party, "transcript.read", f"conversation {id}", f"lines {skip + 1} and on")
        room = min(MOST_BYTES, self._state.limits.stanza_bytes)
        return Ask(_transcript_form(transcript, skip, room))

    async def _download(self, party: Party, id: int, format: str) -> Outcome:
        if await self._transcripts.read(party, party.tenant, self._state.world, id, 0, 1) is None:
            return GONE
        address = await self._links.make(party, id, format)
        return Done(f"For one hour the transcript can be downloaded here: {address}")

    async def _enter(self, party: Party, action: str, subject: str, detail: str) -> None:
        """Write it to the audit log before anything is shown."""
        await self._store.submit(audit_entry(party, action, subject, detail))


def _search_form(run: CommandRun | None = None) -> Form:
    def filled(var: str) -> str:
        return run.value(var) if run else ""

    fields = (
        line(AGENT, "Agent (beginnings of the name's words, or address)", filled(AGENT)),
        line(TEXT, "Words that were said", filled(TEXT)),
        line(FROM, "From the day (YYYY-MM-DD)", filled(FROM)),
        line(UNTIL, "Until the day (YYYY-MM-DD)", filled(UNTIL)),
    )
    return Form(TITLE, "Which chats of agents are you looking for? Leave empty what does not matter.", fields)


def _list_form(headings: Headings) -> Form:
    """Profanity shows the values of options, not their labels: so the list stands there as text, too."""
    options = [(f"{READ}:{one.id}", _label(one)) for one in headings.found]
    listed = [said(f"{value}  {label}") for value, label in options]
    if headings.before is not None:
        options.append((f"{OLDER}:{headings.before}", "Older ones"))
    words = "Which chat do you want to read? Times are in UTC."
    return Form(TITLE, words, (*listed, choice(CHOSEN, "Chat", options)))


def _label(heading: TranscriptHeading) -> str:
    words = "1 message" if heading.messages == 1 else f"{heading.messages} messages"
    return f"{period(heading)}: {heading.title} ({words})"


def _transcript_form(transcript: Transcript, skip: int, room: int) -> Form:
    """As many lines as there is room for, at least one; the whole of one that is too long is in the download."""
    texts = list(map(spoken, transcript.lines))
    shown = texts[: fitting(texts, room)] or [_cut(text, room) for text in texts[:1]]
    heading = transcript.heading
    options = [(f"{format}:{heading.id}", label) for format, label in DOWNLOADS.items()]
    if not transcript.complete or len(shown) < len(texts):
        options.insert(0, (f"{MORE}:{heading.id}:{skip + len(shown)}", "Go on reading"))
    fields = map(said, shown)
    title = f"Chat of {heading.title}, {period(heading)} (UTC)"
    return Form(title, "", (*fields, choice(CHOSEN, "Next", options)))


def _cut(text: str, room: int) -> str:
    shown = beginning(text, room)
    return f"{shown} … ({len(text) - len(shown)} more characters of this message are only in the download)"


def _search(run: CommandRun) -> Search:
    """Raises ``BadDay``."""
    start, end = _day(run.value(FROM)), _day(run.value(UNTIL))
    return Search(
        agent=run.value(AGENT),
        text=run.value(TEXT),
        start=None if start is None else _us(start),
        end=None if end is None else _us(end) + DAY_US - 1,
    )


def _detail(run: CommandRun) -> str:
    given = {var: run.value(var) for var in (AGENT, TEXT, FROM, UNTIL) if run.value(var)}
    return json.dumps(given, ensure_ascii=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadDay(f"A day looks like 2026-01-31, not like {text[:40]}.") from None


def _us(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000
